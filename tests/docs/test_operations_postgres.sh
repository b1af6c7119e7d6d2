#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The statements of docs/operations.md about PostgreSQL.
. "$(dirname "$0")/lib.sh"
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ ! -x "$bin/pg_dump" ] || PATH=$bin:$PATH
uri=$QUIPU_TEST_POSTGRES

"$plant" plain "$uri" 3 100
"$plant" track "$uri"

claim "pg_dump and pg_restore take one consistent state, while programs append"
(while [ ! -e stop ]; do "$plant" more "$uri" 5; done) >writer 2>&1 &
writer=$!
expect 0 pg_dump --format=custom --file=dump "$PGDATABASE"
: >stop
wait $writer || { fail "the writer"; cat writer; }
expect 0 createdb restored
expect 0 pg_restore --dbname=restored dump
copy=$(echo "$uri" | sed 's,///quipu,///restored,')
expect 0 "$quipu" verify "$copy"
[ "$(head_of "$copy")" -ge 300 ] || fail "the dump lacks events"
[ "$(head_of "$copy")" -le "$(head_of "$uri")" ] || fail "the dump has more"

claim "A restored store has the identity of the original (L5)"
[ "$(identity_of "$uri")" = "$(identity_of "$copy")" ] || fail "identities"

claim "keeps its position in the store itself is restored with it"
"$quipu" info --json "$copy" | grep -q '"consumer":"report"' ||
    fail "tracking is missing"

claim "To get a store with an identity of its own, use quipu copy"
expect 0 createdb copied
own=$(echo "$uri" | sed 's,///quipu,///copied,')
expect 0 "$quipu" copy "$copy" "$own"
[ "$(identity_of "$own")" != "$(identity_of "$copy")" ] || fail "same identity"

claim "the indexed text columns of quipu compare bytes (COLLATE \"C\")"
psql -Atc "SELECT c.relname, a.attname FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_index i ON i.indrelid = c.oid AND a.attnum = ANY (i.indkey)
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_collation l ON l.oid = a.attcollation
     WHERE c.relnamespace = 'public'::regnamespace AND t.typname = 'text'
       AND l.collname IS DISTINCT FROM 'C'" >out
[ ! -s out ] || { fail "indexed columns with another collation"; cat out; }
finish
