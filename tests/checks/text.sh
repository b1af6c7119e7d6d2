#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# text.sh [ROOT]: fails unless every source file has its licence in the first
# lines, and no tab, no trailing blank, no line of more than 80 columns (except
# a single long word, and text that is not ASCII), and no note of unfinished
# work.
set -eu
cd "${1:-$(dirname "$0")/../..}"
find CMakeLists.txt dev .ci cmake include core drivers conformance tools \
    examples bench python tests -type f \( -name '*.[ch]' -o \
    -name '*.[ch]pp' -o -name '*.cmake' -o -name '*.in' -o -name '*.sh' -o \
    -name '*.awk' -o -name CMakeLists.txt -o -name dev -o -name run -o \
    -name '*.toml' -o -name '*.html' -o -name '*.css' -o -name '*.js' -o \
    -path 'python/*.py' \) | sort | awk '
    function refuse(why) { printf "%s:%d: %s\n", file, line, why; bad++ }
    {
        file = $0
        line = 0
        spdx = 0
        while ((getline text < file) > 0) {
            line++
            if (line <= 3 && text ~ /SPDX-License-Identifier: Apache-2.0/) {
                spdx = 1
            }
            if (length(text) > 80 && text !~ /[^ -~]/ && text ~ /[^ ] +[^ ]/) {
                refuse("over 80 columns")
            }
            if (text ~ /\t/) { refuse("a tab") }
            if (text ~ /[ \t]$/) { refuse("trailing blanks") }
            if (text ~ /(TO)(DO)|FIX(ME)/) { refuse("unfinished work") }
        }
        close(file)
        line = 1
        if (!spdx && file !~ /\.in$/) { refuse("no SPDX-License-Identifier") }
    }
    END {
        printf "text: %d files, %d faults\n", NR, bad
        exit bad > 0 || NR == 0
    }'
