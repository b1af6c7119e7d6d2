# SPDX-License-Identifier: Apache-2.0
# quipu_embed(file symbol output): writes a C source with the content of the
# file as `const unsigned char symbol[]`, NUL-terminated. CMake runs again when
# the file changes.
include_guard(GLOBAL)

function(quipu_embed file symbol output)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes
        "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${bytes}")
    file(CONFIGURE OUTPUT "${output}" CONTENT
"extern const unsigned char @symbol@[];
const unsigned char @symbol@[] = {
@bytes@0
};
" @ONLY) # CMake 3.18 takes the arguments in this order alone
endfunction()
