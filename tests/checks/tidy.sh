#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tidy.sh BUILD JOBS: clang-tidy over every file that the build in BUILD
# compiles. A file that was clean, and of which nothing has changed since, nor
# any header nor the rules, is passed over; BUILD/tidy keeps account of them.
set -eu
build=$1
jobs=$2
cd "$(dirname "$0")/../.."
mkdir -p "$build/tidy"

surroundings=$(
    {
        cat "$build/compile_commands.json"
        find .clang-tidy include core drivers conformance tools examples bench \
            tests \( -name '*.h' -o -name .clang-tidy \) -exec sha256sum {} + |
            sort
    } | sha256sum
)

sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$build/compile_commands.json" |
    sort -u | while read -r file; do
    stamp=$build/tidy/$({ echo "$surroundings" && cat "$file"; } |
        sha256sum | cut -d ' ' -f 1)
    [ -e "$stamp" ] || printf '%s\n%s\n' "$stamp" "$file"
done | xargs -r -d '\n' -P "$jobs" -n 2 sh -c '
    clang-tidy --quiet -p "$0" --extra-arg=-Wno-unknown-warning-option "$2" &&
        : >"$1"' "$build" 2>&1 |
    {
        # The count of warnings in headers that are not ours says nothing; all
        # else is a finding.
        ! sed '/^[0-9]* warnings\{0,1\} generated\.$/d' | grep .
    }
