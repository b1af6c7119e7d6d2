#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Commands that print a log need as much memory for a long one as for a short.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || {
    echo "python3 is not installed" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}

"$plant" plain "sqlite:///short.db?durability=relaxed" 1 3000
"$plant" plain "sqlite:///long.db?durability=relaxed" 1 60000

# peak COMMAND...: prints the KiB that the command had in memory at most.
peak()
{
    python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

for command in log "log -x" "log --json" "log --tail 59000" "log --reverse" \
    "log --sequence $zero" "log --since 1970-01-01" "log --topic None" \
    "log --color always" "tail -n 59000 --limit 2900" "read" stats topics \
    "export --decoded"; do
    for store in short long; do
        sequence=
        [ "$command" != read ] || sequence=$zero
        peak "$quipu" $command "sqlite:///$store.db?mmap=0" $sequence >$store ||
            fail "$command"
    done
    more=$(($(cat long) - $(cat short)))
    [ $more -lt 3000 ] ||
        fail "$command needs $more KiB more for a log that is 20 times longer"
done
finish
