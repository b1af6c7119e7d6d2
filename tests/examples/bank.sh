#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bank.sh BANK QUIPU URI SECONDS [PAUSE [KILLS]]: runs a bank with a teller, two
# customers, of whom one has no patience, and two processes each, as if by
# mistake, that make payments, run timers and keep a read model. Processes that
# end are started again; with PAUSE, one that is chosen at random is killed
# after each PAUSE seconds, until there were KILLS, too. After a third of the
# time version 2 of the read model is built, shown, and version 1 removed. Fails
# unless the audit succeeds. The URI "postgres" is that of the server of
# tests/postgres/with-cluster.
set -euo pipefail
[ "$3" != postgres ] || set -- "$1" "$2" "$QUIPU_TEST_POSTGRES" "${@:4}"
bank=$1 quipu=$2 uri=$3 seconds=$4 pause=${5-} least=${6-0}

declare -A pids=() commands=(
    [teller]="teller 86400" [customer-1]="customer 10"
    [customer-2]="customer 0" [payments-a]=payments [payments-b]=payments
    [timers-a]="timers 0 timers.prom" [timers-b]=timers
    [balances-1a]="balances 1" [balances-1b]="balances 1" [change]="promote 1")
kills=0 reads=0
exec 2>>bank.log # of the programs, and what the shell says of kills

start()
{
    # shellcheck disable=SC2086 # the command and its number
    "$bank" "$uri" ${commands[$1]} >>bank.log &
    pids[$1]=$!
    echo "$1 is process ${pids[$1]}"
}

stop()
{
    unset "commands[$1]"
    [ -z "${pids[$1]-}" ] || kill "${pids[$1]}" 2>/dev/null || true
}

stop_all()
{
    local name
    for name in "${!commands[@]}"; do
        stop "$name"
    done
    wait
}
finish()
{
    local status=$?
    stop_all
    [ "$status" = 0 ] || tail -n 20 bank.log
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# next_change: sets the change that follows the one that has succeeded.
next_change()
{
    case ${commands[change]} in
    "promote 1") unset 'commands[change]' ;;
    "promote 2") commands[change]="retire 1" ;;
    "retire 1")
        unset 'commands[change]'
        stop balances-1a
        stop balances-1b
        ;;
    esac
}

# mind: starts each process that has ended, or what comes after it.
mind()
{
    local name status
    for name in "${!commands[@]}"; do
        [ -n "${pids[$name]-}" ] && kill -0 "${pids[$name]}" 2>/dev/null &&
            continue
        status=0
        [ -z "${pids[$name]-}" ] || wait "${pids[$name]}" || status=$?
        [ "$name $status" != "change 0" ] || [ -z "${pids[change]-}" ] || {
            echo "${commands[change]}: done"
            unset 'pids[change]'
            next_change
        }
        [ -z "${commands[$name]-}" ] || start "$name"
    done
}

kill_one()
{
    local names=("${!commands[@]}") name
    name=${names[RANDOM % ${#names[@]}]}
    if kill -9 "${pids[$name]}" 2>/dev/null; then
        kills=$((kills + 1))
        echo "killed $name, process ${pids[$name]}"
    fi
}

# read_shown: readers find all accounts, or none before a version is shown.
read_shown()
{
    local rows
    rows=$("$bank" "$uri" show | wc -l) || true
    [ "$rows" = 20 ] || { [ "$rows" = 0 ] && [ "$reads" = 0 ]; } ||
        { echo "a reader found $rows of 20 accounts"; exit 1; }
    [ "$rows" = 0 ] || reads=$((reads + 1))
}

"$bank" "$uri" audit >>bank.log
SECONDS=0
while [ "$SECONDS" -lt "$seconds" ] || [ "$kills" -lt "$least" ] ||
    [ -n "${commands[change]-}" ]; do
    if [ "$SECONDS" -ge $((seconds / 3)) ] &&
        [ -z "${commands[balances-2]-}${commands[change]-}" ]; then
        commands[balances-2]="balances 2"
        commands[change]="promote 2"
    fi
    mind
    sleep "${pause:-1}"
    read_shown
    if [ -n "$pause" ]; then kill_one; else "$quipu" consumers "$uri"; fi
done

for name in teller customer-1 customer-2; do
    stop "$name"
    wait "${pids[$name]}" || true
done
echo "waiting for all payments to end, and for balances@2 to contain them"
# complete: succeeds if no payment is open, and the read model is at the end of
# the log.
complete()
{
    "$bank" "$uri" audit >audit.log || exit 1
    grep -q '^payments: .* 0 open$' audit.log &&
        [ "$(awk '/^log/ { print $NF }' audit.log)" = \
            "$(awk '/^balances@2/ { print $6 + 0 }' audit.log)" ]
}
until complete; do
    mind
    sleep 0.2
done
cat audit.log
grep -q '^quipu_build_info{' timers.prom # its metrics
! grep -q balances@1 audit.log
echo "$kills processes killed, $reads readings of all accounts"
