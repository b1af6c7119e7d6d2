# SPDX-License-Identifier: Apache-2.0
# language.awk: the rules of language.sh. Reads names of files.

function refuse(why, text) {
    printf "%s:%d: %s: %s\n", file, first, why, substr(text, 1, 60)
    bad++
}

# A comment or a paragraph, as one line.
function check(text,   rest, clause, at) {
    gsub(/[ \t]+/, " ", text)
    sub(/^ /, "", text)
    if (text == "") { return }
    rest = tolower(text)
    gsub(/`[^`]*`|"[^"]*"/, "_", rest)
    while (match(rest, /(^|[.;:(] )(who|whoever|whomever|what|whatever) /)) {
        clause = substr(rest, RSTART)
        rest = substr(rest, RSTART + RLENGTH)
        at = match(rest, /[.;?]( |$)/)
        if (!at || substr(rest, at, 1) != "?") {
            refuse("a bare Who or What", clause)
        }
    }
    rest = tolower(text)
    if (match(rest, /(^|[^a-z])(anew|he|his|him|himself)($|[^a-z'])/)) {
        refuse("see docs/glossary.md", substr(text, RSTART))
    }
    texts++
}

# Comments of C, over several lines as one text.
function read_c(   text, line, inside) {
    text = ""
    while ((getline line < file) > 0) {
        number++
        while (line != "") {
            if (inside) {
                at = index(line, "*/")
                if (!at) {
                    sub(/^ *\* ?/, "", line)
                    text = text " " line
                    line = ""
                    continue
                }
                text = text " " substr(line, 1, at - 1)
                sub(/^ *\* ?/, "", text)
                check(text)
                line = substr(line, at + 2)
                inside = 0
            } else {
                at = index(line, "/*")
                if (!at) { break }
                first = number
                text = ""
                line = substr(line, at + 2)
                inside = 1
            }
        }
    }
}

# Comments that begin with #, and paragraphs of Markdown; code is left out.
function read_lines(mark,   text, line, code) {
    text = ""
    while ((getline line < file) > 0) {
        number++
        if (mark == "" && line ~ /^ *```/) { code = !code }
        if (mark == "" && (code || line ~ /^(    |\|)/)) { line = "" }
        if (mark != "" && line !~ /^ *#/) { line = "" }
        sub(/^ *#+!?/, "", line)
        if (line ~ /^ *$/) {
            check(text)
            text = ""
        } else {
            if (text == "") { first = number }
            text = text " " line
        }
    }
    check(text)
}

{
    file = $0
    number = 0
    if (file ~ /\.[ch]$/) {
        read_c()
    } else {
        read_lines(file ~ /\.md$/ ? "" : "#")
    }
    close(file)
}

END {
    printf "language: %d texts, %d faults\n", texts, bad
    exit bad > 0 || !texts
}
