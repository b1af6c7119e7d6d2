#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# guards.sh [--check] BUILD DRIVER [PATTERN...]: takes the guards of a driver
# away, one at a time, and sees whether the case that is meant for each fails.
#
# BUILD is a build folder of CMake's with Ninja, where the driver and
# quipu-conformance are built.  With --check it only looks whether every edit
# still fits the sources.  Patterns choose guards by id, as file names are.
#
# DRIVER.txt beside this file is the list.  A guard in it is
#
#     ID FILE                   the file below drivers/
#         why, in words
#         fires CASE            of the suite; or TEST BEHAVIOUR, of the
#                               driver's own tests
#         with ARGUMENT...      to quipu-conformance; may be left out
#     -a line of the file, as it stands there, or several
#     +what stands there instead, if anything
#     @ FILE                    another edit of the same guard follows
#
# and "uri URI" at the top names the store.  The lines that are taken away must
# be in the file exactly once.
set -euo pipefail
export LC_ALL=C # a character is a byte

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
attempts=3 # a race may pass a removal over once

die()
{
    echo "guards: $*" >&2
    exit 2
}

check=
[ "${1-}" != --check ] || { check=yes; shift; }
[ $# -ge 2 ] || die "usage: guards.sh [--check] BUILD DRIVER [PATTERN...]"
build=$(cd "$1" && pwd) || die "no build folder: $1"
driver=$2
shift 2
list=$here/$driver.txt
[ -r "$list" ] || die "no list of guards: $list"
mkdir -p "$build/guards"
work=$(mktemp -d "$build/guards/$driver-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/drivers" "$work/module" "$work/place" "$work/sound"

# ---------------------------------------------------------------- the edits

# edit FILE: replaces $old by $new in the copy of a source.
edit()
{
    local copy=$work/drivers/$1 status=0
    [ -e "$root/drivers/$1" ] || die "$id: there is no drivers/$1"
    [ -n "$old" ] || die "$id: takes nothing from drivers/$1"
    mkdir -p "${copy%/*}"
    [ -e "$copy" ] || cp "$root/drivers/$1" "$copy"
    OLD=$old NEW=$new awk '
        { text = text "\n" $0 }
        END {
            old = "\n" ENVIRON["OLD"]
            text = text "\n"
            at = index(text, old)
            if (!at) { exit 3 }
            rest = substr(text, at + length(old))
            if (index("\n" rest, old)) { exit 4 }
            printf "%s", substr(text, 2, at - 1) ENVIRON["NEW"] rest
        }' "$copy" >"$copy.new" || status=$?
    case $status in
    0) mv "$copy.new" "$copy" ;;
    3) die "$id: drivers/$1 has it no longer:
$old" ;;
    *) die "$id: drivers/$1 has it twice:
$old" ;;
    esac
}

# ---------------------------------------------------------------- compiling

# commands_of TARGET: what Ninja would run for it.
commands_of()
{
    local kept=$work/commands.$1
    [ -e "$kept" ] || ninja -C "$build" -t commands "$1" >"$kept"
    cat "$kept"
}

# compile TARGET FLAVOUR: the edited files as the target would be compiled; its
# objects lie in folders of that name, or in those of what drivers share.
compile()
{
    local file object command
    objects=
    for file in "${files[@]}"; do
        object=$work/$2.${file//\//.}.o
        command=$(commands_of "$1" |
            grep -F -e "-c $root/drivers/$file" -e "-c '$root/drivers/$file'" |
            grep -m 1 -F -e "/$2.dir/" -e /quipu_driver_common.dir/) ||
            die "$id: $1 does not compile drivers/$file"
        command=$(sed -E "s| -c .*| -c '$work/drivers/$file' -w|
            s|\$| -I'$root/drivers/${file%/*}'|
            s| -o [^ ]+| -o '$object'|; s| -M[TF] [^ ]+||g; s| -MD||" \
            <<<"$command")
        (cd "$build" && eval "$command") || die "$id: it does not compile"
        objects="$objects '$object'"
    done
}

# link TARGET RESULT: the last command of the target with our objects first; a
# library's own are then not wanted, and single ones are left out.
link()
{
    local command file own=drivers/$driver/CMakeFiles/quipu_driver_$driver.dir
    command=$(commands_of "$1" | tail -n 1)
    command=${command#*&& }
    command=${command%% &&*}
    for file in "${files[@]}"; do
        [ "${file%/*}" != "$driver" ] ||
            command=${command/ "$own/${file##*/}.o"/}
    done
    command=$(sed -E "s| -o [^ ]+| -o '$2'$objects|" <<<"$command")
    (cd "$build" && eval "$command") || die "$id: it does not link"
}

# ------------------------------------------------------------------ judging

# run_case FOLDER: the case on the driver in that folder, its words to $said.
run_case()
{
    local patience=${QUIPU_PATIENCE-1} status=0
    said=$(cd "$work/place" && QUIPU_DRIVER_PATH=$1 \
        "$build/bin/quipu-conformance" "$uri" --only "$expected" \
        --patience "$patience" "${arguments[@]}" 2>&1) || status=$?
    [ "$status" != 2 ] || die "$id: $said"
}

# A crash or a hang betrays the driver, but is no judgement, unless the case had
# something to say before.
case_fired()
{
    run_case "$work/module"
    grep -A 1 '^not ok' <<<"$said" | tail -n 1 |
        grep -qvE '^not ok|process died of signal|did not end in time'
}

# The driver as it is must pass; found out once for each case.
case_is_sound()
{
    local key=$work/sound/$expected
    if [ ! -e "$key" ]; then
        run_case "$build/lib/quipu/drivers/$abi"
        grep -q '^ok' <<<"$said" && ! grep -q '# SKIP' <<<"$said" || return 1
        : >"$key"
    fi
}

run_case_on_module()
{
    local file
    compile "quipu_driver_$driver" "quipu_driver_$driver"
    link "quipu_driver_$driver" "$work/module/$driver.so"
    for file in "$build/lib/quipu/drivers/$abi"/*.so; do
        [ ! -L "$file" ] || [ "$(readlink "$file")" != "$driver.so" ] ||
            ln -sf "$driver.so" "$work/module/${file##*/}"
    done
    case_is_sound || { problem="without the edit it does not pass"; return 1; }
    problem="it passes"
    for ((i = 0; i < attempts; i++)); do
        ! case_fired || return 0
        ! grep -q '^not ok' <<<"$said" || problem="it crashes or hangs"
    done
    return 1
}

# A test of the driver's own: "drivers/sqlite/format a_newer_format_is_refused".
run_test()
{
    local target=test_${expected%% *} behaviour=${expected#* }
    target=${target//[!A-Za-z0-9]/_}
    compile "$target" "quipu_driver_${driver}_static"
    link "$target" "$work/place/test"
    problem="it passes"
    for ((i = 0; i < attempts; i++)); do
        rm -rf "$work/empty"
        mkdir "$work/empty"
        (cd "$work/empty" && timeout 120 ../place/test) >"$work/said" 2>&1 ||
            true
        ! grep -q "FAILED.* $behaviour\$" "$work/said" || return 0
    done
    return 1
}

# --------------------------------------------------------------- the guards

removed=0
unnoticed=0

# Judges the guard that has been read, if it is wished for.
finish_guard()
{
    [ -n "$id" ] || return 0
    [ -z "$file" ] || [ -z "$old$new" ] || { edit "$file"; old=; new=; }
    [ -n "$expected" ] || die "$id: \"fires\" is missing"
    removed=$((removed + 1))
    if [ -z "$check" ]; then
        local verdict problem=
        case $expected in
        *' '*) run_test && verdict=$expected || verdict=UNNOTICED ;;
        *) run_case_on_module && verdict=$expected || verdict=UNNOTICED ;;
        esac
        if [ "$verdict" = UNNOTICED ]; then
            unnoticed=$((unnoticed + 1))
            verdict="UNNOTICED by $expected: $problem"
        fi
        printf '%-4s %-38s %s\n' "${id%%.*}" "${id#*.}" "$verdict"
    fi
    id=
}

is_wished()
{
    local pattern
    [ ${#wishes[@]} -gt 0 ] || return 0
    for pattern in "${wishes[@]}"; do
        # shellcheck disable=SC2053
        [[ $1 != $pattern ]] || return 0
    done
    return 1
}

begin_guard()
{
    finish_guard
    is_wished "$1" || return 0
    id=$1
    file=$2
    files=("$2")
    old= new= expected=
    arguments=()
    rm -rf "$work/drivers"
}

begin_edit()
{
    edit "$file"
    old= new=
    file=$1
    case " ${files[*]} " in
    *" $file "*) ;;
    *) files+=("$file") ;;
    esac
}

abi=$(awk '$2 == "QUIPU_DRIVER_ABI" { print $3; exit }' \
    "$root/include/quipu/driver.h")
wishes=("$@")
id= uri=
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    '' | '#'*) ;;
    'uri '*) uri=${line#uri } ;;
    '    fires '*) expected=${line#    fires } ;;
    '    with '*) read -ra arguments <<<"${line#    with }" ;;
    '    '*) ;;
    -*) [ -z "$id" ] || old=$old${line#-}$'\n' ;;
    +*) [ -z "$id" ] || new=$new${line#+}$'\n' ;;
    '@ '*) [ -z "$id" ] || begin_edit "${line#@ }" ;;
    *' '*) begin_guard "${line%% *}" "${line##* }" ;;
    *) die "$driver.txt: what is \"$line\"?" ;;
    esac
done <"$list"
finish_guard

[ "$removed" -gt 0 ] || die "$driver.txt has no such guard"
if [ -n "$check" ]; then
    echo "guards: all $removed edits of $driver fit"
else
    echo "guards: $removed removed, $unnoticed unnoticed"
fi
[ "$unnoticed" = 0 ]
