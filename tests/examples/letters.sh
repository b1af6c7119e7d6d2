#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# letters.sh KEPT LETTERS QUIPU FIRST-RELEASE URI: the program of today reads,
# projects and appends to a store of the first release, and `quipu copy` copies
# the result. SQLite gets the store that is kept in the tree. The URI "postgres"
# is that of the server of tests/postgres/with-cluster.
set -euo pipefail
kept=$1 letters=$2 quipu=$3 first=$4 uri=$5
[ "$uri" != postgres ] || uri=$QUIPU_TEST_POSTGRES

# same WHAT EXPECTED ACTUAL
same()
{
    [ "$2" = "$3" ] || {
        echo "$1:"
        diff <(echo "$2") <(echo "$3")
        exit 1
    }
}

case $uri in
sqlite:*) cp "$kept" "${uri#sqlite:///}" ;;
*) "$first" "$uri" ;;
esac

same "the events" "letter-1 0 Letter.Written: \
Ada Lovelace to Charles Babbage in London, 7 words
letter-2 0 Letter.Written: \
Charles Babbage to Michael Faraday in London, 7 words
letter-1 2 Letter.Stamped: 6 pence
letter-1 3 Letter.Posted: at Ockham
letter-2 1 Letter.Stamped: 15 pence
letter-1 4 Letter.Delivered: by the postman
letter-2 3 Letter.Posted: at Marylebone
letter-3 0 Letter.Written: \
Mary Somerville to Ada Lovelace in Ockham, 5 words" \
    "$("$letters" "$uri" list)"
same "the postage" "London: 21 pence
Ockham: 0 pence" "$("$letters" "$uri" postage)"
same "letter-1" \
    "letter-1: version 5, to London, 7 words, 6 pence, posted, delivered" \
    "$("$letters" "$uri" show letter-1)"
same "letter-3, whose last event is retired" \
    "letter-3: version 2, to Ockham, 5 words, 0 pence" \
    "$("$letters" "$uri" show letter-3)"

"$letters" "$uri" deliver letter-2
"$letters" "$uri" deliver letter-3
"$letters" "$uri" write letter-4 London
same "letter-2, delivered" \
    "letter-2: version 5, to London, 7 words, 15 pence, posted, delivered" \
    "$("$letters" "$uri" show letter-2)"
same "letter-3, delivered" \
    "letter-3: version 3, to Ockham, 5 words, 0 pence, delivered" \
    "$("$letters" "$uri" show letter-3)"
same "the postage, with old and new events" "London: 23 pence
Ockham: 0 pence" "$("$letters" "$uri" postage)"

"$quipu" verify "$uri"
"$quipu" copy "$uri" sqlite:///copied
same "the copy" "$("$letters" "$uri" list)" \
    "$("$letters" sqlite:///copied list)"

# The topics, with the versions that are stored.
same "the topics" "topic version items
Letter.Delivered 1 3
Letter.Posted 1 2
Letter.Stamped 2 1
Letter.Written 3 1
Mail.Drafted 1 3
Mail.Franked 1 2
Mail.Weighed 1 3" "$("$quipu" topics "$uri" | tr -s ' ')"

# The first release appends the same events again: they are repeats.
before=$("$letters" "$uri" list)
"$first" "$uri"
same "the events after a repeat" "$before" "$("$letters" "$uri" list)"
echo "$("$letters" "$uri" list | wc -l) events"
