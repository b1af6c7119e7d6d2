# SPDX-License-Identifier: Apache-2.0
# Functions for the tests of the suite's program, which source this file. They
# are called with the sample suite, or quipu-conformance, in an empty folder.
. "$(dirname "$0")/../../lib.sh"
suite=$1

# says PATTERN, complains PATTERN: a line of the last standard output, or of
# standard error, matches. keeps_quiet_of PATTERN: no line of standard output
# matches.
says()
{
    grep -qE -- "$1" out ||
        { fail "no line of the output matches: $1"; cat out; }
}

keeps_quiet_of()
{
    ! grep -qE -- "$1" out ||
        { fail "a line of the output matches: $1"; cat out; }
}

complains()
{
    grep -qE -- "$1" err ||
        { fail "no line of standard error matches: $1"; cat err; }
}

# same WHAT EXPECTED GOT
same()
{
    [ "$2" = "$3" ] || fail "$1 is \"$3\" instead of \"$2\""
}
