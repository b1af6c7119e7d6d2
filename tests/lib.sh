# SPDX-License-Identifier: Apache-2.0
# Functions for tests that run programs, which source this file.
set -eu
failures=0
export LC_ALL=C

fail()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect STATUS COMMAND...: fails unless the command exits with STATUS. Its
# output goes to the files out and err.
expect()
{
    expected=$1
    shift
    status=0
    "$@" >out 2>err </dev/null || status=$?
    if [ "$status" != "$expected" ]; then
        fail "exit status $status, not $expected: $*"
        sed 's/^/    /' out err
    fi
}

# await PID COMMAND...: repeats the command until it succeeds; fails if the
# process PID ends before. There is no time limit, since the machine may be
# slow.
await()
{
    awaited=$1
    shift
    while ! "$@"; do
        kill -0 "$awaited" 2>/dev/null || {
            fail "process $awaited ended before this succeeded: $*"
            return 0
        }
        sleep 0.01
    done
}

# traced ARGUMENT...: runs strace. The leak check of the address sanitizer is
# off in the traced process, since it cannot run in a traced process and would
# end it with an error.
traced()
{
    ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" strace "$@"
}

finish()
{
    [ "$failures" = 0 ] || { echo "$failures failures"; exit 1; }
}
