#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_cpp.sh PAGE BUILD COMPILER PROGRAM: follows docs/cpp.md: installs quipu
# where `./dev build` would, compiles the program of the page word for word,
# runs its commands, and with the store that they leave PROGRAM, which is the
# same.
set -eu
page=$1
build=$2
compiler=$3
program=$4

here=$(cd "$(dirname "$0")" && pwd)

block()
{
    sh "$here/block.sh" "$page" "$@"
}

cmake --install "$build" --prefix "$PWD/build/prefix" >install.log
block cpp 'int main' >account.cpp
[ -s account.cpp ] || { echo "the page has no program"; exit 1; }
mkdir bin
ln -s "$(command -v "$compiler")" bin/c++
block sh 'c++ -std=c++17 account.cpp' >steps
grep -q account.cpp steps || { echo "the page does not say how"; exit 1; }
(
    unset QUIPU_DRIVER_PATH
    PATH=$PWD/bin:$PATH sh -eux steps >out 2>err
) || { cat out err; exit 1; }
[ "$(cat out)" = "750 cents after 2 events" ] || { cat out err; exit 1; }
QUIPU_URI=sqlite:///accounts.db "$program" >out
[ "$(cat out)" = "750 cents after 2 events" ] || { cat out; exit 1; }
[ "$(build/prefix/bin/quipu log sqlite:///accounts.db |
    grep -c 'Account.Deposited')" = 4 ] || { echo "not 4 events"; exit 1; }
echo "the program of the page works as written"
