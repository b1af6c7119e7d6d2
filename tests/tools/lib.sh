# SPDX-License-Identifier: Apache-2.0
# Functions for the tests of the quipu command, which source this file. Each
# test gets the programs quipu and plant as arguments, and runs in an empty
# folder.
. "$(dirname "$0")/../lib.sh"
quipu=$1
plant=$2
driver=${3:-sqlite}

# same: fails unless the last output is the text on standard input.
same()
{
    cat >wanted
    diff -u wanted out >differences || {
        fail "the output differs from the expected one"
        cat differences
    }
}

# says TEXT, complains TEXT: fails unless the last output, or the messages on
# standard error, contain the text.
says()
{
    grep -qF -- "$1" out || { fail "the output does not contain: $1"; cat out; }
}

complains()
{
    grep -qF -- "$1" err || { fail "the messages do not contain: $1"; cat err; }
}

# quiet: fails if anything was written to standard error.
quiet()
{
    [ ! -s err ] || { fail "unexpected messages"; cat err; }
}

# patient URI: prints the URI with a timeout of 5 minutes, since a busy machine
# can delay a call for longer than the default of 5 seconds.
patient()
{
    case $1 in
    *\?*) echo "$1&timeout=300000" ;;
    *) echo "$1?timeout=300000" ;;
    esac
}

# store NAME [OPTION=VALUE]: prints the URI of a store of that name, with the
# driver that is the third argument of the test (default: sqlite).
store()
{
    # Tests share a server; each uses namespaces of its own.
    base="${QUIPU_TEST_POSTGRES-}&namespace=$(basename "$0" .sh).$1"
    case $driver,${2-} in
    sqlite,*) patient "sqlite:///$1.db${2:+?$2}" ;;
    postgres,namespace=*) patient "$base.${2#*=}" ;;
    postgres,*) patient "$base${2:+&$2}" ;;
    *) patient "$driver:///$1${2:+?$2}" ;;
    esac
}

# named URI NAME: prints the URI with NAME instead of {name}.
named()
{
    patient "$(printf '%s\n' "$1" | sed "s/{name}/$2/")"
}

# plant_all URI SEQUENCES ITEMS: stores items of each kind that plant makes, the
# plain ones in that number of sequences, with that number of items each.
plant_all()
{
    "$plant" odd "$1"
    "$plant" rich "$1"
    "$plant" sparse "$1"
    "$plant" plain "$1" "$2" "$3"
    "$plant" track "$1"
}

# Ids of the first two sequences that plant makes.
zero=8f7d29a0-127c-500c-9a53-d3cacb2475cb
one=fe38b6f1-919d-5e9a-a937-5005514ef32c
