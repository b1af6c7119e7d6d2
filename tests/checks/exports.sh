#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exports.sh library LIBRARY LIST: the library exports just the symbols that are
# in the list, one a line.
# exports.sh driver MODULE: the module exports quipu_driver_entry and nothing
# else, and needs no libquipu.
# exports.sh list LIBRARY: prints what it exports.
set -eu
kind=$1
library=$2

exported()
{
    nm -D --defined-only --format=posix -- "$library" |
        awk '$2 ~ /^[TWDBRVi]$/ { sub(/@.*/, "", $1); print $1 }' |
        LC_ALL=C sort -u
}

case $kind in
library)
    LC_ALL=C sort -u -- "$3" >expected
    if ! exported | diff expected - >exports.diff; then
        echo "Exports of $library (>) differ from $3 (<):"
        cat exports.diff
        echo "If that is meant: ./dev symbols, and look at the difference."
        exit 1
    fi
    ;;
driver)
    symbols=$(exported)
    if [ "$symbols" != quipu_driver_entry ]; then
        echo "$library exports, instead of quipu_driver_entry alone:" $symbols
        exit 1
    fi
    if readelf -d -- "$library" | grep 'NEEDED.*libquipu'; then
        echo "$library links libquipu; a driver links nothing of quipu"
        exit 1
    fi
    ;;
list)
    exported
    ;;
*)
    echo "usage: exports.sh library|driver|list FILE [LIST]" >&2
    exit 2
    ;;
esac
