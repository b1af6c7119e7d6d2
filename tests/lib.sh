# SPDX-License-Identifier: Apache-2.0
# What all tests that run programs share; to be sourced by them.
set -eu
failures=0
export LC_ALL=C

fail()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect STATUS COMMAND...: its exit status; its output goes to the files out
# and err.
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

# await PID COMMAND...: runs the command again and again until it succeeds, or
# the process that it waits for is gone; however slow the machine is.
await()
{
    awaited=$1
    shift
    while ! "$@"; do
        kill -0 "$awaited" 2>/dev/null || {
            fail "process $awaited ended before this came true: $*"
            return 0
        }
        sleep 0.01
    done
}

finish()
{
    [ "$failures" = 0 ] || { echo "$failures failures"; exit 1; }
}
