#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# listed.sh ROOT COMPILE_COMMANDS: fails unless every C and C++ file of the tree
# is listed in a CMakeLists.txt. A file that is not compiled is not checked at
# all.
set -eu
root=$1
commands=$2
cd "$root"
find core drivers conformance tools examples bench tests \
    \( -name '*.c' -o -name '*.cpp' \) -not -path 'tests/checks/package/*' \
    -not -path 'tests/checks/embed/*' | sort | {
    missing=0
    while read -r file; do
        grep -qF "/$file\"" "$commands" || {
            echo "$file: not listed in any CMakeLists.txt"
            missing=1
        }
    done
    exit "$missing"
}
