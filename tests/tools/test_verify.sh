#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# verify: finds nothing in intact stores, and names every fault that is planted.
. "$(dirname "$0")/lib.sh"
a=$(store a)

# fresh: makes a.db with two sequences of three items; ids 1, 3, 5 and 2, 4, 6.
fresh()
{
    rm -f a.db a.db-*
    "$plant" plain "$a" 2 3
}

# sql STATEMENT...: changes the file without quipu.
sql()
{
    printf '%s\n' "$@" | sqlite3 -batch -bail a.db >sqlite.out 2>&1 ||
        { fail "sqlite3: $(cat sqlite.out)"; return 0; }
}

# broken: fails unless the findings of verify, in order, are those on standard
# input.
broken()
{
    expect 1 "$quipu" verify "$a"
    quiet
    grep -q ' broken$' out || fail "the verdict is not broken"
    sed '/^schema /,$d' out >findings
    mv findings out
    same
}

here="stored_events, notification id"

fresh
"$plant" sparse "$a"
"$plant" track "$a"
expect 0 "$quipu" verify "$a"
same <<END
schema         items  sequences  findings  verdict
sparse             5          1         0  clean
stored_events      6          2         0  clean
END
quiet
expect 0 "$quipu" verify --json --schema stored_events "$a"
same <<END
{"schema":"stored_events","items":6,"sequences":2,"erased":0,"findings":0,\
"verdict":"clean"}
END
"$plant" plain sqlite:///empty.db 0 0
expect 0 "$quipu" verify sqlite:///empty.db

# States that no mapper wrote.
fresh
sql "UPDATE stored_events SET state = x'81a16e' WHERE id = 3;" \
    "UPDATE stored_events SET state = x'' WHERE id = 4;" \
    "UPDATE stored_events SET state = x'90' WHERE id = 5;" \
    "UPDATE stored_events SET state = x'c10280' WHERE id = 6;"
broken <<END
state: $here 3, sequence $zero, position 1: the state: field n is truncated
state: $here 4, sequence $one, position 1: the state is truncated
state: $here 5, sequence $zero, position 2: the state is not a map
state: $here 6, sequence $one, position 2: the state: its envelope has the \
version 2, which this version of quipu does not know; read it with a newer one
END
expect 1 "$quipu" verify --json "$a"
says '"finding":"state","schema":"stored_events","notification_id":3,'
says "\"sequence_id\":\"$zero\",\"position\":1,"
says '"message":"the state: field n is truncated"'
expect 0 "$quipu" verify --raw "$a"

# States that are complete, and that no mapper reads.
fresh
sql "UPDATE stored_events SET state = x'82a16e01a16e02' WHERE id = 1;" \
    "UPDATE stored_events SET state = x'81a16ea1ff' WHERE id = 2;" \
    "UPDATE stored_events SET state = x'81a16e91c0' WHERE id = 3;" \
    "UPDATE stored_events SET state = x'81a16ed40500' WHERE id = 4;" \
    "UPDATE stored_events SET state = x'c10181cf0000000100000001c080'
        WHERE id = 5;" \
    "UPDATE stored_events SET state = x'c1018107c40080' WHERE id = 6;"
broken <<END
state: $here 1, sequence $zero, position 0: the state: field n occurs twice
state: $here 2, sequence $one, position 0: the state: field n is not UTF-8, or \
contains a NUL
state: $here 3, sequence $zero, position 1: the state: field n[0] is nil \
instead of a value that an array can have
state: $here 4, sequence $one, position 1: the state: field n is an extension \
instead of a timestamp
state: $here 5, sequence $zero, position 2: the state has an envelope whose \
keys are not ascending numbers of 32 bits
END

# A consumer is beyond the head of its log (U4).  The records of another store,
# or of a log that is none here, cannot be judged.
fresh
sql "INSERT INTO quipu_tracking
        SELECT number, column1, column2, column3, coalesce(column4, identity),
               zeroblob(16)
        FROM quipu_namespaces,
             (VALUES ('at the head', 'stored_events', 6, NULL),
                     ('beyond', 'stored_events', 7, NULL),
                     ('elsewhere', 'stored_events', 7, randomblob(16)),
                     ('no such log', 'things', 7, NULL));"
broken <<END
U4: (tracking), notification id 7: the tracking record of consumer "beyond" is \
beyond the head of the log "stored_events", 6: the log was rewound, or the \
record is damaged
END

# An item in the middle is missing (L1, S1).
fresh
sql "DELETE FROM stored_events WHERE id = 3;"
broken <<END
L1: $here 4, sequence $one, position 1: the preceding notification id 3 \
is missing
S1: $here 5, sequence $zero, position 2: the preceding positions from 1 on \
are missing
END

# Several items are missing.
fresh
sql "DELETE FROM stored_events WHERE id BETWEEN 2 AND 4;"
broken <<END
L1: $here 5, sequence $zero, position 2: the preceding notification \
ids 2 to 4 are missing
S1: $here 5, sequence $zero, position 2: the preceding positions from 1 on \
are missing
S1: $here 6, sequence $one, position 2: the preceding positions from 0 on \
are missing
END

# The newest item is missing, which only the head shows.
fresh
sql "DELETE FROM stored_events WHERE id = 6;"
broken <<END
L5: $here 6: the log of "stored_events" was rewound: it ends before item 6
L1: $here 6: this is the head of the log, but the last item is 5
END

# The head is too low.
fresh
sql "UPDATE quipu_heads SET head = 4;"
expect 1 "$quipu" verify "$a"
says "notification id 5, sequence $zero, position 2: the item is above the head"
says "notification id 6, sequence $one, position 2: the item is above the head"

# A position was changed (S1), or made negative.
fresh
sql "UPDATE stored_events SET aggregate_version = 7 WHERE id = 5;"
broken <<END
S1: $here 5, sequence $zero, position 7: the preceding positions from 2 on \
are missing
END
fresh
sql "UPDATE stored_events SET aggregate_version = -1 WHERE id = 1;"
broken <<END
S1: $here 1, sequence $zero, position -1: the position is negative
S1: $here 3, sequence $zero, position 1: the preceding positions from 0 on \
are missing
END

# Two items of a sequence are exchanged in the log.
fresh
sql "UPDATE stored_events SET id = 99 WHERE id = 1;" \
    "UPDATE stored_events SET id = 1 WHERE id = 3;" \
    "UPDATE stored_events SET id = 3 WHERE id = 99;"
broken <<END
L1: $here 1, sequence $zero, position 1: the preceding position has \
notification id 3, which is not lower
END

# A topic that is not text, and a sequence id that is not a UUID.
fresh
sql "UPDATE stored_events SET event_type = CAST(x'ff' AS TEXT)
        WHERE id = 2;" \
    "UPDATE stored_events SET event_type = '' WHERE id = 4;"
broken <<END
F2: $here 2, sequence $one, position 0: the topic is not a text of 1 to 255 \
bytes
F2: $here 4, sequence $one, position 1: the topic is not a text of 1 to 255 \
bytes
END
fresh
sql "UPDATE stored_events SET aggregate_id = x'00' WHERE id = 6;"
broken <<END
F2: $here 6, sequence 00, position 2: the sequence id is not a UUID
F2: stored_events, sequence 00: the listing has an id that no \
sequence can have
END

# drop_index, restore_index: remove the unique index on (sequence, position),
# and restore it without its changes.
edit=".dbconfig defensive off
PRAGMA writable_schema = ON;"
index=sqlite_autoindex_stored_events_2
unique=', UNIQUE ("aggregate_id", "aggregate_version")'

drop_index()
{
    sql "$edit" "CREATE TABLE kept AS SELECT * FROM sqlite_schema
            WHERE name IN ('$index', 'stored_events');" \
        "DELETE FROM sqlite_schema WHERE name = '$index';" \
        "UPDATE sqlite_schema SET sql = replace(sql, '$unique', '')
            WHERE name = 'stored_events';"
}

restore_index()
{
    sql "$edit" "UPDATE sqlite_schema SET sql =
            (SELECT sql FROM kept WHERE name = 'stored_events')
            WHERE name = 'stored_events';" \
        "INSERT INTO sqlite_schema
            SELECT * FROM kept WHERE name = '$index';" \
        "DROP TABLE kept;"
}

# A position is taken twice (U1). It is also a finding if the driver refuses the
# table.
fresh
drop_index
sql "UPDATE stored_events SET aggregate_version = 0 WHERE id = 3;"
expect 1 "$quipu" verify "$a"
grep -q "^U1: $here 3, sequence $zero, position 0\|^schema: " out ||
    fail "the finding of U1 is missing"

# An index that differs from its table: the log is read from the table, the
# sequence through the index.
fresh
drop_index
sql "DELETE FROM stored_events WHERE id = 4;" \
    "INSERT INTO stored_events VALUES (4,
        x'11111111111111111111111111111111', 0, 'Lost', x'80',
        x'22222222222222222222222222222222');"
restore_index
expect 1 "$quipu" verify "$a"
says "agreement: $here 4"
says "the item is in the log, but not in its sequence"

# A damaged page is a finding, not a crash.
for page in 2 4 6 8 10 12; do
    fresh
    sqlite3 a.db 'PRAGMA wal_checkpoint(TRUNCATE)' >sqlite.out
    dd if=/dev/zero of=a.db bs=4096 seek=$page count=1 conv=notrunc 2>dd.err
    status=0
    "$quipu" verify "$a" >out 2>err || status=$?
    [ "$status" -le 1 ] || fail "page $page: status $status"
done
fresh
sqlite3 a.db 'PRAGMA wal_checkpoint(TRUNCATE)' >sqlite.out
rm -f a.db-*
truncate -s 4096 a.db
expect 1 "$quipu" verify "$a"

# verify finds nothing in a store to which another process appends.  It begins
# after the writer: a store that was idle and is not any more is BUSY.
fresh
"$plant" more "$a" 300 &
writer=$!
until [ -s a.db-wal ] || ! kill -0 $writer 2>kill.err; do
    sleep 0.01
done
for _ in 1 2 3 4 5; do
    expect 0 "$quipu" verify "$a"
done
wait $writer
finish
