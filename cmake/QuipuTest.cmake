# SPDX-License-Identifier: Apache-2.0
# quipu_test(test_uri.c [SOURCES more.c...] [LIBRARIES lib...] [LABELS label...]
#            [TIMEOUT seconds] [DEFINITIONS def...] [ENVIRONMENT NAME=value...]
#            [DEPENDS target...])
#
# Defines one executable and one ctest test for a test file:
# tests/core/base/test_uri.c becomes the target test_core_base_uri and the test
# core/base/uri. The executable is linked with cmocka and with the static
# library, so that it can call internal functions. The test finds the drivers of
# this build and runs in an empty folder. Without LABELS it is a "unit" test;
# these also run under the sanitizers.
include_guard(GLOBAL)

# Let the sanitizers handle SIGSEGV instead of cmocka: their report says more.
# If the thread-local memory of a loaded library begins 16 bytes into a page,
# the runtime of gcc 12 mistakes it for that of an old glibc, and the leak check
# crashes. Without intercept_tls_get_addr it does not examine this memory.
set(asan_options handle_segv=2 handle_abort=2 handle_sigbus=2 handle_sigfpe=2
    detect_leaks=1 strict_string_checks=1 detect_stack_use_after_return=1
    intercept_tls_get_addr=0)
string(REPLACE ";" ":" asan_options "${asan_options}")
set(tsan_options halt_on_error=1 second_deadlock_stack=1 die_after_fork=0)
string(REPLACE ";" ":" tsan_options "${tsan_options}")
set(drivers "${PROJECT_BINARY_DIR}/lib/quipu/drivers")
set(QUIPU_TEST_ENVIRONMENT
    "QUIPU_DRIVER_PATH=${drivers}/${QUIPU_DRIVER_ABI}"
    "ASAN_OPTIONS=${asan_options}"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    "TSAN_OPTIONS=${tsan_options}")
unset(drivers)

function(quipu_test file)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT"
        "SOURCES;LIBRARIES;LABELS;DEFINITIONS;ENVIRONMENT;DEPENDS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR
            "quipu_test(${file}): unknown: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    file(RELATIVE_PATH name "${PROJECT_SOURCE_DIR}/tests"
        "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    string(REGEX REPLACE "(^|/)test_([^/]*)\\.(c|cpp)$" "\\1\\2" name
        "${name}")
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" target "test_${name}")

    add_executable(${target} ${file} ${arg_SOURCES})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_compile_definitions(${target} PRIVATE ${arg_DEFINITIONS})
    target_link_libraries(${target} PRIVATE quipu_internals ${arg_LIBRARIES}
        PkgConfig::CMOCKA)
    quipu_test_program(${target})
    if(arg_DEPENDS)
        add_dependencies(${target} ${arg_DEPENDS})
    endif()
    quipu_add_test(${name}
        COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${target}>
        LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT}
        ENVIRONMENT ${arg_ENVIRONMENT})
endfunction()

# quipu_test_program(target): a program of cmocka's tests, put in tests/bin. It
# runs the test alone that QUIPU_TEST_ONLY names (quipu_test_filter.c).
function(quipu_test_program target)
    set_target_properties(${target} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:quipu_test_filter>)
endfunction()

# quipu_add_test(name COMMAND program [argument...] [LABELS label...]
#                [TIMEOUT seconds] [ENVIRONMENT NAME=value...])
# Defines a test that runs another program or script in the same environment. It
# exits with 77 to skip the test if this machine lacks a requirement.
function(quipu_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT"
        "COMMAND;LABELS;ENVIRONMENT")
    if(NOT arg_LABELS)
        set(arg_LABELS unit)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 600) # only ends a test that hangs
    endif()
    string(REPLACE "/" "." folder "${name}")
    add_test(NAME ${name} COMMAND sh
        "${PROJECT_SOURCE_DIR}/tests/run-in-empty-folder.sh"
        "${PROJECT_BINARY_DIR}/tests/work/${folder}" ${arg_COMMAND})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}"
        TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
        ENVIRONMENT "${QUIPU_TEST_ENVIRONMENT};${arg_ENVIRONMENT}")
endfunction()
