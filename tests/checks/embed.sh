#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed.sh SOURCE TOOLS: a project that contains quipu (by add_subdirectory, as
# with FetchContent) is built in the current folder. Its program finds the
# drivers of quipu and its own in the build tree and in an installed tree, with
# the shared library; BUILD_SHARED_LIBS=OFF gives it the static one, here
# without OpenSSL, zstd and libmicrohttpd, as on a machine that has none of
# them: calls and commands that need them say so. If TOOLS is 1, and not 0, the
# quipu command is built without libmicrohttpd.
set -eu
source=$1
tools=$2
targets="program quipu_driver_sqlite quipu_driver_toy"
here=$(cd "$(dirname "$0")" && pwd)
unset QUIPU_DRIVER_PATH LD_LIBRARY_PATH DESTDIR

fail()
{
    echo "embed: $*"
    exit 1
}

# build SHARED [CMAKE-ARGUMENT...]
build()
{
    shared=$1
    shift
    cmake -S "$here/embed" -B build -DQUIPU_SOURCE="$source" \
        -DMSGPACK_INCLUDE_DIR="$MSGPACK_INCLUDE_DIR" \
        -DQUIPU_DRIVER_LMDB=OFF -DQUIPU_DRIVER_POSTGRES=OFF \
        -DBUILD_SHARED_LIBS="$shared" "$@" >configure.log ||
        fail "cmake fails: $(cat configure.log)"
    # shellcheck disable=SC2086
    cmake --build build --target $targets >build.log 2>&1 ||
        fail "the build fails: $(cat build.log)"
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

# expect_each OPERATION... WORDS: in the output, each line of an operation has
# the words.
expect_each()
{
    for operation; do words=$operation; done
    for operation; do
        [ "$operation" != "$words" ] || continue
        grep -q "^$operation: .*$words" out ||
            fail "$operation does not say \"$words\": $(cat out)"
    done
}
expect_each plain read OK

[ "$tools" = 0 ] || targets="$targets quipu_tool"
build OFF -DQUIPU_OPENSSL=OFF -DQUIPU_ZSTD=OFF -DQUIPU_TOOLS="$tools" \
    -DQUIPU_MICROHTTPD=OFF
if readelf -d build/program | grep -E 'NEEDED.*lib(quipu|crypto|zstd)'; then
    fail "a static build without OpenSSL and zstd needs one of these libraries"
fi
drivers=$(echo "$PWD"/build/quipu/lib/quipu/drivers/*)
check "the static build" QUIPU_DRIVER_PATH="$drivers" build/program
expect_each plain read OK
expect_each encrypt decrypt vault "no OpenSSL.*install libssl-dev"
expect_each compress decompress "no zstd.*install libzstd-dev"
[ "$tools" = 0 ] ||
    sh "$here/../tools/test_serve_missing.sh" build/quipu/bin/quipu none ||
    fail "quipu serve does not say what is missing"
echo "a project that contains quipu works"
