#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The statements of docs/operations.md about LMDB.
. "$(dirname "$0")/lib.sh"
uri=lmdb:///store?timeout=300000

"$plant" plain "$uri" 3 100
"$plant" track "$uri"

claim "quipu backup runs beside programs that append"
(while [ ! -e stop ]; do "$plant" more "$uri" 5 || exit 1; done) >writer 2>&1 &
writer=$!
expect 0 "$quipu" backup "$uri" backup
: >stop
wait $writer || { fail "the writer failed"; cat writer; }
claim "under the name data.mdb, in a folder of its own, it is a store"
mkdir opened
cp backup opened/data.mdb
expect 0 "$quipu" verify lmdb:///opened
last=$(head_of lmdb:///opened)

claim "It refuses to replace a store that exists, unless --force is given"
expect 1 "$quipu" restore backup "$uri"
"$plant" more "$uri" 7
expect 0 "$quipu" restore --force backup "$uri"
holds "$uri" "$last"

claim "A second name of a file (a hard link)"
ln store/data.mdb linked
expect 2 "$quipu" info "$uri"
complains "has a second name (hard link)"
rm linked
holds "$uri" "$last"

claim "mdb_copy of the folder"
if command -v mdb_copy >found; then
    mkdir copied
    expect 0 mdb_copy store copied
    holds lmdb:///copied "$(head_of "$uri")"
fi
finish
