#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# verify and copy, where a byte on the disk has changed: LMDB's driver knows of
# each value whether it is what was stored.
. "$(dirname "$0")/lib.sh"

# Damages the state of the item at position 100, wherever the file has it.
"$plant" plain "$(store whole durability=relaxed)" 1 200
cp -R whole a
LC_ALL=C grep -obUaP '\x81\xa1n\xd1\x00\x64' a/data.mdb | cut -d : -f 1 >places
[ -s places ] || fail "the state is not in the file"
while read -r place; do
    printf '\202' |
        dd of=a/data.mdb bs=1 seek="$place" conv=notrunc 2>dd.err
done <places

# That item is named, and no other: not those that are read ahead with it.
expect 1 "$quipu" verify "$(store a)"
sed 's/: item 101 .*/: damaged/' out >named
mv named out
same <<END
item: stored_events, notification id 101: damaged
item: stored_events, sequence $zero, position 100: damaged
schema         items  sequences  findings  verdict
stored_events    200          1         2  broken
END
expect 1 "$quipu" copy --verify-only "$(store whole)" "$(store a)"
complains "item 101 of schema \"stored_events\""
expect 1 "$quipu" copy "$(store a)" "$(store b)"
complains "item 101 of schema \"stored_events\""
finish
