# SPDX-License-Identifier: Apache-2.0
# Warnings for gcc and clang. The whole tree compiles without any of them.

set(quipu_warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wwrite-strings
    -Wundef -Wpointer-arith -Wimplicit-fallthrough)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND quipu_warnings -Wlogical-op)
endif()
set(quipu_cxx_warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla
    -Wformat=2 -Wundef -Wpointer-arith -Wimplicit-fallthrough)
if(QUIPU_WERROR)
    list(APPEND quipu_warnings -Werror)
    list(APPEND quipu_cxx_warnings -Werror)
endif()
add_compile_options("$<$<COMPILE_LANGUAGE:C>:${quipu_warnings}>"
    "$<$<COMPILE_LANGUAGE:CXX>:${quipu_cxx_warnings}>")
