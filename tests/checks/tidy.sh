#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tidy.sh BUILD JOBS: runs clang-tidy on every file that the build in BUILD
# compiles. A file without findings is skipped as long as its preprocessed text,
# with comments and headers, and the rules are unchanged; BUILD/tidy records
# this.
set -eu
build=$(cd "$1" && pwd)
jobs=$2
cd "$(dirname "$0")/../.."
mkdir -p "$build/tidy"

rules=$(
    {
        clang-tidy --version
        find .clang-tidy core drivers conformance tools examples bench tests \
            -name .clang-tidy -exec sha256sum {} + | sort
    } | sha256sum
)

# one FILE DIRECTORY COMMAND: checks the file unless it is recorded as clean.
one='
    seen=$(cd "$2" && eval "$3 -E -C -P" 2>/dev/null) || seen=$(date +%N)
    stamp=$build/tidy/$(printf "%s\n%s\n%s" "$rules" "${1#"$PWD"}" "$seen" |
        sha256sum | cut -d " " -f 1)
    [ -e "$stamp" ] ||
        { clang-tidy --quiet -p "$build" \
            --extra-arg=-Wno-unknown-warning-option "$1" && : >"$stamp"; }
'
export build rules

# A compiled file is three lines of the database: directory, command, file.
awk '
    /^  "(directory|command|file)": "/ {
        name = $1
        sub(/^[^:]*: "/, ""); sub(/",?$/, "")
        gsub(/\\"/, "\""); gsub(/\\\\/, "\\")
    }
    name ~ /directory/ { directory = $0 }
    name ~ /command/ {
        command = $0
        sub(/ -o [^ ]+/, "", command) # else the preprocessor empties the object
    }
    name ~ /file/ && !seen[$0]++ { print; print directory; print command }
    { name = "" }
    ' "$build/compile_commands.json" |
    xargs -r -d '\n' -P "$jobs" -n 3 sh -c "$one" sh 2>&1 |
    {
        # Drop the counts of warnings in foreign headers; all other output is a
        # finding.
        ! sed '/^[0-9]* warnings\{0,1\} generated\.$/d' | grep .
    }
