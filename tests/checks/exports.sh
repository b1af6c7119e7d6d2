#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exports.sh library LIBRARY LIST: fails unless the library exports exactly the
# symbols in LIST, which has one per line, sorted.
# exports.sh driver MODULE: fails unless the module exports only
# quipu_driver_entry and does not link libquipu.
# exports.sh list LIBRARY: prints the exported symbols.
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
    exported | diff -- "$3" - || {
        echo "Exports of $library (>) differ from $3 (<)."
        echo "If this is intended, run ./dev symbols and review the difference."
        exit 1
    }
    ;;
driver)
    symbols=$(exported)
    if [ "$symbols" != quipu_driver_entry ]; then
        echo "$library must export only quipu_driver_entry, not:" $symbols
        exit 1
    fi
    if readelf -d -- "$library" | grep 'NEEDED.*libquipu'; then
        echo "$library links libquipu; a driver must not link it"
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
