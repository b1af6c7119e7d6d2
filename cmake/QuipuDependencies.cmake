# SPDX-License-Identifier: Apache-2.0
# What quipu needs from outside, and which folder uses it.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(UUID REQUIRED IMPORTED_TARGET uuid)       # core/base
pkg_check_modules(MSGPACK REQUIRED IMPORTED_TARGET msgpack) # core/mapper
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)  # drivers/sqlite
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson) # tools
if(QUIPU_TESTS)
    pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
