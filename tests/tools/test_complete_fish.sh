#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Completion in fish.
. "$(dirname "$0")/lib.sh"
scripts=$(cd "$(dirname "$0")/../../tools/completions" && pwd)
command -v fish >/dev/null || {
    echo "fish is not installed" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
mkdir folder
: >folder/only.db
export HOME=$PWD PATH="$(dirname "$quipu"):$PATH"

# offered LINE WORDS: fails unless fish offers these words.
offered()
{
    got=$(fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
        "$scripts/quipu.fish" "$1" | cut -f 1 | sort | tr '\n' ' ')
    [ "$got" = "$2" ] || fail "fish offers '$got' instead of '$2': $1"
}
offered "quipu s" "sequences serve stats "
offered "quipu log --t" "--tail --topic "
offered "quipu log --color al" "always "
offered "quipu log sqlite:///fo" "sqlite:///folder/ "
offered "quipu backup sqlite:///folder/only.db folder/o" "folder/only.db "
finish
