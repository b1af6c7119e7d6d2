# SPDX-License-Identifier: Apache-2.0
# Builds one storage driver: a module that exports quipu_driver_entry and does
# not link libquipu. The drivers of this tree use it; it is installed with the
# package for other drivers:
#
#   find_package(quipu REQUIRED)
#   quipu_add_driver(mystore SOURCES mystore.c LIBRARIES mylib ALIASES my)
#
# defines the module target quipu_driver_mystore (mystore.so, and my.so as a
# symlink to it) and the static library quipu_driver_mystore_static, which
# brings LIBRARIES along, for programs that link the driver in. It is built if
# something needs it; with ARCHIVE it is always built, and installed in <libdir>
# as libquipu-driver-mystore.a. The module is built in
# <build>/lib/quipu/drivers/<abi>/, a folder that QUIPU_DRIVER_PATH can name,
# and installed in <libdir>/quipu/drivers/<abi>/, where <libdir> is that of the
# installed quipu: after `cmake --install` with the prefix of that quipu, the
# library finds the driver. A project that contains quipu (add_subdirectory,
# FetchContent) may call it as well; then the module is built where the library
# of that build searches.
#
# Needs the target quipu::headers and the variables QUIPU_DRIVER_ABI,
# QUIPU_DRIVER_DESTINATION (for the installation) and
# QUIPU_DRIVER_OUTPUT_DIRECTORY (for the build).
include_guard(GLOBAL)
include(GNUInstallDirs)

# Reads the ABI number from the header that defines it.
function(quipu_read_driver_abi header variable)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
    file(STRINGS "${header}" line
        REGEX "^#[ \t]*define[ \t]+QUIPU_DRIVER_ABI[ \t]+[0-9]+")
    if(NOT line MATCHES "QUIPU_DRIVER_ABI[ \t]+([0-9]+)")
        message(FATAL_ERROR "${header} defines no QUIPU_DRIVER_ABI number")
    endif()
    set(${variable} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

function(quipu_add_driver name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "ARCHIVE" ""
        "SOURCES;LIBRARIES;ALIASES")
    if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "quipu_add_driver(${name}): usage: NAME SOURCES "
            "file... [LIBRARIES lib...] [ALIASES scheme...] [ARCHIVE]")
    endif()
    foreach(scheme IN ITEMS ${name} ${arg_ALIASES})
        string(LENGTH "${scheme}" length)
        if(NOT scheme MATCHES "^[a-z][a-z0-9-]*$" OR length GREATER 31)
            message(FATAL_ERROR "quipu_add_driver: \"${scheme}\" is not a "
                "scheme: "
                "[a-z][a-z0-9-]{0,30}")
        endif()
    endforeach()

    set(target quipu_driver_${name})
    set(folder "${QUIPU_DRIVER_OUTPUT_DIRECTORY}")
    set(installed "${QUIPU_DRIVER_DESTINATION}")

    add_library(${target} MODULE ${arg_SOURCES})
    set_target_properties(${target} PROPERTIES
        PREFIX "" SUFFIX ".so" OUTPUT_NAME "${name}"
        LIBRARY_OUTPUT_DIRECTORY "${folder}" INSTALL_RPATH "")
    target_link_options(${target} PRIVATE LINKER:-z,now)
    # Undefined symbols are errors; but with clang the program, not the module,
    # provides the symbols of a sanitizer.
    if(NOT (CMAKE_C_COMPILER_ID MATCHES "Clang" AND QUIPU_SANITIZE))
        target_link_options(${target} PRIVATE LINKER:-z,defs)
    endif()
    set_property(GLOBAL APPEND PROPERTY QUIPU_DRIVER_TARGETS ${target})
    install(TARGETS ${target} LIBRARY DESTINATION "${installed}"
        COMPONENT driver_${name})

    add_library(${target}_static STATIC EXCLUDE_FROM_ALL ${arg_SOURCES})
    target_compile_definitions(${target}_static PRIVATE QUIPU_DRIVER_STATIC)
    set_target_properties(${target}_static PROPERTIES
        EXPORT_COMPILE_COMMANDS OFF)
    if(arg_ARCHIVE)
        string(REGEX REPLACE "/quipu/drivers/[0-9]+$" "" libdir "${installed}")
        set_target_properties(${target}_static PROPERTIES
            EXCLUDE_FROM_ALL OFF OUTPUT_NAME quipu-driver-${name})
        install(TARGETS ${target}_static ARCHIVE DESTINATION "${libdir}"
            COMPONENT development)
    endif()

    foreach(flavour IN ITEMS ${target} ${target}_static)
        set_target_properties(${flavour} PROPERTIES C_STANDARD 11
            C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
        target_link_libraries(${flavour} PRIVATE quipu::headers
            ${arg_LIBRARIES})
    endforeach()

    foreach(scheme IN LISTS arg_ALIASES)
        add_custom_command(TARGET ${target} POST_BUILD VERBATIM
            COMMAND "${CMAKE_COMMAND}" -E create_symlink
                ${name}.so "${folder}/${scheme}.so"
            BYPRODUCTS "${folder}/${scheme}.so")
        install(FILES "${folder}/${scheme}.so" DESTINATION "${installed}"
            COMPONENT driver_${name})
    endforeach()
endfunction()
