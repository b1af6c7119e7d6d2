#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# package.sh BUILD: installs a build into the current (empty) folder and uses it
# as somebody else would: with find_package and quipu_add_driver, and with
# pkg-config.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
prefix=$PWD/prefix

cmake --install "$build" --prefix "$prefix" >install.log

cmake -S "$here/package" -B consumer -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
cmake --build consumer
cmake --install consumer
[ "$(consumer/program)" = "OK toy" ]

# A relative prefix: pkg-config's output is split at spaces.
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
driverdir=$(pkg-config --define-variable=prefix=prefix \
    --variable=driverdir quipu)
sh "$here/exports.sh" driver "$driverdir/toy.so"
[ "$(readlink "$driverdir/plaything.so")" = toy.so ]

flags=$(pkg-config --define-variable=prefix=prefix --cflags --libs quipu)
cc -o program "$here/package/program.c" "$here/package/toy.c" \
    -DQUIPU_DRIVER_STATIC $flags
[ "$(LD_LIBRARY_PATH=prefix/lib ./program)" = "OK toy" ]
echo "the installed package works"
