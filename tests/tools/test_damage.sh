#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# verify and copy name an item that was damaged on disk: the LMDB driver keeps a
# checksum of each value.
. "$(dirname "$0")/lib.sh"

# Damage the state of the item at position 100 at each place in the file.
"$plant" plain "$(store whole durability=relaxed)" 1 200
cp -R whole a
LC_ALL=C grep -obUaP '\x81\xa1n\xd1\x00\x64' a/data.mdb | cut -d : -f 1 >offsets
[ -s offsets ] || fail "the state is not in the file"
while read -r offset; do
    printf '\202' |
        dd of=a/data.mdb bs=1 seek="$offset" conv=notrunc 2>dd.err
done <offsets

# That item is named, and none of the items that are read ahead with it.
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
