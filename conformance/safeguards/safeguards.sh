#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# safeguards.sh [--every N] BUILD DRIVER [PATTERN...]: removes the safeguards of
# a driver, one at a time, and sees whether the case meant for each fails.
# safeguards.sh --check DRIVER...: only compares the marks in the sources with
# the table, expected.txt beside this file.
#
# BUILD is a build folder configured with -DQUIPU_GUARDS=ON -DQUIPU_TESTS=ON:
# there a safeguard is removed by the environment (drivers/common/safeguard.h).
# Patterns choose safeguards by id, as in file names; --every takes one of N.
set -euo pipefail
export LC_ALL=C # a character is a byte

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
table=$here/expected.txt
attempts=3 # one run of a race may miss a removed safeguard

die()
{
    echo "safeguards: $*" >&2
    exit 2
}

# ------------------------------------------------------------------ the table

# rows DRIVER: its rows, as ID|FAILS|ARGUMENTS|SQL|OTHER.
rows()
{
    awk -v driver="$1" '
        function finish() {
            if (row != "") { print row "|" sql "|" other }
            row = sql = other = ""
        }
        /^ *#/ || /^$/ { next }
        /^    sql / {
            at = index($0, " => ")
            if (row != "" && at) {
                sql = substr($0, 9, at - 9)
                other = substr($0, at + 4)
            }
            next
        }
        { finish() }
        $1 == "uri" { next }
        index("," $1 ",", "," driver ",") {
            row = $2 "|" $3 "|"
            for (i = 4; i <= NF; i++) { row = row (i > 4 ? " " : "") $i }
        }
        END { finish() }' "$table"
}

uri_of()
{
    awk -v driver="$1" '$1 == "uri" && $2 == driver { print $3 }' "$table"
}

# marks FOLDER...: the ids that are marked there.
marks()
{
    find "$@" -name '*.[ch]' ! -name safeguard.h -exec cat {} + |
        tr '\n' ' ' | grep -oE 'SAFEGUARD(ED)?\( *"[A-Za-z][^"]*"' |
        sed 's/.*"\(.*\)"/\1/' | sort -u
}

# squeeze FOLDER...: the sources in them, their string literals joined, each run
# of blanks as one.
squeeze()
{
    find "$@" -name '*.c' -exec cat {} + | tr -s ' \n' ' ' |
        sed 's/" "//g; s/\\n/ /g' | tr -s ' '
}

# check DRIVER: each mark has a row, and each row a mark or a piece of SQL.
check()
{
    local own=$root/drivers/$1 common=$root/drivers/common faults=0
    local id fails arguments sql other rest
    declare -A known=()
    while IFS='|' read -r id fails arguments sql other; do
        [ -z "${known[$id]-}" ] || {
            echo "$1 $id: has two rows in expected.txt"
            faults=$((faults + 1))
        }
        known[$id]=yes
        if [ -n "$sql" ]; then
            rest=$(squeeze "$own")
            [[ $rest == *"$(tr -s ' ' <<<"$sql")"* ]] || {
                echo "$1 $id: no statement has \"$sql\""
                faults=$((faults + 1))
            }
        elif ! marks "$own" "$common" | grep -qxF "$id"; then
            echo "$1 $id: no SAFEGUARD in drivers/$1 or drivers/common"
            faults=$((faults + 1))
        fi
    done < <(rows "$1")
    while read -r id; do
        [ -n "${known[$id]-}" ] || {
            echo "$1 $id: has no row in expected.txt"
            faults=$((faults + 1))
        }
    done < <(marks "$own")
    while read -r id; do
        awk -v id="$id" '$2 == id { found = 1 } END { exit !found }' \
            "$table" || {
            echo "common $id: has no row in expected.txt"
            faults=$((faults + 1))
        }
    done < <(marks "$common")
    [ "${#known[@]}" -gt 0 ] || die "expected.txt has no rows of $1"
    echo "safeguards: ${#known[@]} of $1, $faults faults"
    [ "$faults" = 0 ]
}

# -------------------------------------------------------------------- removing

# remove COMMAND...: runs it without the safeguard, which may be marked in C and
# in SQL alike.
remove()
{
    if [ -n "$sql" ]; then
        QUIPU_SAFEGUARD=$id QUIPU_SAFEGUARD_SQL=$sql \
            QUIPU_SAFEGUARD_SQL_BY=$other "$@"
    else
        QUIPU_SAFEGUARD=$id "$@"
    fi
}

# run_case [remove]: the case, its output in $said.
run_case()
{
    local patience=${QUIPU_PATIENCE-1} status=0
    # shellcheck disable=SC2086
    said=$(cd "$work" && $1 "$build/bin/quipu-conformance" "$uri" \
        --only "$fails" --patience "$patience" $arguments 2>&1) || status=$?
    [ "$status" != 2 ] || die "$id: $said"
}

# The driver as it is must pass; found out once for each case.
case_passes()
{
    local key="$work/passes.$fails"
    if [ ! -e "$key" ]; then
        run_case ''
        grep -q '^ok' <<<"$said" && ! grep -q '# SKIP' <<<"$said" || return 1
        : >"$key"
    fi
}

# A crash or a hang is no verdict of the case, unless it had failed before.
case_fails()
{
    run_case remove
    grep -A 1 '^not ok' <<<"$said" | tail -n 1 |
        grep -qvE '^not ok|process died of signal|did not end within'
}

# run_test [remove]: one test of a test program, which "drivers/sqlite/format:
# newer_format_is_refused" names, in an empty folder and, on a server, with a
# new server of its own; its output in $work/said. A hang ends the row: a test
# has to fail without its safeguard, in bounded time.
run_test()
{
    local program=test_${fails%%:*} status=0 server=()
    program=$build/tests/bin/${program//[!A-Za-z0-9]/_}
    [ -x "$program" ] || die "$id: there is no test program $program"
    rm -rf "$work/empty"
    mkdir "$work/empty" || die "$id: a test before it has left $work/empty"
    [[ $fails != drivers/postgres/* ]] ||
        server=("$root/tests/postgres/with-cluster")
    (cd "$work/empty" && QUIPU_TEST_ONLY=${fails#*:} $1 "${server[@]}" \
        timeout --kill-after 5 $((120 * ${QUIPU_PATIENCE-1})) "$program") \
        >"$work/said" 2>&1 ||
        status=$?
    [ "$status" != 124 ] && [ "$status" != 137 ]
}

# The driver as it is must pass; found out once for each test.
test_passes()
{
    local key="$work/passes.${fails//\//_}"
    if [ ! -e "$key" ]; then
        run_test '' && grep -q "OK \] ${fails#*:}\$" "$work/said" || return 1
        : >"$key"
    fi
}

test_fails()
{
    grep -q "FAILED.* ${fails#*:}\$" "$work/said"
}

# Sets $problem when nothing fails.
is_noticed()
{
    local i
    problem="it passes"
    case $fails in
    *:*)
        test_passes || { problem="it fails with the safeguard"; return 1; }
        for ((i = 0; i < attempts; i++)); do
            run_test remove || { problem="it does not end"; return 1; }
            ! test_fails || return 0
        done
        ;;
    *)
        case_passes || { problem="it fails with the safeguard"; return 1; }
        for ((i = 0; i < attempts; i++)); do
            ! case_fails || return 0
            ! grep -q '^not ok' <<<"$said" || problem="it crashes or hangs"
        done
        ;;
    esac
    return 1
}

is_chosen()
{
    local pattern
    [ ${#patterns[@]} -gt 0 ] || return 0
    for pattern in "${patterns[@]}"; do
        # shellcheck disable=SC2053
        [[ $1 != $pattern ]] || return 0
    done
    return 1
}

if [ "${1-}" = --check ]; then
    shift
    faults=0
    for driver; do
        check "$driver" || faults=1
    done
    exit "$faults"
fi

every=1
[ "${1-}" != --every ] || { every=$2; shift 2; }
[ $# -ge 2 ] || die "usage: safeguards.sh [--every N] BUILD DRIVER [PATTERN...]"
build=$(cd "$1" && pwd) || die "no build folder: $1"
driver=$2
shift 2
patterns=("$@")
uri=$(uri_of "$driver")
[ -n "$uri" ] || die "expected.txt has no uri of $driver"
abi=$(awk '$2 == "QUIPU_DRIVER_ABI" { print $3; exit }' \
    "$root/include/quipu/driver.h")
export QUIPU_DRIVER_PATH=$build/lib/quipu/drivers/$abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chosen=0
removed=0
unnoticed=0
while IFS='|' read -r id fails arguments sql other <&3; do
    is_chosen "$id" || continue
    chosen=$((chosen + 1))
    [ $((chosen % every)) = 0 ] || continue
    removed=$((removed + 1))
    if is_noticed; then
        verdict=$fails
    else
        unnoticed=$((unnoticed + 1))
        verdict="UNNOTICED by $fails: $problem"
    fi
    printf '%-4s %-38s %s\n' "${id%%.*}" "${id#*.}" "$verdict"
done 3< <(rows "$driver")
[ "$removed" -gt 0 ] || die "expected.txt has no such safeguard of $driver"
echo "safeguards: $removed removed, $unnoticed unnoticed"
[ "$unnoticed" = 0 ]
