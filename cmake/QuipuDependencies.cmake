# SPDX-License-Identifier: Apache-2.0
# External libraries. The core needs only libuuid and msgpack-c.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(UUID REQUIRED IMPORTED_TARGET uuid)       # core/base
pkg_check_modules(MSGPACK REQUIRED IMPORTED_TARGET msgpack) # core/mapper
if("sqlite" IN_LIST QUIPU_DRIVERS)
    pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
endif()
if("lmdb" IN_LIST QUIPU_DRIVERS)
    pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
endif()
if("postgres" IN_LIST QUIPU_DRIVERS)
    pkg_check_modules(POSTGRES REQUIRED IMPORTED_TARGET libpq)
endif()
if(QUIPU_TOOLS)
    pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
endif()
if(QUIPU_TESTS)
    pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
