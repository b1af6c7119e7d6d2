#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed.sh SOURCE: a project that contains quipu (by add_subdirectory, as with
# FetchContent) is built in the current folder. Its program finds the drivers of
# quipu and its own in the build tree and in an installed tree, with the shared
# library; BUILD_SHARED_LIBS=OFF gives it the static one.
set -eu
source=$1
here=$(cd "$(dirname "$0")" && pwd)
unset QUIPU_DRIVER_PATH LD_LIBRARY_PATH DESTDIR

fail()
{
    echo "embed: $*"
    exit 1
}

# build SHARED
build()
{
    cmake -S "$here/embed" -B build -DQUIPU_SOURCE="$source" \
        -DMSGPACK_INCLUDE_DIR="$MSGPACK_INCLUDE_DIR" \
        -DQUIPU_DRIVER_LMDB=OFF -DQUIPU_DRIVER_POSTGRES=OFF \
        -DBUILD_SHARED_LIBS="$1" >configure.log ||
        fail "cmake fails: $(cat configure.log)"
    cmake --build build --target program quipu_driver_sqlite quipu_driver_toy \
        >build.log 2>&1 || fail "the build fails: $(cat build.log)"
    if grep warning: build.log; then
        fail "the build has warnings"
    fi
}

# check WHERE COMMAND...: runs the program, with the environment.
check()
{
    where=$1
    shift
    env "$@" sqlite:///x.db plaything:x >out ||
        fail "the program in $where fails: $(cat out)"
    grep -qx opened out && grep -q '^found .*plaything.so, but' out ||
        fail "the program in $where finds no driver: $(cat out)"
}

build ON
check "the build tree" build/program
for component in runtime driver_sqlite driver_toy program; do
    cmake --install build --prefix "$PWD/prefix" --component $component \
        >>install.log
done
mv build away
check "the installed tree" prefix/bin/program
mv away build

build OFF
if readelf -d build/program | grep 'NEEDED.*libquipu'; then
    fail "BUILD_SHARED_LIBS=OFF gives a program that needs libquipu.so"
fi
drivers=$(echo "$PWD"/build/quipu/lib/quipu/drivers/*)
check "the static build" QUIPU_DRIVER_PATH="$drivers" build/program
echo "a project that contains quipu works"
