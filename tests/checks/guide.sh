#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guide.sh BUILD: follows docs/writing-a-driver.md with a quipu that it
# installs. For each step of the table in section 2, a copy of the example gets
# the operations of the steps up to this one, and no others, and the section's
# commands must succeed as they are written; then those of section 10. Writes
# into the current (empty) folder.
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

# commands SECTION FILE: stores the commands of a section, with the URI of the
# example for that of the page, and without those for a debugger.
commands()
{
    sed -n "/^## $1\\. /,/^## $(($1 + 1))\\. /p" "$page" >section
    awk '/^```/ { inside = $0 == "```sh"; next } inside' section |
        sed "s|'mystore:{dir}/store'|'memory:{name}'|; s|mystore:|memory:|" |
        sed '/^gdb /,/[^\\]$/d' >"$2"
}

commands 2 commands.sh
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
    capabilities=$(grep -xE 'QUIPU_CAN_(LOG|TRACK|ENTRIES|ERASE)' words |
        paste -sd '|')
    guards=$(grep -cx guards words || true)
    all='QUIPU_CAN_LOG | QUIPU_CAN_TRACK'
    sed -e '/opened->capabilities |=/d' -e "s/= $all;/= ${capabilities:-0};/" \
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
        { print }' words - >next/memory.c
    cat "$here/package/guide_steps.c" >next/guide_steps.c
    sed "s|SOURCES memory.c|SOURCES guide_steps.c memory.c|" \
        "$example/CMakeLists.txt" >next/CMakeLists.txt
    printf '#define GUARDS %d\n' "$guards" | cat - next/guide_steps.c >swap
    mv swap next/guide_steps.c
}

before=0
count=$(wc -l <steps)
step=1
while [ "$step" -le "$count" ]; do
    rm -rf next
    cp -R "$example" next
    unfinish "$step"
    if [ "$step" -gt 1 ] && diff -rq -x build work next >/dev/null; then
        echo "step $step: the example has nothing of it"
        step=$((step + 1))
        continue
    fi
    rm -rf work
    mv next work
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

# The finished driver is still in build/; section 10 tests it, also with a
# sanitizer.
sanitizer=$(cc -print-file-name=libasan.so)
[ -f "$sanitizer" ] || {
    echo "gcc has no libasan.so" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
commands 10 test.sh
grep -q LD_PRELOAD test.sh || fail "section 10 does not use a sanitizer"
export QUIPU_DRIVER_PATH="$PWD/work/build/lib/quipu/drivers/1"
(cd work && sh -eu ../test.sh) >test.log 2>&1 || {
    tail -n 40 test.log
    fail "the commands of section 10 fail"
}
[ "$(grep -c '^# all guarantees that the URI declares hold' test.log)" = 2 ] ||
    fail "section 10 does not run the suite twice: $(cat test.log)"

# A sanitizer's finding fails the case, with its report, in the module and in
# the driver's own test.
sed -i 's|^    pthread_mutex_lock(&store->lock);|&\
    char *one = store->host->allocate(1);\
    ((volatile char *)one)[1] = 0;\
    store->host->release(one);|' work/append.c
cmake --build work/build-asan >build.log 2>&1 || fail "$(tail build.log)"
export QUIPU_DRIVER_PATH="$PWD/work/build-asan/lib/quipu/drivers/1"
for program in "env LD_PRELOAD=$sanitizer quipu-conformance" \
    work/build-asan/memory-conformance; do
    $program memory: --only U1.taken-position-conflicts >found.log 2>&1 &&
        fail "$program passes a driver that writes beyond its memory"
    grep -q 'AddressSanitizer: heap-buffer-overflow' found.log ||
        fail "the report of $program is: $(cat found.log)"
done
echo "each step of the guide works as written"
