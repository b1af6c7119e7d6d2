# SPDX-License-Identifier: Apache-2.0
# External libraries. The core needs libuuid and the headers of msgpack-c:
# it calls its packer, which consists of inline functions. Since the pkg-config
# module of msgpack-c is named "msgpack" before release 6 and "msgpack-c" from
# then on, where it may name a wrong folder, the files are looked for directly.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(UUID REQUIRED IMPORTED_TARGET uuid)       # core/base
find_path(MSGPACK_INCLUDE_DIR msgpack/pack.h) # core/encoding
if(NOT MSGPACK_INCLUDE_DIR)
    message(FATAL_ERROR "The headers of msgpack-c are missing: install "
        "libmsgpack-c-dev (Debian 12: libmsgpack-dev), or set "
        "MSGPACK_INCLUDE_DIR to the folder that contains msgpack/pack.h.")
endif()
# core/sealing encrypts and compresses if these are found.
option(QUIPU_OPENSSL "Encrypt states, if OpenSSL 3 is found" ON)
option(QUIPU_ZSTD "Compress states, if zstd is found" ON)
if(QUIPU_OPENSSL)
    pkg_check_modules(OPENSSL IMPORTED_TARGET libcrypto>=3.0)
endif()
if(QUIPU_ZSTD)
    pkg_check_modules(ZSTD IMPORTED_TARGET libzstd>=1.4)
endif()
if("sqlite" IN_LIST QUIPU_DRIVERS)
    pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.37)
endif()
if("lmdb" IN_LIST QUIPU_DRIVERS)
    pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
endif()
if("postgres" IN_LIST QUIPU_DRIVERS)
    pkg_check_modules(POSTGRES REQUIRED IMPORTED_TARGET libpq>=14)
endif()
if(QUIPU_TOOLS)
    pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
    # `quipu serve` and `quipu browse` work if it is found.
    option(QUIPU_MICROHTTPD "Serve logs by HTTP, if libmicrohttpd is found" ON)
    if(QUIPU_MICROHTTPD)
        pkg_check_modules(MICROHTTPD IMPORTED_TARGET libmicrohttpd>=0.9.73)
    endif()
endif()
if(QUIPU_EXAMPLES)
    pkg_check_modules(HIREDIS IMPORTED_TARGET hiredis) # outbox-redis, if found
endif()
if(QUIPU_TESTS)
    find_library(MSGPACK_LIBRARY NAMES msgpack-c msgpackc) # to compare with
    if(NOT MSGPACK_LIBRARY)
        message(FATAL_ERROR "The tests need the library of msgpack-c: install "
            "it, set MSGPACK_LIBRARY to its file, or set QUIPU_TESTS=OFF.")
    endif()
    pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
