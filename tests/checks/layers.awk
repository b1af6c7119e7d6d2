# SPDX-License-Identifier: Apache-2.0
# Reads file names, one a line, relative to the root; prints each #include that
# breaks the layer rule, and exits 1 if there was any, or if there was no file.

BEGIN {
    # The layers that a layer of the core may include, beside itself, the public
    # headers and base.
    layer["base"] = ""
    layer["driver"] = ""
    layer["observe"] = "mapper"
    layer["datastore"] = "driver observe"
    layer["records"] = "datastore driver observe"
    layer["section"] = "datastore records"
    layer["event"] = ""
    layer["encoding"] = "event"
    layer["sealing"] = ""
    layer["mapper"] = "encoding event sealing"
    layer["store"] = "datastore event mapper records"
    layer["group"] = "datastore records observe"
    layer["consumer"] = "datastore event group mapper records store observe"
    layer["timer"] = "consumer datastore group records store observe"
    layer["vault"] = "datastore records sealing"
    layer["snapshot"] = "datastore event records sealing"
    layer["domain"] = "datastore event mapper observe records sealing " \
        "snapshot store timer"
    layer["projection"] = "consumer datastore group records store observe"
    layer["process"] = "consumer datastore domain records store timer observe"
    layer["environment"] = "domain driver"
    layer["scenario"] = "consumer datastore domain event mapper records store"

    # The folders that a folder of the conformance suite may include, beside
    # itself and the public headers.
    suite["context"] = ""
    suite["faults"] = ""
    suite["disk_image"] = "context faults"
    suite["history"] = "context"
    suite["workload"] = "context history"
    suite["cases"] = "context disk_image workload"
    suite["runner"] = "cases context"
    suite["report"] = "cases context runner"
    suite["program"] = "cases context history report runner"
    suite["mutants"] = "cases context history runner"

    # External libraries, and the only folders that may include them. Headers
    # that are not listed here belong to the system.
    outside["uuid/"] = "core/base"
    outside["dlfcn.h"] = "core/driver conformance tests"
    outside["msgpack"] = "core/encoding tests"
    outside["openssl/"] = "core/sealing tests"
    outside["zstd.h"] = "core/sealing tests"
    outside["sqlite3.h"] = "drivers/sqlite bench tests"
    outside["libpq-fe.h"] = "drivers/postgres bench tests"
    outside["lmdb.h"] = "drivers/lmdb bench tests"
    # Read models of examples are in tables of their own in the back ends.
    back_end["sqlite3.h"] = back_end["libpq-fe.h"] = back_end["lmdb.h"] = 1
    outside["jansson.h"] = "tools bench tests"
    outside["microhttpd.h"] = "tools"
    outside["hiredis/"] = "examples"
    outside["cmocka.h"] = "tests"
}

function refuse(why) {
    printf "%s:%d: %s: %s\n", file, line, target, why
    bad++
}

function exists(path,   ignored, status) {
    status = (getline ignored < path)
    close(path)
    return status >= 0
}

# The folder that owns the file: "core/base", "drivers/sqlite", "tools" ...
function owner(path,   part) {
    split(path, part, "/")
    if (part[1] == "core" || part[1] == "drivers") {
        return part[1] "/" part[2]
    }
    return part[1]
}

function among(word, list,   words, n, i) {
    n = split(list, words, " ")
    for (i = 1; i <= n; i++) {
        if (word == words[i] || index(word, words[i] "/") == 1) {
            return 1
        }
    }
    return 0
}

# <quipu/...>: the public headers.
function check_public() {
    if (home ~ /^drivers\// && target != "quipu/driver.h") {
        refuse("a driver includes <quipu/driver.h> and nothing else of quipu")
    } else if (file == "include/quipu/types.h") {
        refuse("types.h includes nothing of quipu")
    } else if (file == "include/quipu/driver.h" && target != "quipu/types.h") {
        refuse("driver.h includes only types.h")
    } else if (home ~ /^core\// && target == "quipu/conformance.h") {
        refuse("the core must not include the conformance suite")
    } else if (home != "tests" && !exists("include/" target)) {
        refuse("there is no such public header")
    }
}

function check_system(   key) {
    for (key in outside) {
        if (index(target, key) == 1 && !among(home, outside[key]) &&
            !(key in back_end &&
                file ~ /^examples\/(bank|howto|warehouse)\//)) {
            refuse("only " outside[key] " may use this library")
        }
    }
}

# "layer/file.h": an internal header of the core.
function check_core(   part, own) {
    split(home, part, "/")
    own = part[2]
    if (!(own in layer)) {
        refuse("core/" own " is not a layer; see the table in layers.awk")
    } else if (split(target, part, "/") != 2 || !exists("core/" target)) {
        refuse("write an internal header as \"layer/file.h\"")
    } else if (part[1] != own && !among(part[1], "base " layer[own])) {
        refuse("core/" own " may not include core/" part[1])
    }
}

# "file.h" of the same folder of the suite, or "folder/file.h" of another, or of
# the folder above.
function check_suite(   part, own, depth, folder) {
    depth = split(file, part, "/")
    own = part[2]
    folder = file
    sub(/\/[^\/]*$/, "", folder)
    if (!(own in suite)) {
        refuse("conformance/" own " is not listed in the table of layers.awk")
    } else if (target !~ /\//) {
        if (!exists(folder "/" target)) {
            refuse("write a header of another folder as \"folder/file.h\"")
        }
    } else if (!exists("conformance/" target)) {
        refuse("there is no such header in conformance")
    } else {
        split(target, part, "/")
        if (!among(part[1], suite[own]) && !(depth > 3 && part[1] == own)) {
            refuse("conformance/" own " may not include conformance/" part[1])
        }
    }
}

# "file.h" anywhere else: a file of the same folder, or "folder/file.h" from the
# top folder on. Beside these, a driver may include "common/file.h", which the
# drivers of this tree share, and tools may include "measure/file.h", the
# measuring core in bench/measure.
function check_own(   folder) {
    if (home ~ /^drivers\// && target ~ /^common\// &&
        exists("drivers/" target)) {
        return
    }
    if (home == "tools" && target ~ /^measure\// && exists("bench/" target)) {
        return
    }
    folder = file
    sub(/\/[^\/]*$/, "", folder)
    if (!exists(folder "/" target) && !exists(home "/" target)) {
        refuse("only files of " home " itself may be included in quotes")
    }
}

function check() {
    if (target ~ /\.\./ || target ~ /^\//) {
        refuse("a path may not leave its folder")
    } else if (form == "<") {
        if (target ~ /^quipu\//) {
            check_public()
        } else {
            check_system()
        }
    } else if (home == "include") {
        refuse("public headers include each other as <quipu/file.h>")
    } else if (home ~ /^core\//) {
        check_core()
    } else if (home == "conformance") {
        check_suite()
    } else if (home != "tests") { # a test may look inside
        check_own()
    }
}

{
    file = $0
    home = owner(file)
    line = 0
    files++
    while ((getline text < file) > 0) {
        line++
        if (text !~ /^[ \t]*#[ \t]*include/) {
            continue
        }
        target = text
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", target)
        form = substr(target, 1, 1)
        if (form != "<" && form != "\"") {
            refuse("write the name of the file in the #include")
            continue
        }
        target = substr(target, 2)
        sub(/[>"].*/, "", target)
        includes++
        check()
    }
    close(file)
}

END {
    if (!files) {
        print "layers: no source file found"
        exit 1
    }
    if (bad) {
        printf "layers: %d includes break the layer rule\n", bad
        exit 1
    }
    printf "layers: %d includes in %d files keep the layer rule\n", includes,
        files
}
