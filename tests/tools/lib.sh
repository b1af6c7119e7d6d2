# SPDX-License-Identifier: Apache-2.0
# What the tests of the quipu command share; to be sourced by them. They are
# called with the programs quipu and plant, in an empty folder of their own.
. "$(dirname "$0")/../lib.sh"
quipu=$1
plant=$2
driver=${3:-sqlite}

# same: the last output is that on standard input.
same()
{
    cat >wanted
    diff -u wanted out >differences || {
        fail "another output than expected"
        cat differences
    }
}

# says TEXT, complains TEXT: the last output, or the messages, contain it.
says()
{
    grep -qF -- "$1" out || { fail "the output does not say: $1"; cat out; }
}

complains()
{
    grep -qF -- "$1" err || { fail "the messages do not say: $1"; cat err; }
}

# quiet: nothing was written to standard error.
quiet()
{
    [ ! -s err ] || { fail "unexpected messages"; cat err; }
}

# patient URI: the same with time enough on a busy machine, which may hold up a
# call for longer than the five seconds that it has otherwise.
patient()
{
    case $1 in
    *\?*) echo "$1&timeout=300000" ;;
    *) echo "$1?timeout=300000" ;;
    esac
}

# store NAME [OPTION=VALUE]: the URI of a store of that name, of the driver that
# the test is for (its third argument; sqlite without one).
store()
{
    # A server is there for many tests.
    place="${QUIPU_TEST_POSTGRES-}&namespace=$(basename "$0" .sh).$1"
    case $driver,${2-} in
    sqlite,*) patient "sqlite:///$1.db${2:+?$2}" ;;
    postgres,namespace=*) patient "$place.${2#*=}" ;;
    postgres,*) patient "$place${2:+&$2}" ;;
    *) patient "$driver:///$1${2:+?$2}" ;;
    esac
}

# place URI NAME: a store of that name, where the URI has {name}.
place()
{
    patient "$(printf '%s\n' "$1" | sed "s/{name}/$2/")"
}

# plant_all URI SEQUENCES ITEMS: something of each kind, and so many plain ones.
plant_all()
{
    "$plant" odd "$1"
    "$plant" rich "$1"
    "$plant" sparse "$1"
    "$plant" plain "$1" "$2" "$3"
    "$plant" track "$1"
}

# The sequences that plant makes.
zero=8f7d29a0-127c-500c-9a53-d3cacb2475cb
one=fe38b6f1-919d-5e9a-a937-5005514ef32c
