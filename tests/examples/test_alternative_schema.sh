#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_alternative_schema.sh PROGRAM QUIPU: alternative-schema prints the same
# for every store, and sqlite3 shows the names of its table and columns.
set -eu
program=$1
quipu=$2
failures=0

fail()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# columns FILE TABLE: prints the names of a table's columns.
columns()
{
    sqlite3 "$1" "SELECT group_concat(name, ',') FROM pragma_table_info('$2')"
}

cat >wanted <<END
created an example with foo "bar"
read it: foo is "bar", its next version 1
changed foo to "baz"
read it: foo is "baz", its next version 2
discarded it; the repository does not have it any more

In the table stored_events (id, aggregate_id, aggregate_version, event_type, \
state, event_id) are now:
  0  Example.Created
  1  Example.Changed
  2  Example.Discarded
END

# The preset: in the default store, in memory, in a file, in the same file
# again, and with another driver.
for uri in "" sqlite:///:memory: sqlite:///a.db sqlite:///a.db memory:; do
    "$program" $uri >out 2>&1 || fail "$program $uri"
    diff -u wanted out || fail "another output with '$uri'"
done
[ "$(columns a.db stored_events)" = \
    id,aggregate_id,aggregate_version,event_type,state,event_id ] ||
    fail "other columns: $(columns a.db stored_events)"
sqlite3 a.db 'SELECT id, aggregate_version, event_type FROM stored_events' >out
cat >wanted <<'END'
1|0|Example.Created
2|1|Example.Changed
3|2|Example.Discarded
4|0|Example.Created
5|1|Example.Changed
6|2|Example.Discarded
END
diff -u wanted out || fail "other rows"

"$program" --no-event-id sqlite:///b.db >out
[ "$(columns b.db stored_events)" = \
    id,aggregate_id,aggregate_version,event_type,state ] ||
    fail "--no-event-id leaves: $(columns b.db stored_events)"

"$program" --schema own sqlite:///b.db >out
[ "$(columns b.db integer_sequenced_items)" = \
    nr,thing,step,what,details,unique_id ] ||
    fail "own names: $(columns b.db integer_sequenced_items)"

# Names that have to be quoted, in a file and in memory.
naive=$(printf 'na\303\257ve; DROP TABLE x; --')
for uri in sqlite:///b.db memory:; do
    "$program" --table select --id-column '"quoted"' --state-column "$naive" \
        --sequence-column "it's" --position-column 'a b' --topic-column from \
        --event-id-column '%s' "$uri" >out
    grep -qF "select (\"quoted\", it's, a b, from, $naive, %s)" out ||
        fail "odd names with $uri: $(cat out)"
done
[ "$(columns b.db select)" = "\"quoted\",it's,a b,from,$naive,%s" ] ||
    fail "odd names: $(columns b.db select)"
"$program" --table '"' --id-column "$naive" sqlite:///b.db >out
"$program" --table "$naive" sqlite:///b.db >out
"$quipu" verify sqlite:///b.db || fail "verify"

# Wrong usage, and wrong names.
for wrong in --frobnicate "--schema other" "a b"; do
    status=0
    "$program" $wrong >out 2>err || status=$?
    [ "$status" = 2 ] || fail "status $status with $wrong"
done
"$program" --help | grep -q usage: || fail "--help"
status=0
"$program" --table sqlite_master sqlite:///c.db >out 2>err || status=$?
[ "$status" = 1 ] || fail "a reserved name gave status $status"
grep -q sqlite_master err || fail "the message does not name the name"
status=0
"$program" --event-id-column STATE sqlite:///c.db >out 2>err || status=$?
[ "$status" = 1 ] || fail "the same name twice gave status $status"
# The same table with other columns.
status=0
"$program" --topic-column other sqlite:///a.db >out 2>err || status=$?
[ "$status" = 1 ] || fail "other columns gave status $status"
grep -q other err || fail "the message does not name the column: $(cat err)"
[ "$failures" = 0 ]
