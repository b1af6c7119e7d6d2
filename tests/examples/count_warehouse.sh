#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# count_warehouse.sh FOLDER DOCUMENT: counts the lines of the example in FOLDER
# by what they are for, without comments and empty lines, and fails unless the
# table in DOCUMENT says the same.
set -eu
document=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$1"

# count FILE FIRST LAST...: prints the number of lines from each line that
# matches FIRST to the next that matches LAST.
count()
{
    sed -e 's:/\*.*\*/::' -e '/^ *\/\*/,/\*\//d' -e '/^ *$/d' "$1" >"$clean"
    file=$1
    shift
    total=0
    while [ $# -gt 0 ]; do
        lines=$(sed -n "/$1/,/$2/p" "$clean" | wc -l)
        [ "$lines" -gt 0 ] || { echo "$file: nothing matches $1" >&2; exit 1; }
        total=$((total + lines))
        shift 2
    done
    echo "$total"
}

row()
{
    printf '| %s | %s | %s |\n' "$1" "$2" "$3"
}

clean=$(mktemp)
table=$clean.table
trap 'rm -f "$clean" "$table"' EXIT
{
    row "following the log: resume, batches, wait, stop, back-off" 141 \
        "$(count mailer.c '^static quipu_sub' '^}' '^static int mail_next' \
            '^}' '^int mailer_run' '^}')"
    row "projection, exactly once, with rebuild; dispatch" 88 \
        "$(($(count stock.c '^static int create' '^static void print') - 1))"
    row "at-least-once consumer" 42 "$(count mailer.c '^static int mail(' '^}')"
    row "two SQL dialects over the native handle" 90 \
        "$(count sql.c '^enum' '^never')"
    row "opening and closing" 54 \
        "$(count warehouse.c '^int warehouse_open' '^}' \
            '^void warehouse_close' '^}')"
    row "field tables, event types, aggregate tables" 152 \
        "$(($(count warehouse.h '^QUIPU_NESTED(line' '^extern') +
            $(count domain.c '^QUIPU_AGGREGATE_TYPE(product' '^never')))"
    row "retry on conflict, repetition on busy and unknown" 25 \
        "$(count warehouse.c '^static int run' '^}')"
    row "unit of work (collect, save, destroy)" 19 0
    row "saving an aggregate together with rows of one's own" 24 \
        "$(($(count warehouse.c '^static int insert_parcel' '^}') +
            $(grep -c quipu_unit_work warehouse.c)))"
    row "bringing a kept aggregate up to date" 18 \
        "$(count stock.c 'status = quipu_repository_refresh' 'error);')"
} >"$table"
awk -F '|' '{ before += $3; after += $4 }
    END { printf "| together | %d | %d |\n", before, after }' "$table" >"$clean"
cat "$clean" >>"$table"
row "lines with \`if (status == QUIPU_OK)\` or its opposite" 61 \
    "$(cat ./*.c | grep -cE 'status [!=]= QUIPU_OK( &&|\))')" >>"$table"
cat "$table"
grep '^| .* | [0-9]* | [0-9]* |$' "$document" | diff - "$table" ||
    { echo "$document: the table is not the one above"; exit 1; }
