#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_end.sh SAMPLE: no process and no folder outlives a run, however it ends.
. "$(dirname "$0")/lib.sh"
export SAMPLE_PIDS="$PWD/pids" TMPDIR="$PWD/folders"
mkdir folders

# alive: true if a worker process of the case is running (not a zombie).
alive()
{
    while read -r pid; do
        case $(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null || echo Z) in
        Z | X) ;;
        *) return 0 ;;
        esac
    done <pids
    return 1
}

# spin SIGNAL: starts a run of a case that never ends, and sends the signal when
# its workers run.
spin()
{
    rm -f pids
    "$suite" 'memory:{dir}' --only F2.spins --output json=report.json \
        --output html=report.html >out 2>err &
    runner=$!
    while [ "$(cat pids 2>/dev/null | wc -l)" -lt 2 ]; do
        kill -0 "$runner" || { fail "the run has ended"; cat out; return; }
        sleep 0.01
    done
    kill -"$1" "$runner"
    status=0
    wait "$runner" 2>/dev/null || status=$?
    tries=0 # killed workers are reaped by another process
    while alive && [ "$tries" -lt 1000 ]; do
        tries=$((tries + 1))
        sleep 0.01
    done
    ! alive || fail "the workers outlive SIG$1"
}

spin TERM
same "the exit status of SIGTERM" 143 "$status"
says '^Bail out! interrupted'
same "what is left of folders" "" "$(ls folders)"
grep -q '"ended":false' report.json || fail "the JSON report is not written"
grep -q '</html>' report.html || fail "the HTML report is not written"

spin HUP
same "the exit status of SIGHUP" 129 "$status"
same "what is left of folders" "" "$(ls folders)"

spin KILL
same "the exit status of SIGKILL" 137 "$status"

# The next run removes the folders that a killed run has left behind.
[ -n "$(ls folders)" ] || fail "SIGKILL left no folder: the test shows nothing"
tries=0 # its children may not have ended yet
while [ -n "$(ls folders)" ] && [ "$tries" -lt 1000 ]; do
    "$suite" 'memory:{dir}' --only U1.passes >out 2>&1
    tries=$((tries + 1))
done
same "what the next run leaves of folders" "" "$(ls folders)"
finish
