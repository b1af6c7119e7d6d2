#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guide.sh BUILD: follows section 2 of docs/writing-a-driver.md with a quipu
# that it installs. For each step of the table there, a copy of the example gets
# the operations of the steps up to this one, and no others, and the section's
# commands must succeed as they are written.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
unset QUIPU_DRIVER_PATH LD_LIBRARY_PATH PKG_CONFIG_PATH DESTDIR

fail()
{
    echo "guide: $*"
    exit 1
}

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cmake --install "$build" --prefix "$folder/quipu" >install.log
page=$(echo "$folder"/quipu/share/doc/*/writing-a-driver.md)
example=$(dirname "$page")/examples/third-party-driver
export PATH="$folder/quipu/bin:$PATH" CMAKE_PREFIX_PATH="$folder/quipu"

sed -n '/^## 2\. /,/^## 3\. /p' "$page" >section
awk '/^```/ { inside = $0 == "```sh"; next } inside' section |
    sed "s|'mystore:{dir}/store'|'memory:{name}'|" >commands.sh
grep -q unfinished commands.sh || fail "section 2 has no commands"
grep -E '^\| [0-9]+ \|' section >steps || fail "section 2 has no table of steps"
[ "$(wc -l <steps)" -ge 8 ] || fail "only $(wc -l <steps) steps"

# words STEP: the names in the second column of the steps up to this one.
words()
{
    head -n "$1" steps | cut -d '|' -f 3 | grep -oE '`[A-Za-z_]+`' | tr -d '`'
}

# unfinish STEP: removes the operations and capabilities of later steps.
unfinish()
{
    words "$1" >words
    capabilities=$(grep -xE 'QUIPU_CAN_(LOG|TRACK)' words | paste -sd '|')
    guards=$(grep -cx guards words || true)
    sed -e "s/= QUIPU_CAN_LOG | QUIPU_CAN_TRACK;/= ${capabilities:-0};/" \
        -e 's/\.append = memory_append,/.append = guide_append,/' \
        -e '/^static const quipu_driver driver/i \
int guide_append(quipu_driver_datastore *, const quipu_request *, size_t,\
                 quipu_result *, size_t *, int64_t, quipu_error *);' \
        "$example/memory.c" | awk '
        NR == FNR { written[$1] = 1; next }
        /^    \.[a-z_]+ = (memory|guide)_/ {
            name = $1
            sub(/^\./, "", name)
            if (!(name in written) && name !~ /^(library|open|close)$/) {
                next
            }
        }
        { print }' words - >work/memory.c
    cat "$here/package/guide_steps.c" >work/guide_steps.c
    sed "s|SOURCES memory.c|SOURCES guide_steps.c memory.c|" \
        "$example/CMakeLists.txt" >work/CMakeLists.txt
    printf '#define GUARDS %d\n' "$guards" | cat - work/guide_steps.c >swap
    mv swap work/guide_steps.c
}

before=0
count=$(wc -l <steps)
step=1
while [ "$step" -le "$count" ]; do
    rm -rf work
    cp -R "$example" work
    unfinish "$step"
    (cd work && sh -eu ../commands.sh) >step.log 2>&1 || {
        grep -A3 '^not ok' step.log || true
        tail -n 30 step.log
        fail "the commands of step $step fail"
    }
    passed=$(sed -nE 's/^# passed ([0-9]+), failed 0,.*/\1/p' step.log)
    tail -n 2 step.log | head -n 1
    echo "step $step: ${passed:-?} cases passed"
    [ "${passed:-0}" -ge "$before" ] || fail "fewer cases than before"
    [ "${passed:-0}" -gt 0 ] || fail "step $step passes no case"
    before=$passed
    step=$((step + 1))
done
! grep -q 'does not have' step.log ||
    fail "the last step lacks something: $(tail -n 2 step.log)"
echo "each step of the guide works as written"
