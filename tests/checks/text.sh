#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# text.sh [ROOT]: every source file says its licence at its head, and has no
# tab, no blank at a line's end, no line of more than 80 columns (of ASCII, and
# not one single word), and no note to finish it later.
set -eu
cd "${1:-$(dirname "$0")/../..}"
find CMakeLists.txt dev .ci cmake include core drivers conformance tools \
    examples bench tests -type f \( -name '*.[ch]' -o -name '*.cmake' -o \
    -name '*.in' -o -name '*.sh' -o -name '*.awk' -o -name CMakeLists.txt -o \
    -name dev -o -name run \) | sort | awk '
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
            if (text ~ /[ \t]$/) { refuse("blanks at the end") }
            if (text ~ /(TO)(DO)|FIX(ME)/) { refuse("unfinished") }
        }
        close(file)
        line = 1
        if (!spdx && file !~ /\.in$/) { refuse("no SPDX-License-Identifier") }
    }
    END {
        printf "text: %d files, %d faults\n", NR, bad
        exit bad > 0 || NR == 0
    }'
