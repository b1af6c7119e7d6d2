# SPDX-License-Identifier: Apache-2.0
# What the tests of the suite's frame share; to be sourced by them. They are
# called with the little suite, or quipu-conformance, in an empty folder.
. "$(dirname "$0")/../../lib.sh"
suite=$1

# says PATTERN, complains PATTERN: a line of the last output, or of the
# messages, matches.
says()
{
    grep -qE -- "$1" out || { fail "the output does not say: $1"; cat out; }
}

keeps_quiet_of()
{
    ! grep -qE -- "$1" out || { fail "the output says: $1"; cat out; }
}

complains()
{
    grep -qE -- "$1" err || { fail "the messages do not say: $1"; cat err; }
}

# same WHAT EXPECTED GOT
same()
{
    [ "$2" = "$3" ] || fail "$1 is \"$3\" instead of \"$2\""
}
