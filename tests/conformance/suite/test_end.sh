#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_end.sh LITTLE: nothing outlives a run, however it ends.
. "$(dirname "$0")/lib.sh"
export LITTLE_PIDS="$PWD/pids" TMPDIR="$PWD/folders"
mkdir folders

# alive: whether any process of a crew is there (a zombie is not).
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

# spin SIGNAL: begins a run that would not end, and ends it so when it spins.
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
    tries=0 # the killed are reaped by somebody else
    while alive && [ "$tries" -lt 1000 ]; do
        tries=$((tries + 1))
        sleep 0.01
    done
    ! alive || fail "the crew outlives SIG$1"
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

# What such a run leaves behind, the next one takes away.
[ -n "$(ls folders)" ] || fail "SIGKILL left no folder: nothing is shown"
tries=0 # its children may be dying still
while [ -n "$(ls folders)" ] && [ "$tries" -lt 1000 ]; do
    "$suite" 'memory:{dir}' --only U1.passes >out 2>&1
    tries=$((tries + 1))
done
same "what the next run leaves of folders" "" "$(ls folders)"
finish
