#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# alter: adds columns; items that are stored before and after it are shown,
# verified, copied, exported and imported, and are in a backup.
. "$(dirname "$0")/lib.sh"

a=$(store a)
"$plant" plain "$a" 2 3

# A rehearsal changes nothing, and neither does an answer that is missing.
expect 0 "$quipu" info "$a"
cp out before
expect 0 "$quipu" alter --dry-run --add customer:text --add amount:int "$a"
same <<'END'
schema          stored_events
would add       customer (further, text)
                amount (further, int)
END
quiet
expect 2 "$quipu" alter --add customer:text "$a" </dev/null
complains "confirm the change with --yes"
expect 0 "$quipu" info "$a"
cmp -s before out || fail "the store was altered"

# The command line is checked before anything else.
expect 2 "$quipu" alter --yes "$a"
complains "no column was named"
for column in customer customer: customer:words :text ; do
    expect 2 "$quipu" alter --yes --add "$column" "$a"
done
complains "columns[0] is empty"
expect 2 "$quipu" alter --yes --add topic:text --add Topic:int "$a"
complains "differ only in case"
expect 2 "$quipu" alter --yes --add event_id:uuid "$a"
expect 0 "$quipu" info "$a"
cmp -s before out || fail "the store was altered"

# The columns are added, once.
expect 0 "$quipu" alter --yes --add customer:text --add amount:int "$a"
same <<'END'
schema          stored_events
added           customer (further, text)
                amount (further, int)
END
quiet
expect 0 "$quipu" alter --yes --add amount:int --add customer:text "$a"
says "nothing: it has all these columns"
expect 2 "$quipu" alter --yes --add amount:text "$a"
complains '"amount" and "amount" are the same'
expect 0 "$quipu" info "$a"
says "customer (further, text)"
says "amount (further, int)"
expect 0 "$quipu" info --json "$a"
says '{"name":"amount","kind":"int"}'

# A program of the former definition is told what to do.
expect 1 "$plant" more "$a" 1
complains "its further column is customer, expected (none)"
complains "open the schema with it"

# Items of both definitions.
expect 0 "$plant" wide "$a" 0 2
expect 0 "$quipu" alter --yes --add "at home:time" "$a"
expect 0 "$plant" wide "$a" 2 2
expect 0 "$quipu" log --json "$a"
[ "$(grep -c '"customer":null' out)" = 6 ] || fail "not 6 items without a value"
[ "$(grep -c '"customer":"customer"' out)" = 4 ] || fail "not 4 with a value"
expect 0 "$quipu" verify "$a"

# They are copied, exported and imported.
b=$(store b)
expect 0 "$quipu" copy "$a" "$b"
says "stored_events     10      10  same"
"$quipu" export "$a" >a.jsonl || fail "the store cannot be exported"
"$quipu" import "$(store c)" <a.jsonl >out 2>err || fail "the import failed"
expect 0 "$quipu" copy --verify-only "$b" "$(store c)"
expect 0 "$quipu" verify "$(store c)"
"$quipu" export "$(store c)" | sed 1d >c.jsonl
sed 1d a.jsonl | cmp - c.jsonl || fail "the imported store differs"

# A copy gets no columns by itself: the schemas differ.
expect 0 "$quipu" alter --yes --add more:bool "$a"
expect 1 "$quipu" copy "$a" "$b"
complains "the number of further columns differs"
expect 0 "$quipu" alter --yes --add more:bool "$b"
expect 0 "$quipu" copy "$a" "$b"
says "same"

# Where there are several schemas, one has to be named.
"$plant" rich "$a"
expect 1 "$quipu" alter --yes --add x:int "$a"
complains "the store has 2 schemas; name one with --schema TABLE"
expect 0 "$quipu" alter --yes --schema rich --add x:int "$a"
expect 0 "$quipu" info --schema stored_events "$a"
! grep -q "x (further" out || fail "another schema was altered, too"
expect 0 "$quipu" verify --raw "$a"

# A backup has the new definition.
if [ "$driver" != postgres ]; then
    expect 0 "$quipu" backup "$a" a.backup
    expect 0 "$quipu" restore a.backup "$(store d)"
    expect 0 "$quipu" copy --verify-only "$a" "$(store d)"
    expect 0 "$quipu" verify --raw "$(store d)"
fi

# A reader alters nothing.
expect 1 "$quipu" alter --yes --schema rich --add y:int "$a&readonly=yes"
complains "readonly"
finish
