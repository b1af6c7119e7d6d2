# SPDX-License-Identifier: Apache-2.0
# Reads headers and prints their declarations, one in each line:
#
#   struct quipu_item: int64_t position
#   enum quipu_demand: QUIPU_DEMAND_EMPTY = 1
#   type quipu_work: int (*quipu_work)(void *native, ...)
#   macro QUIPU_ID_MAX: 255
#
# in the order in which they stand there, without comments, and with one blank
# for any space.
/^#[ \t]*define[ \t]+QUIPU_[A-Z_]+[ \t]+[^ \t]/ {
    line = $0
    sub(/[ \t]*\/\*.*/, "", line)
    if (line !~ /\\$/) {
        split(line, word, /[ \t]+/)
        value = line
        sub(/^#[ \t]*define[ \t]+[A-Z_]+[ \t]+/, "", value)
        if (word[2] !~ /_H$/) {
            print "macro " word[2] ": " value
        }
    }
}
/^[ \t]*#/ || continued {
    continued = /\\$/
    next
}
{ text = text " " $0 }

function trim(part)
{
    gsub(/[ \t]+/, " ", part)
    gsub(/ ?QUIPU_PRINTF\([^)]*\)/, "", part)
    sub(/^ /, "", part)
    sub(/ $/, "", part)
    return part
}

# Prints the parts of a body that `separator` parts, but not in inner braces
# and parentheses.
function tell(title, body, separator,    i, c, depth, part)
{
    for (i = 1; i <= length(body) + 1; i++) {
        c = i > length(body) ? separator : substr(body, i, 1)
        depth += (c ~ /[({]/) - (c ~ /[)}]/)
        if (c == separator && depth == 0) {
            part = trim(part)
            if (part != "") {
                print title ": " part
            }
            part = ""
        } else {
            part = part c
        }
    }
}

# The position of the brace that ends what begins at the first of `from`.
function closing(from,    i, c, depth)
{
    for (i = 1; i <= length(from); i++) {
        c = substr(from, i, 1)
        depth += (c == "{") - (c == "}")
        if (c == "}" && depth == 0) {
            return i
        }
    }
    return 0
}

END {
    while ((at = index(text, "/*")) > 0) {
        rest = substr(text, at + 2)
        text = substr(text, 1, at - 1) " " substr(rest, index(rest, "*/") + 2)
    }
    heads = "(typedef struct|enum) quipu_[a-z_]+ [{]|" \
        "typedef [^{};]*[(][*]quipu_[a-z_]+[)][^;]*;"
    while (match(text, heads)) {
        head = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (head !~ /\{$/) {
            name = head
            sub(/^.*\(\*/, "", name)
            sub(/\).*$/, "", name)
            sub(/^typedef /, "", head)
            sub(/;$/, "", head)
            print "type " name ": " trim(head)
            continue
        }
        end = closing("{" text) - 1
        title = head
        sub(/^typedef /, "", title)
        sub(/ \{$/, "", title)
        tell(title, substr(text, 1, end - 1), title ~ /^enum/ ? "," : ";")
        text = substr(text, end + 1)
    }
}
