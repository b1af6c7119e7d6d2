#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# library.sh check|record LIBRARY: compares the ABI of libquipu.so with the
# recorded one, which is that of the last release, or writes the record. LIBRARY
# is compiled with -g. Functions may have been added, and members at the end of
# structs with `struct_size`; every other difference in a function, or in a type
# that one uses, is reported, since a program that was compiled before would
# misread it (docs/versions.md). Constants are compared by abi.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
record=$here/libquipu.abi.xz
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

usage()
{
    echo "usage: library.sh check|record LIBRARY" >&2
    exit 2
}

# suppressions: differences that are allowed: those of types that no public
# header has, and members that are added to the structs that may grow.
suppressions()
{
    growing=$(awk '
        /^typedef struct [a-z0-9_]+ \{/ { name = $3 }
        /^    uint32_t struct_size;/ { names = names "|" name }
        END { print substr(names, 2) }' "$here"/../../include/quipu/*.h)
    cat <<EOF
[suppress_type]
  source_location_not_regexp = include/quipu/[a-z_]*[.]h\$
[suppress_type]
  type_kind = struct
  name_regexp = ^($growing)\$
  has_data_member_inserted_at = end
  has_size_change = yes
EOF
}

[ $# = 2 ] || usage
library=$2
case $1 in
check)
    suppressions >"$folder/suppressions"
    xz -dc "$record" >"$folder/libquipu.abi"
    abidiff --no-added-syms --suppressions "$folder/suppressions" \
        "$folder/libquipu.abi" "$library" >"$folder/report" || {
        cat "$folder/report"
        echo "$library differs from $record."
        echo "If that is intended, see docs/versions.md, and run ./dev symbols."
        exit 1
    }
    echo "abi: nothing that $library had before is changed or removed"
    ;;
record)
    abidw --drop-undefined-syms --no-corpus-path --no-comp-dir-path \
        --out-file "$folder/libquipu.abi" "$library"
    xz -c "$folder/libquipu.abi" >"$record"
    ;;
*)
    usage
    ;;
esac
