#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_status.sh SAMPLE: the exit status and the summary of a run.
. "$(dirname "$0")/lib.sh"

good='U1.*,L1.*,V3.counts,contract.no-log'

all=$("$suite" --list | grep -vc '^ ')

# The selected cases pass, and the summary counts those not selected.
expect 0 "$suite" --only "$good"
says '^# U1 +One winner +holds +1 +0 +0$'
says '^# contract .* not declared +0 +0 +1 +needs a store without a log$'
says '^# U2 .* not run +0 +0 +0$'
says "the selected cases hold; $((all - 4)) cases were not selected"
says '^1\.\.4$'

# A failure, a crash and a time limit are reported with their reasons.
expect 1 "$suite" --only "$good,U2.*,F1.crashes,F2.hangs"
says '^not ok 2 - U2\.fails'
says '^  # and on$'
says '^  # Its <text> is & "hard"\.$'
says '^  # its process died of signal 9 \(Killed\)$'
says '^  # it did not end within [0-9.]+ s and was killed$'
says '^# U2 .* BROKEN +0 +1 +0'
says '^# BROKEN: U2 F1 F2; '

# A case has passed only if it returns. No exit status stands for that, and no
# worker or thread may end early.
for early in exits exits-as-skipped worker-exits thread-exits leaves-to-child
do
    expect 1 "$suite" --only "$good,F1.$early"
    says "^not ok 4 - F1\.$early"
done
expect 1 "$suite" --only F1.exits
says '^  # its process ended with exit status 0 before its work was done'
expect 1 "$suite" --only F1.exits-as-skipped
says '^  # its process ended with exit status 77 before its work was done'
expect 1 "$suite" --only F1.worker-exits
says '^  # .*process 1 ended with exit status 0 before its work was done'
expect 1 "$suite" --only F1.thread-exits
says '^  # .*thread 1 was ended by a call that it made$'

# A driver that ends the process while it opens the store.
expect 1 "$suite" exits:x --only "$good"
says '^Bail out! while it opened the store, the process ended with exit st.* 0'
keeps_quiet_of 'interrupted'
expect 1 "$suite" crashing:x --only "$good" --format json
says 'the process died of signal 9 \(Killed\)\\nabout to crash'

# A failure counts for the guarantees that it shows to be broken.
expect 1 "$suite" --only "$good,V2.*" --output json=r.json
says '^# L2 .* BROKEN +0 +1 +0'
says '^# S4 .* BROKEN +0 +1 +0'
says '^# V2 .* not run +0 +0 +0'
says '^# BROKEN: S4 L2; '
grep -q '"broken":"L2 S4"' r.json || fail "the JSON report names no guarantee"

# A case that skips itself.
expect 3 "$suite" --only "$good,S1.*"
says '# SKIP it lacks <what> it takes$'
says '^# S1 .* not tested +0 +0 +1 +NOT TESTED: it lacks <what> it takes$'
says 'no case failed, but NOT EVERYTHING WAS TESTED: S1;'

# A case that is not declared or of another profile does not affect the status.
expect 0 "$suite" --only "$good,V1.*,F3.*"
says '^# V1 .* not declared +0 +0 +1 +needs functions in a transaction$'
says '^# F3 .* not run +0 +0 +1 +needs the profile full or soak$'
expect 0 "$suite" --only "$good,F3.*" --profile full
says '^# F3 .* holds '

# A persistent store needs {dir} or server hooks for status 0.
expect 3 "$suite" 'lasting:{name}' --only "$good,V3.needs-files"
says 'V3 .* partly tested +1 +0 +1 +NOT TESTED: needs \{dir\} in the URI$'
expect 3 "$suite" 'lasting:{name}' --only "$good,V5.stops*"
says 'V5 .* not tested +0 +0 +1 +NOT TESTED: needs --stop and --start$'
expect 0 "$suite" 'lasting:{dir}' --only "$good,V3.needs-files,V5.stops*"
says 'V5 .* not declared +0 +0 +1 +needs --stop and --start$'
expect 0 "$suite" 'memory:{name}' --only "$good,V3.needs-files,V5.stops*"
expect 0 "$suite" 'lasting:{name}' --only "$good,V3.needs-files" \
    --stop : --start :

# The summary shows what a driver does not declare.
expect 0 "$suite" 'bare:{name}' --only "$good"
says '^# declares: nothing$'
says '^# L1 .* not declared '
says 'not declared: log, tracking, transact, backup, entries, erase, scrub, '
expect 3 "$suite" 'bare:{name}' --only 'L1.*'
says 'NOTHING WAS TESTED'

# The worst result of several URIs is the status.
expect 0 "$suite" 'memory:{name}' 'memory:{dir}' --only "$good"
says '^ok 8 - contract'
expect 3 "$suite" 'lasting:{name}' 'memory:{name}' --only "$good,V5.stops*"
expect 1 "$suite" nowhere: 'memory:{name}' --only "$good"
says '^Bail out! .*no driver for "nowhere"'
keeps_quiet_of '^1\.\.'

# No message and no report shows a password, even if the store cannot be opened.
expect 1 "$suite" 'nowhere://me:secret@host/x' --only "$good" \
    --output html=r.html --output json=r.json --output junit=r.xml
same "reports with the password" "" "$(grep -l secret out err r.html r.json \
    r.xml || true)"

# Counts.
expect 0 "$suite" --only 'V3.counts'
says 'kills 3, power cuts 5,'
expect 0 "$suite" 'memory:{name}' 'memory:{dir}' --only V3.counts \
    --profile full
says 'kills 3, power cuts 50,'
expect 0 "$suite" --only V3.counts --profile soak
says 'kills 3, power cuts 500,'
expect 1 "$suite" --only V3.miscounts
says 'there is no count "sheep"'

# Names and folders, also with several jobs; folders are removed.
expect 0 "$suite" --only V4.name
mkdir folders
expect 0 env TMPDIR="$PWD/folders" "$suite" 'memory:{dir}' --only V4.folder \
    --jobs 3
same "what is left of folders" "" "$(ls folders)"
expect 1 env TMPDIR="$PWD/folders" "$suite" 'memory:{dir}' --only 'F*' \
    --skip F2.spins --jobs 4
same "what is left after failures" "" "$(ls folders)"

# The standard output of a driver does not reach the report.
expect 0 "$suite" --only 'options.prints,U1.*'
says '^ok 2 - options\.prints'
keeps_quiet_of '^not ok'
keeps_quiet_of '^1\.\.1$'

# A lower time limit; and less time for the cases after one that was late.
expect 1 "$suite" --only 'F2.spins' --limit 1 --patience 1
says '^  # it did not end within 1\.0 s and was killed$'
expect 1 "$suite" --only 'F2.*' --limit 8 --patience 1
says '^  # it did not end within 1\.0 s and was killed$'
keeps_quiet_of 'within 8\.0 s'
same "the number of late cases" 2 "$(grep -c 'did not end within' out)"

# --fail-fast ends after the first failure, and later URIs are not tested.
expect 1 "$suite" 'memory:{name}' 'memory:{dir}' --fail-fast
says '^not ok 2 - U2\.fails'
says '^Bail out! stopped at the first failure$'
same "the number of cases that ran" 2 "$(grep -cE '^(not )?ok ' out)"
expect 1 "$suite" nowhere: 'memory:{dir}' --fail-fast --only 'U1.*'
keeps_quiet_of '^ok'

# --in-process runs a case in the process itself, where a debugger is.
expect 0 "$suite" --in-process U1.passes
complains '^U1\.passes passed$'
same "standard output without a report" "" "$(cat out)"
expect 1 "$suite" --in-process U2.fails
complains '^U2\.fails runs in process [0-9]+ on memory:conformance_'
complains '^sample_suite\.c:[0-9]+: a < b &&'
sh -c 'echo $$ >pid; exec "$0" --in-process F1.crashes' "$suite" 2>err && :
same "the status of a process that dies of SIGKILL" 137 $?
complains "^F1\.crashes runs in process $(cat pid) "
expect 3 "$suite" --in-process V1.needs-transact
complains '^V1\.needs-transact cannot run: it needs functions in'
expect 2 "$suite" --in-process 'U*'
complains 'if one case and one URI are given'
expect 1 "$suite" nowhere: --in-process U1.passes
complains 'no driver for "nowhere"'

# --unfinished: a driver that is being written. Cases that call what it does not
# have are skipped, also if a worker does and the others would wait for ever.
new='unfinished:{name}'
cases='U1.*,contract.appends*,contract.reads*'
expect 0 "$suite" "$new" --unfinished --only "$cases" --output json=r.json
says '^ok 1 - U1\.passes # [0-9]+ ms$'
says '^ok 2 - contract\.appends-guarded # SKIP .* not have append guards yet$'
says '^ok 3 - contract\.reads-in-worker # SKIP .* not have read_sequence yet$'
says 'NOT EVERYTHING WAS TESTED: contract; .* not have append guards yet; '
says '; the driver does not have read_sequence yet; not declared: '
says ': 2 NOT WRITTEN YET$'
grep -q '"unwritten":2' r.json || fail "the JSON report: $(cat r.json)"
expect 0 "$suite" 'memory:{name}' "$new" --unfinished --only "$cases" \
    --skip 'contract.reads*'
expect 3 "$suite" 'lasting:{name}' --unfinished --only 'U1.*,V3.needs-files'
expect 1 "$suite" "$new" "memory:{name}" --unfinished --only "$cases,U2.*" \
    --skip 'contract.reads*'
expect 3 "$suite" "$new" --unfinished --only 'contract.appends*'
says 'not have append guards yet'
expect 1 "$suite" "$new" --only 'contract.appends*'
says 'append returns UNSUPPORTED .* not listed for it: append guards$'

# Folders in which nothing can be created fail no driver.
expect 2 "$suite" --only "$good" --histories no/such/folder
complains 'the folder for histories .* does not exist'
expect 2 env QUIPU_HISTORIES="$PWD/out" "$suite" --only "$good"
complains 'the folder for histories'
expect 2 env TMPDIR="$PWD/nowhere" "$suite" --only "$good"
complains 'the folder of temporary files'

# Wrong usage.
for wrong in --only=nothing.* --profile=long --format=yaml --output=html \
    --output=yaml=x --output=html=no/such/folder/x --seed=1x --jobs=0 \
    --patience=-1 --stop=: --start=: --nonsense; do
    expect 2 "$suite" "$wrong"
    complains .
done
finish
