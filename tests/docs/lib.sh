# SPDX-License-Identifier: Apache-2.0
# Functions for the tests of a page for operators, which source this file. Each
# test gets the programs quipu and plant and the page as arguments, runs in an
# empty folder, quotes sentences of the page, and shows them.
. "$(dirname "$0")/../tools/lib.sh"
page=$3

# The page as one line, without marks of emphasis and code.
text=$(tr -d '*`' <"$page" | tr -s ' \n' '  ')

# claim SENTENCE: fails unless the page contains the sentence. The lines that
# follow it show that it is true.
claim()
{
    case $text in
    *"$1"*) claims=$((${claims-0} + 1)) ;;
    *) fail "the page does not say: $1" ;;
    esac
}

# head_of URI: prints the last notification id of the stored events.
head_of()
{
    "$quipu" info --json "$1" | grep -o '"head":[0-9]*' | cut -d : -f 2
}

# identity_of URI: prints the identity of the store.
identity_of()
{
    "$quipu" info --json "$1" | grep -o '"identity":"[^"]*"'
}

# holds URI COUNT: fails unless the store is sound and has that many events.
holds()
{
    expect 0 "$quipu" verify "$1"
    [ "$(head_of "$1")" = "$2" ] || fail "$1 has not $2 events"
}
