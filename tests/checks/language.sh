#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# language.sh [ROOT]: no sentence in a comment or a page of docs begins with a
# bare "Who" or "What" that is not a question ("What a page holds."), calls a
# process "he", or uses an idiom that docs/glossary.md replaces.
set -eu
cd "${1:-$(dirname "$0")/../..}"
git ls-files '*.c' '*.h' '*.[ch]pp' '*.sh' '*.awk' '*.cmake' '*.md' '*.in' \
    '*CMakeLists.txt' dev |
    grep -v -e '^tests/abi/[0-9]' -e '^tests/checks/language' \
        -e '^tests/checks/test_tree' |
    awk -f tests/checks/language.awk
