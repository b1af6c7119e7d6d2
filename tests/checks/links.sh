#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# links.sh [ROOT]: fails unless each relative link in README.md, in
# CONTRIBUTING.md, in the pages of docs/ and in those of the examples leads to a
# file, and its anchor to a heading there; each page of docs/ is linked from
# docs/README.md; and that has at least ten questions, each of which is a link.
# Anchors are those of GitHub: the heading in lower case, without punctuation,
# with hyphens for blanks.
set -eu
cd "${1:-$(dirname "$0")/../..}"
find README.md CONTRIBUTING.md docs examples -name '*.md' | sort | awk '
    function refuse(why) { printf "%s:%d: %s\n", page, number, why; bad++ }

    # Reads the anchors of a page, once.
    function read_anchors(file,   line, code, anchor) {
        if (file in known) { return }
        known[file] = 1
        while ((getline line < file) > 0) {
            if (line ~ /^ *```/) { code = !code }
            if (code || line !~ /^#+ /) { continue }
            anchor = tolower(line)
            sub(/^#+ +/, "", anchor)
            gsub(/[^a-z0-9 _-]/, "", anchor)
            gsub(/ /, "-", anchor)
            anchors[file, times[file, anchor]++ ? \
                anchor "-" times[file, anchor] - 1 : anchor] = 1
        }
        close(file)
    }

    function check_link(link,   path, anchor) {
        if (link ~ /^[a-z]+:/) { return }
        path = anchor = link
        sub(/#.*/, "", path)
        if (!sub(/^[^#]*#/, "", anchor)) { anchor = "" }
        path = path == "" ? page : folder path
        while (sub(/[^\/]+\/\.\.\//, "", path)) { }
        links++
        linked[page, path] = 1
        if (system("test -e \"" path "\"")) {
            refuse("there is no " path)
        } else if (anchor != "") {
            read_anchors(path)
            if (!((path, anchor) in anchors)) {
                refuse("there is no heading #" anchor " in " path)
            }
        }
    }

    {
        page = folder = $0
        pages[page] = 1
        if (!sub(/[^\/]*$/, "", folder)) { folder = "" }
        number = code = 0
        while ((getline line < page) > 0) {
            number++
            if (line ~ /^ *```/) { code = !code }
            if (page == "docs/README.md" && line ~ /^- \[.*\?\]\(/) {
                questions++
            }
            gsub(/`[^`]*`/, "", line)
            while (!code && match(line, /\]\([^)]+\)/)) {
                check_link(substr(line, RSTART + 2, RLENGTH - 3))
                line = substr(line, RSTART + RLENGTH)
            }
        }
        close(page)
    }

    END {
        page = "docs/README.md"
        number = 1
        for (each in pages) {
            if (each ~ /^docs\/[^\/]*$/ && each != page &&
                    !((page, each) in linked)) {
                refuse("no link to " each)
            }
        }
        if (questions < 10) { refuse("only " questions + 0 " questions") }
        printf "links: %d links, %d faults\n", links, bad
        exit bad > 0 || links == 0
    }'
