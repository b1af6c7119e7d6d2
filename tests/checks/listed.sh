#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# listed.sh ROOT COMPILE_COMMANDS: every C file of the tree is compiled by some
# CMakeLists.txt. A file that nobody compiles is not checked by anything.
set -eu
root=$1
commands=$2
cd "$root"
find core drivers conformance tools examples bench tests -name '*.c' \
    -not -path 'tests/checks/package/*' | sort | {
    missing=0
    while read -r file; do
        grep -qF "/$file\"" "$commands" || {
            echo "$file: in no CMakeLists.txt"
            missing=1
        }
    done
    exit "$missing"
}
