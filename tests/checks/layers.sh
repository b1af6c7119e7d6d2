#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# layers.sh [ROOT]: proves the layer rule. The folder tree is the architecture:
# the script reads every #include and prints each one that its folder must not
# use. The rule is the table in layers.awk.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"
find include core drivers conformance tools examples bench tests -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.[ch]pp' \) 2>/dev/null | sort |
    awk -f "$here/layers.awk"
