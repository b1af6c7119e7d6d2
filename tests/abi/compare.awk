# SPDX-License-Identifier: Apache-2.0
# compare.awk FROZEN TODAY, both output of members.awk: reports each declaration
# of the frozen headers that has changed. A struct that begins with struct_size
# may be longer at its end, and an enum may have more constants; everything else
# has to be equal, word for word.
FNR == 1 { file++ }
{
    at = index($0, ": ")
    title = substr($0, 1, at - 1)
    part = substr($0, at + 2)
    if (title ~ /^macro QUIPU_(API|PRINTF)$/) {
        next
    }
    if (!((file, title) in count) && file == 1) {
        titles[++known] = title
    }
    parts[file, title, count[file, title]++] = part
    there[file, title, part] = 1
}
function refuse(why)
{
    print why
    faults++
}
END {
    for (t = 1; t <= known; t++) {
        title = titles[t]
        for (i = 0; i < count[1, title]; i++) {
            part = parts[1, title, i]
            if (title ~ /^enum/ && !((2, title, part) in there)) {
                refuse(title ": was \"" part "\", and has it no more")
            } else if (title !~ /^enum/ && parts[2, title, i] != part) {
                refuse(title ": was \"" part "\", is \"" \
                       parts[2, title, i] "\"")
            }
        }
        if (title ~ /^struct/ && count[2, title] > count[1, title] &&
            parts[1, title, 0] != "uint32_t struct_size") {
            refuse(title ": is frozen, and has become longer")
        }
    }
    if (known == 0) {
        refuse("nothing was compared")
    }
    exit faults > 0
}
