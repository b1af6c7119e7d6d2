#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# snippets.sh PAGE FOLDER...: fails unless each block of C or C++ in PAGE is,
# line by line, in the file of a FOLDER that the preceding line "From `file.c`:"
# names. A line "..." stands for omitted lines, and indentation is ignored.
set -eu
page=$1
shift
folders=$(printf '%s\n' "$@")
export folders
awk '
    function trim(line)
    {
        gsub(/^[ \t]+|[ \t]+$/, "", line)
        return line
    }
    function source(file,    line, count, folder, i)
    {
        if (!(file in text)) {
            text[file] = "\n"
            count = split(ENVIRON["folders"], folder, "\n")
            for (i = 1; i <= count; i++) {
                while ((getline line < (folder[i] "/" file)) > 0) {
                    text[file] = text[file] trim(line) "\n"
                }
            }
        }
        return text[file]
    }
    function look_for(piece)
    {
        if (piece != "\n" && index(source(from), piece) == 0) {
            print FILENAME ":" FNR ": these lines are not in " from ":" piece
            faults++
        }
        pieces++
    }
    /From `[a-z_]+\.[ch](pp)?`:$/ {
        from = $NF
        gsub(/[`:]/, "", from)
    }
    /^```/ {
        if (inside) {
            look_for(piece)
            from = ""
        }
        inside = !inside && ($0 == "```c" || $0 == "```cpp")
        if (inside && from == "") {
            print FILENAME ":" FNR ": a line \"From `file.c`:\" is missing"
            faults++
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
    END {
        print "snippets: " pieces + 0 " blocks of code, " faults + 0 " faults"
        exit faults > 0 || pieces == 0
    }' "$page"
