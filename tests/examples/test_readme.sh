#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_readme.sh README BUILD COMPILER: follows the README: installs quipu where
# `./dev build` would, compiles the program of the README and runs its commands;
# with PostgreSQL too, if QUIPU_TEST_POSTGRES names a server.
set -eu
readme=$1
build=$2
compiler=$3
folder=$(dirname "$readme")

here=$(cd "$(dirname "$0")" && pwd)

block()
{
    sh "$here/block.sh" "$readme" "$@"
}

cmake --install "$build" --prefix "$PWD/build/prefix" >install.log
block c 'int main' >account.c
[ -s account.c ] || { echo "the README has no program"; exit 1; }
mkdir bin
ln -s "$(command -v "$compiler")" bin/cc
{
    block sh 'cc account.c' | grep -v '^\./dev build$'
    block sh 'account lmdb:'
    block sh 'quipu copy'
} >steps
# Skip the lines of a driver that has not been built.
[ -n "$(find build/prefix -name lmdb.so)" ] || sed -i '/lmdb:/d' steps
grep -q account.c steps || { echo "the README does not say how"; exit 1; }
unset QUIPU_DRIVER_PATH
PATH=$PWD/bin:$PATH sh -eux steps >out 2>err || { cat out err; exit 1; }
runs=$(grep -c "./account$" steps)
[ "$(grep -c '^750 cents after 2 events$' out)" = "$runs" ] ||
    { cat out err; exit 1; }
[ "$(grep -c 'Account.Deposited' out)" = 2 ] || { cat out; exit 1; }
# The program prints the same with PostgreSQL.
if [ -n "${QUIPU_TEST_POSTGRES-}" ]; then
    QUIPU_URI="$QUIPU_TEST_POSTGRES&timeout=300000" ./account >out
    [ "$(cat out)" = "750 cents after 2 events" ] || { cat out; exit 1; }
fi
"$compiler" -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
    -Wmissing-prototypes -Werror -Ibuild/prefix/include -fsyntax-only account.c

# Commands and pages that the README names exist; links.sh checks its links.
[ "$(build/prefix/bin/quipu drivers --json | wc -l)" -ge 1 ]
[ -s build/prefix/share/man/man1/quipu.1 ]
[ -x build/prefix/bin/quipu-conformance ]
