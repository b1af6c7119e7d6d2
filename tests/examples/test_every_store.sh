#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_every_store.sh ALTERNATIVE-SCHEMA GIT-HISTORY QUIPU URI...: the examples
# and the quipu command print the same bytes for every store. The output for the
# first URI is compared with that for each other one; in a URI {name} stands for
# the name of a store. If QUIPU_TEST_POSTGRES names a server, it is one of them.
set -eu
alternative=$1
history=$2
quipu=$3
shift 3
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
[ -z "${QUIPU_TEST_POSTGRES-}" ] ||
    set -- "$@" "$QUIPU_TEST_POSTGRES&namespace={name}"

# place URI NAME: prints the URI of a store, with a timeout that suffices on a
# busy machine.
place()
{
    case $1 in
    *\?*) printf '%s&timeout=300000\n' "$1" ;;
    *) printf '%s?timeout=300000\n' "$1" ;;
    esac | sed "s/{name}/$2/"
}

# A small repository.
clock=1100000000
commit()
{
    clock=$((clock + 1000))
    git -C repository add -A
    GIT_AUTHOR_DATE="@$clock +0200" GIT_COMMITTER_DATE="@$clock +0200" \
        git -C repository -c user.name=Ren"$(printf '\303\251')" \
        -c user.email=r@example.org commit -q -m "$1"
}
git init -q -b main repository
seq 20 >repository/numbers
echo one >"repository/a b"
commit first
seq 3 25 >repository/numbers
commit second
git -C repository mv numbers digits
rm "repository/a b"
commit third

# tour URI: runs the commands on a store. Each is a process of its own, so the
# store must persist.
tour()
{
    "$history" import "$1" repository
    "$history" summary "$1"
    "$history" top "$1" 10
    "$history" log "$1" digits
    "$history" show "$1" digits 0
    "$history" import "$1" repository
    "$quipu" sequences "$1"
    "$quipu" log --json "$1" | sed 's/"event_id":"[^"]*",//'
    "$quipu" log --reverse --limit 3 "$1"
    "$quipu" verify "$1"
}

first=yes
for uri; do
    "$alternative" --schema own "$(place "$uri" own)" >alternative 2>&1 ||
        { cat alternative; exit 1; }
    "$alternative" "$(place "$uri" preset)" >>alternative 2>&1
    case $uri in
    memory:*) ;;
    *)
        tour "$(place "$uri" tour)" >history 2>&1 || { cat history; exit 1; }
        ;;
    esac
    if [ $first = yes ]; then
        cp alternative alternative.first
        cp history history.first
        first=no
    fi
    diff alternative.first alternative
    diff history.first history
    echo "the same: $uri"
done
