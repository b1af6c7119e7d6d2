#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# abi.sh FROZEN TODAY [COMPILER]: proves that the driver headers in the folder
# TODAY (types.h and driver.h) are compatible with those in FROZEN: the compiler
# compares sizes, offsets and constants; awk compares declarations, among them
# the parameters of functions.
# Writes into the current folder.
set -eu
frozen=$1
today=$2
compiler=${3-cc}
here=$(cd "$(dirname "$0")" && pwd)
advice="A driver that was built yesterday must load today: put new members at
the end of structs that begin with struct_size, or raise QUIPU_DRIVER_ABI."

awk -f "$here/members.awk" "$frozen/types.h" "$frozen/driver.h" >frozen.txt
awk -f "$here/members.awk" "$today/types.h" "$today/driver.h" >today.txt
if ! awk -f "$here/compare.awk" frozen.txt today.txt; then
    echo "$advice"
    exit 1
fi

mkdir -p include/quipu
cp "$today/types.h" "$today/driver.h" include/quipu
{
    printf '#include <quipu/driver.h>\n'
    sed -e '/#include <quipu\//d' -e 's/quipu_/frozen_quipu_/g' \
        -e 's/QUIPU_/FROZEN_QUIPU_/g' "$frozen/types.h" "$frozen/driver.h"
    awk -f "$here/asserts.awk" frozen.txt
} >asserts.c
if ! "$compiler" -std=c11 -Iinclude -fsyntax-only asserts.c; then
    echo "$advice"
    exit 1
fi
echo "abi: $(grep -c _Static_assert asserts.c) sizes, offsets and values," \
    "$(wc -l <frozen.txt) declarations are unchanged"
