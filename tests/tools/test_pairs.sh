#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_pairs.sh QUIPU PLANT URI...: copies between any two kinds of store, and
# there and back. In each URI {name} becomes a name. PostgreSQL is one of them
# where QUIPU_TEST_POSTGRES names a server.
. "$(dirname "$0")/lib.sh"
shift 2
[ -z "${QUIPU_TEST_POSTGRES-}" ] ||
    set -- "$@" "$QUIPU_TEST_POSTGRES&namespace={name}"

# all URI: what the store holds, but for its identity.
all()
{
    "$quipu" export "$1" | sed 1d
}

number=0
for from; do
    number=$((number + 1))
    source=$(place "$from" from$number)
    plant_all "$source&durability=relaxed" 3 500
    all "$source" >all
    [ "$(wc -l <all)" = 1526 ] || fail "$source holds something else"
    for to; do
        other=$(place "$to" to$number)
        back=$(place "$from" "back$number$(printf '%s' "$to" | cut -c 1-4)")
        expect 0 "$quipu" copy "$source" "$other"
        all "$other" | cmp all || fail "$other is not as $source"
        expect 0 "$quipu" copy "$other" "$back"
        all "$back" | cmp all || fail "$back is not as $source"
        expect 0 "$quipu" copy --verify-only "$source" "$back"
        expect 0 "$quipu" verify --raw "$back"
        echo "same: $from, $to"
    done
    # A store that is gone when the command ends, but compared before that.
    expect 0 "$quipu" copy "$source" memory:
done
finish
