# SPDX-License-Identifier: Apache-2.0
# Converts the output of members.awk for the frozen headers to assertions in C:
# the members of the current structs have their frozen offsets and sizes, and
# constants their values. The frozen names are prefixed FROZEN_ and frozen_.
function assert(condition, what)
{
    print "_Static_assert(" condition ",\n    \"" what "\");"
}
{
    at = index($0, ": ")
    title = substr($0, 1, at - 1)
    part = substr($0, at + 2)
    name = title
    sub(/^[a-z]+ /, "", name)
}
title ~ /^macro/ && name !~ /_(API|PRINTF)$/ {
    assert(name " == FROZEN_" name, name)
}
title ~ /^enum/ {
    sub(/ =.*/, "", part)
    assert("(long)" part " == (long)FROZEN_" part, part)
}
title ~ /^struct/ {
    growing = part == "uint32_t struct_size"
    if (!(name in seen)) {
        seen[name] = 1
        assert("sizeof(" name ") " (growing ? ">=" : "==") " sizeof(frozen_" \
               name ")", "size of " name)
    }
    member = part
    if (!match(member, /\(\*[a-z_0-9]+\)\(/)) {
        sub(/\[[^]]*\]$/, "", member)
        sub(/^.*[^a-z_0-9]/, "", member)
    } else {
        member = substr(member, RSTART + 2, RLENGTH - 4)
    }
    assert("offsetof(" name ", " member ") ==\n    offsetof(frozen_" name \
           ", " member ")", "place of " name "." member)
    assert("sizeof(((" name " *)0)->" member ") ==\n    sizeof(((frozen_" \
           name " *)0)->" member ")", "size of " name "." member)
}
