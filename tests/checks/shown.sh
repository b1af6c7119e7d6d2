#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shown.sh [ROOT]: fails unless each function of core/quipu.symbols appears in a
# page (README.md, docs/*.md) or in an example (examples/), where a user looks.
set -eu
cd "${1:-$(dirname "$0")/../..}"
find README.md docs examples -name '*.md' -o -path 'examples/*' \
    \( -name '*.[ch]' -o -name '*.[ch]pp' \) | sort | awk '
    {
        while ((getline line < $0) > 0) {
            while (match(line, /quipu_[a-z0-9_]+/)) {
                shown[substr(line, RSTART, RLENGTH)] = 1
                line = substr(line, RSTART + RLENGTH)
            }
        }
        close($0)
    }
    END {
        while ((getline name < "core/quipu.symbols") > 0) {
            functions++
            if (!(name in shown)) {
                print name ": in no page and no example"
                bad++
            }
        }
        printf "shown: %d functions, %d faults\n", functions, bad
        exit bad > 0 || functions == 0
    }'
