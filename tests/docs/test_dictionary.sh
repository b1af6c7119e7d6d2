#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_dictionary.sh QUIPU GIT-HISTORY PAGE: runs the commands of
# docs/sealing.md that make a dictionary, as they stand there, on the history of
# a repository; with it the states take less than half of their bytes.
. "$(dirname "$0")/../lib.sh"
quipu=$1
history=$2
page=$3
command -v zstd python3 >found || {
    echo "needs zstd and python3" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
PATH=$(dirname "$quipu"):$PATH

git init -q -b main repository
for i in $(seq 600); do
    printf 'commit refs/heads/main\ncommitter A Writer <a@b.c> %d +0000\n' "$i"
    printf 'data 1\nx\nM 644 inline folder/of/files/f%d\ndata %d\n%d\n' \
        $((i % 50)) "${#i}" "$i"
done | git -C repository fast-import --quiet
expect 0 "$history" import sqlite:///shop.db repository

# The block of the page, without its indentation.
sed -n '/^    mkdir states$/,/^$/s/^    //p' "$page" >commands
grep -q 'quipu export' commands || fail "the page has no commands"
sh -e commands >log 2>&1 || { fail "the commands fail"; cat log; }
[ "$(find states -type f | wc -l)" = 600 ] || fail "not each state has a file"

expect 0 "$history" sizes sqlite:///shop.db shop.dictionary
cat out
awk '/^plain / { plain = $2 }
    /^with the dictionary / { small = $4 }
    END { exit !(small > 0 && 2 * small < plain) }' out ||
    fail "the dictionary does not help"
finish
