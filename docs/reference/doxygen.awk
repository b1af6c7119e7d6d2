# SPDX-License-Identifier: Apache-2.0
# Turns the comments of a public header into comments of Doxygen: an input
# filter. The headers are written for people who read them as they are.
#
# - The comment at the head becomes that of the file.
# - A comment before a declaration, or behind one, becomes its documentation.
# - Declarations that follow each other without a blank line share the comment
#   before the first.
# - Characters that Doxygen would take for its markup are escaped, except in
#   examples, which are indented by four more blanks, and between backquotes.

# escape TEXT: a line of a comment, as Markdown.
function escape(text,    parts, count, i, result) {
    if (text ~ /^ *\*?     /) {
        return text
    }
    count = split(text, parts, "`")
    for (i = 1; i <= count; i++) {
        if (i % 2 == 1) {
            gsub(/[\\<>@#%&|]/, "\\\\&", parts[i])
            parts[i] = gensub(/(^|[^ *])\*([A-Za-z_])/, "\\1\\\\*\\2", "g",
                              parts[i])
            parts[i] = gensub(/( )\*([A-Za-z_])/, "\\1\\\\*\\2", "g", parts[i])
            parts[i] = gensub(/([A-Za-z_)])\*/, "\\1\\\\*", "g", parts[i])
        }
        result = result (i > 1 ? "`" : "") parts[i]
    }
    return result
}

# body TEXT: the rest of the line that opens a comment, escaped up to its end.
function body(text,    at) {
    at = index(text, "*/")
    return at ? escape(substr(text, 1, at - 1)) substr(text, at) : escape(text)
}

function flush_comment() {
    printf "%s", comment
}

# Inside a comment of several lines.
inside {
    line = $0
    at = match(line, /^ *\*/) ? RLENGTH : 0
    line = substr(line, 1, at) (substr(line, at, 2) == "*/" \
        ? substr(line, at + 1) : body(substr(line, at + 1)))
    comment = comment line "\n"
    if ($0 ~ /\*\/ *$/) {
        inside = 0
        flush_comment()
        if (!is_before) { comment = kept }
    }
    next
}

/^\/\* SPDX/ || /^ *\/\* (clang-format|NOLINT)/ || /^\/\* -----/ {
    print ""
    comment = kept = ""
    next
}

# A comment before a declaration, or the one at the head.
/^ *\/\*/ {
    at = index($0, "/*")
    opening = "/**"
    if (!seen_head) {
        seen_head = 1
        opening = "/** @file\n *"
    }
    is_before = 1
    comment = substr($0, 1, at - 1) opening body(substr($0, at + 2)) "\n"
    if ($0 ~ /\*\/ *$/) { flush_comment() } else { inside = 1 }
    kept = comment
    next
}

# A comment behind a declaration.
/[^ ].*\/\* / && !/^ *#/ {
    at = index($0, "/*")
    kept = comment
    is_before = 0
    comment = substr($0, 1, at - 1) "/**<" body(substr($0, at + 2)) "\n"
    if ($0 ~ /\*\/ *$/) { flush_comment(); comment = kept } else { inside = 1 }
    next
}

/^ *$/ { comment = "" }

# The next declaration of a group: the comment once more.
/^QUIPU_API/ && ended && comment != "" { flush_comment() }

{
    ended = /;$/
    print
}
