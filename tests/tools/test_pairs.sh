#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_pairs.sh QUIPU PLANT URI...: copies between any two drivers, and back.
# {name} in each URI is replaced by the name of a store. PostgreSQL is included
# if QUIPU_TEST_POSTGRES names a server.
. "$(dirname "$0")/lib.sh"
shift 2
[ -z "${QUIPU_TEST_POSTGRES-}" ] ||
    set -- "$@" "$QUIPU_TEST_POSTGRES&namespace={name}"

# all URI: prints the content of a store without its identity.
all()
{
    "$quipu" export "$1" | sed 1d
}

number=0
for from; do
    number=$((number + 1))
    source=$(named "$from" from$number)
    plant_all "$source&durability=relaxed" 3 500
    all "$source" >all
    [ "$(wc -l <all)" = 1526 ] || fail "$source has a wrong number of items"
    for to; do
        other=$(named "$to" to$number)
        back=$(named "$from" "back$number$(printf '%s' "$to" | cut -c 1-4)")
        expect 0 "$quipu" copy --tracking "$source" "$other"
        all "$other" | cmp all || fail "$other differs from $source"
        expect 0 "$quipu" copy --tracking "$other" "$back"
        all "$back" | cmp all || fail "$back differs from $source"
        expect 0 "$quipu" copy --verify-only "$source" "$back"
        expect 0 "$quipu" verify --raw "$back"
        echo "same: $from, $to"
    done
    # The memory driver's store is compared before the command ends.
    expect 0 "$quipu" copy "$source" memory:
done
finish
