#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# snippets.sh [ROOT]: fails unless each block of C or C++ in a page of docs/ is,
# line by line, in the file that the preceding line "From `file.c`:" names. Its
# folder is one of those that are listed for the page below, whose programs the
# tests compile and run. A line "..." stands for omitted lines, and indentation
# is ignored. C that is indented instead of fenced, which would not be found, is
# a fault.
set -eu
cd "${1:-$(dirname "$0")/../..}"
awk '
    BEGIN {
        folders = "examples/howto/"
        of["cpp"] = "examples/cpp-account/ tests/cpp/"
        of["drivers"] = folders " tests/checks/package/"
        of["evolving"] = folders " examples/letters/"
        of["consumers"] = folders " examples/bank/"
        of["forgetting"] = folders " examples/clinic/"
        of["tutorial"] = "examples/bank/ tests/examples/"
        of["writing-a-driver"] = "examples/third-party-driver/"
    }
    function trim(line)
    {
        gsub(/^[ \t]+|[ \t]+$/, "", line)
        return line
    }
    function source(file,    line, count, folder, i)
    {
        if (!((page, file) in text)) {
            text[page, file] = "\n"
            count = split(page in of ? of[page] : folders, folder, " ")
            for (i = 1; i <= count; i++) {
                while ((getline line < (folder[i] file)) > 0) {
                    text[page, file] = text[page, file] trim(line) "\n"
                }
                close(folder[i] file)
            }
        }
        return text[page, file]
    }
    function refuse(why)
    {
        print FILENAME ":" FNR ": " why
        faults++
    }
    function look_for(piece)
    {
        if (piece != "\n" && index(source(from), piece) == 0) {
            refuse("these lines are not in " from ":" piece)
        }
        pieces++
    }
    FNR == 1 {
        page = FILENAME
        gsub(/^docs\/|\.md$/, "", page)
        from = ""
        fenced = inside = 0
    }
    /From `[a-z_]+\.[ch](pp)?`:$/ {
        from = $NF
        gsub(/[`:]/, "", from)
    }
    /^ *```/ {
        if (inside) {
            look_for(piece)
            from = ""
        }
        fenced = !fenced
        inside = !inside && trim($0) ~ /^```(c|cpp)$/
        if (inside && from == "") {
            refuse("a line \"From `file.c`:\" is missing")
            inside = 0
        }
        piece = "\n"
        next
    }
    inside && trim($0) == "..." {
        look_for(piece)
        piece = "\n"
        next
    }
    inside { piece = piece trim($0) "\n" }
    !fenced && /^    .*(quipu_[a-z_]+|QUIPU_[A-Z_]+)[(]/ {
        refuse("put C into a fenced block: " trim($0))
    }
    END {
        print "snippets: " pieces + 0 " blocks of code, " faults + 0 " faults"
        exit faults > 0 || pieces < 100
    }' docs/*.md
