# SPDX-License-Identifier: Apache-2.0
# Language level, warnings and instrumentation of everything in this tree.
# They are set for the directory, so that every target has them.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_definitions(_GNU_SOURCE) # secure_getenv, POSIX beside strict C11
if(CMAKE_SIZEOF_VOID_P EQUAL 4) # files above 2 GiB, times after 2038
    add_compile_definitions(_FILE_OFFSET_BITS=64 _TIME_BITS=64)
endif()

if(NOT CMAKE_BUILD_TYPE AND QUIPU_IS_TOP_LEVEL)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

include(QuipuWarnings)

if(QUIPU_SANITIZE)
    add_compile_options(-fsanitize=${QUIPU_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${QUIPU_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    add_compile_options(-fstack-protector-strong)
    add_compile_definitions(_FORTIFY_SOURCE=2)
endif()

if(QUIPU_GUARDS)
    add_compile_definitions(QUIPU_GUARDS) # drivers/common/safeguard.h
endif()

if(QUIPU_COVERAGE)
    # Without atomic counters, threads would lose counts.
    add_compile_options(--coverage -fprofile-update=atomic)
    add_link_options(--coverage)
endif()
