# SPDX-License-Identifier: Apache-2.0
# calls.awk: the rules of calls.sh. Reads `nm -A -g`: OBJECT:[VALUE] TYPE NAME.

# core/CMakeFiles/quipu_objects.dir/base/uri.c.o is core/base/uri.c.
function source_of(object,   path) {
    path = object
    sub(/CMakeFiles\/[^\/]*\.dir\//, "", path)
    sub(/\.o$/, "", path)
    while (path ~ /\/__\//) { # CMake writes .. so
        sub(/[^\/]*\/__\//, "", path)
    }
    return path
}

# An object of a file that has since been renamed is passed over.
function exists(path,   line, found) {
    if (!(path in known)) {
        found = (getline line < (root "/" path)) >= 0
        close(root "/" path)
        known[path] = found
    }
    return known[path]
}

function product_of(path,   part) {
    split(path, part, "/")
    if (part[1] == "drivers" || part[1] == "examples" ||
        path ~ /^conformance\/(faults|mutants)\//) {
        return part[1] "/" part[2]
    }
    return part[1]
}

# A function of libc that the fault library puts itself before.
function is_interposed(name, path) {
    return path ~ /^conformance\/faults\// && name !~ /^(quipu_)?fault/
}

function singular(word) {
    if (word ~ /ies$/) { return substr(word, 1, length(word) - 3) "y" }
    if (word ~ /ss$/) { return word }
    sub(/s$/, "", word)
    return word
}

# The name begins with the word, or with its singular or plural.
function begins(name, word,   one) {
    one = singular(word)
    return index(name "_", word "_") == 1 || index(name "_", one "_") == 1 ||
        index(name "_", one "s_") == 1
}

# The name without the word at its beginning, if it begins so.
function without(name, word,   one) {
    one = singular(word)
    if (index(name, word "_") == 1) { return substr(name, length(word) + 2) }
    if (index(name, one "_") == 1) { return substr(name, length(one) + 2) }
    return name
}

# Names without a file of their own: the family of malloc in core/base/memory.c;
# the public setters of members and reader of states, which belong to no struct
# of the library; the closing of what a file named "open" has opened; and the
# appends of a datastore, which are those of records without a schema.
BEGIN {
    exempt = " allocate allocate_array allocate_zeroed allocator_use " \
        "reallocate release text_copy text_copy_bytes array_add bytes_set " \
        "text_set token_next token_time sqlite_close projection_close " \
        "process_close datastore_commit datastore_transact "
}

function carries(name, path,   part, count, i, stem) {
    count = split(path, part, "/")
    stem = part[count]
    sub(/\.c$/, "", stem)
    gsub(/-/, "_", stem)
    sub(/^quipu_/, "", name)
    if (index(exempt, " " name " ")) { return 1 }
    if (path ~ /^examples\/third-party-driver\//) { # named after its scheme
        sub(/^memory_/, "", name)
    }
    if (begins(name, stem)) { return 1 }
    for (i = 1; i < count; i++) {
        gsub(/-/, "_", part[i])
        name = without(name, part[i])
        if (begins(name, stem)) { return 1 }
    }
    return 0
}

{
    at = index($0, ":")
    path = source_of(substr($0, 1, at - 1))
    count = split(substr($0, at + 1), field, " ")
    name = field[count]
    type = field[count - 1]
    if (path !~ /\.c$/ || !exists(path)) { next }
    product = product_of(path)
    if (type == "U") {
        needs[path] = needs[path] " " name
        next
    }
    if (type !~ /^[TDBRC]$/ || name ~ /^__/) { next }
    if (type == "T" && name != "main" &&
        name != "quipu_driver_entry" && !is_interposed(name, path) &&
        !((path, name) in seen)) {
        seen[path, name] = 1
        functions++
        if (!carries(name, path)) {
            print path ": " name " does not carry the name of its file"
            foreign++
        }
    }
    home[product, name] = path
    files[path] = product
}

END {
    for (path in needs) {
        count = split(needs[path], wanted, " ")
        for (i = 1; i <= count; i++) {
            to = home[product_of(path), wanted[i]]
            if (to != "" && to != path) {
                edge[path, to] = wanted[i]
            }
        }
    }
    # A file that calls none of those that are left, or is called by none, is
    # on no circle.
    do {
        split("", calls)
        split("", called)
        for (pair in edge) {
            split(pair, side, SUBSEP)
            calls[side[1]] = called[side[2]] = 1
        }
        removed = 0
        for (pair in edge) {
            split(pair, side, SUBSEP)
            if (!(side[2] in calls) || !(side[1] in called)) {
                delete edge[pair]
                removed++
            }
        }
    } while (removed)
    for (pair in edge) {
        split(pair, side, SUBSEP)
        print side[1] ": calls " side[2] " (" edge[pair] "), in a circle"
        circle++
    }
    printf "calls: %d external functions, %d without the name of their " \
        "file, %d calls in circles\n", functions, foreign, circle
    exit foreign > 0 || circle > 0 || !functions
}
