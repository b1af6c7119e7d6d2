#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tidy.sh COMMANDS DONE JOBS: runs clang-tidy on every file of the folder
# COMMANDS' compile_commands.json, which names each file once: clang-tidy would
# check a file of many programs once for each. A file without findings is
# skipped as long as its preprocessed text, with comments and headers, and the
# rules are unchanged; the folder DONE records this.
#
# The analysis of paths looks at up to 50,000 states of a function, not 225,000:
# a third of the time, and the deepest functions are the ones that the
# sanitizers and the fuzz targets run most.
set -eu
mkdir -p "$2"
commands=$(cd "$1" && pwd)
done=$(cd "$2" && pwd)
jobs=$3
cd "$(dirname "$0")/../.."

rules=$(
    {
        clang-tidy --version
        find .clang-tidy core drivers conformance tools examples bench tests \
            -name .clang-tidy -exec sha256sum {} + | sort
        sha256sum tests/checks/tidy.sh
    } | sha256sum
)

# one FILE DIRECTORY COMMAND: checks the file unless it is recorded as clean.
one='
    seen=$(cd "$2" && eval "$3 -E -C -P" 2>/dev/null) || seen=$(date +%N)
    stamp=$done/$(printf "%s\n%s\n%s" "$rules" "${1#"$PWD"}" "$seen" |
        sha256sum | cut -d " " -f 1)
    [ -e "$stamp" ] ||
        { clang-tidy --quiet -p "$commands" \
            --extra-arg=-Wno-unknown-warning-option \
            --extra-arg=-Xclang --extra-arg=-analyzer-config \
            --extra-arg=-Xclang --extra-arg=max-nodes=50000 "$1" &&
            : >"$stamp"; }
'
export commands done rules

# The -o is left out, since else the preprocessor would empty the object.
jq -r '.[] | .file, .directory, (.command | sub(" -o [^ ]+"; ""))' \
    "$commands/compile_commands.json" |
    xargs -r -d '\n' -P "$jobs" -n 3 sh -c "$one" sh 2>&1 |
    {
        # Drop the counts of warnings in foreign headers; all other output is a
        # finding.
        ! sed '/^[0-9]* warnings\{0,1\} generated\.$/d' | grep .
    }
