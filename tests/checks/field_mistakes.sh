#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# field_mistakes.sh FOLDER [COMPILER...]: fails unless the macros for fields in
# FOLDER/quipu/event.h compile for the members that can be stored, and refuse
# each of the mistakes below with a message that contains the text beside it.
# Missing compilers are skipped, but one must exist.
set -eu
folder=$1
shift
[ $# -gt 0 ] || set -- gcc clang
failures=0
checked=0

# compile COMPILER FIELDS: compiles a table of fields; prints the messages.
compile()
{
    cat <<EOF | LC_ALL=C "$1" -x c -std=c11 -I"$folder" -Wall -Wextra \
        -Wpedantic -Wconversion -Werror -fsyntax-only - 2>&1
#include <quipu/declare.h>
enum color { RED };
struct point { int x; };
struct made {
    quipu_event base;
    char name[8];
    char (*names)[8];
    unsigned char raw[4];
    char letter;
    struct point *pointer;
    struct point point;
    int flag;
    int number;
    int bits : 3;
    bool has_number;
    size_t count;
    const char *text;
    char *const constant;
    volatile long moving;
    enum color color;
    long *numbers;
    bool *bools;
    const char *const *texts;
};
extern const quipu_field fields[];
const quipu_field fields[] = { $2, { 0 } };
EOF
}

# compile_declaration COMPILER DECLARATION: compiles a declaration of an event
# "moved" and, in a function, a trigger of it.
compile_declaration()
{
    cat <<EOF | LC_ALL=C "$1" -x c -std=c11 -I"$folder" -Wall -Wextra \
        -Wpedantic -Wconversion -Werror -fsyntax-only - 2>&1
#include <quipu/declare.h>
$2;
QUIPU_AGGREGATE(account, QUIPU_VALUE(long, balance));
extern int move(struct account *account, quipu_error *error);
int move(struct account *account, quipu_error *error)
{
    (void)account_fields;
    return QUIPU_TRIGGER(account, moved, error, ${3-.cents = 3});
}
EOF
}

# accept COMPILER FIELDS
accept()
{
    checked=$((checked + 1))
    output=$(compile "$1" "$2") || {
        echo "$1 refuses $2: $output"
        failures=$((failures + 1))
    }
}

# refuse COMPILER FIELDS TEXT
refuse()
{
    output=$(compile "$1" "$2") && result=accepted || result=refused
    judge "$1" "$2" "$3"
}

# refuse_declaration COMPILER TEXT DECLARATION [INITIALIZER]
refuse_declaration()
{
    output=$(compile_declaration "$1" "$3" ${4+"$4"}) && result=accepted ||
        result=refused
    judge "$1" "$3 ${4-}" "$2"
}

# judge COMPILER SOURCE TEXT: looks for the text in the output of a refusal.
judge()
{
    checked=$((checked + 1))
    if [ "$result" = accepted ]; then
        echo "$1 accepts $2"
    elif printf '%s\n' "$output" | grep -qF "$3"; then
        return
    else
        echo "$1 does not say \"$3\" of $2: $output"
    fi
    failures=$((failures + 1))
}

for compiler in "$@"; do
    command -v "$compiler" >/dev/null || continue
    accept "$compiler" 'QUIPU_FIELD(struct made, text)'
    accept "$compiler" 'QUIPU_FIELD(struct made, constant)'
    accept "$compiler" 'QUIPU_FIELD(struct made, moving)'
    accept "$compiler" 'QUIPU_FIELD(struct made, color)'
    accept "$compiler" 'QUIPU_FIELD_OPTIONAL(struct made, number, has_number)'
    accept "$compiler" 'QUIPU_FIELD_NULLABLE(struct made, text)'
    accept "$compiler" 'QUIPU_FIELD_DEFAULT(struct made, number, 4)'
    accept "$compiler" 'QUIPU_FIELD_ARRAY(struct made, numbers, count)'
    accept "$compiler" 'QUIPU_FIELD_ARRAY(struct made, bools, count)'
    accept "$compiler" 'QUIPU_FIELD_ARRAY(struct made, texts, count)'

    refuse "$compiler" 'QUIPU_FIELD(struct made, nam)' "no member named"
    refuse "$compiler" 'QUIPU_FIELD(struct made, bits)' "bit-field"
    refuse "$compiler" 'QUIPU_FIELD(struct made, name)' \
        "name of struct made is an array of char"
    refuse "$compiler" 'QUIPU_FIELD_NULLABLE(struct made, name)' \
        "name of struct made is an array of char"
    refuse "$compiler" 'QUIPU_FIELD_DEFAULT(struct made, name, "x")' \
        "name of struct made is an array of char"
    refuse "$compiler" 'QUIPU_FIELD_ARRAY(struct made, names, count)' \
        "names of struct made is an array of char"
    for member in raw letter pointer point; do
        refuse "$compiler" "QUIPU_FIELD(struct made, $member)" \
            "$member of struct made has a type that this macro cannot store"
    done
    refuse "$compiler" 'QUIPU_FIELD_NULLABLE(struct made, number)' \
        "number of struct made has a type that this macro cannot store"
    refuse "$compiler" 'QUIPU_FIELD_OPTIONAL(struct made, number, flag)' \
        "flag of struct made tells whether another member has a value"
    refuse "$compiler" 'QUIPU_FIELD_ARRAY(struct made, numbers, number)' \
        "number of struct made is the number of elements of an array"

    compile_declaration "$compiler" \
        'QUIPU_EVENT(moved, "Moved", QUIPU_VALUE(long, cents))' ||
        failures=$((failures + 1))
    refuse_declaration "$compiler" "name of struct moved is an array of char" \
        'typedef char label[8]; QUIPU_EVENT(moved, "Moved",
        QUIPU_VALUE(long, cents), QUIPU_VALUE(label, name))'
    refuse_declaration "$compiler" "at of struct moved has a type that" \
        'struct at { int x; }; QUIPU_EVENT(moved, "Moved",
        QUIPU_VALUE(long, cents), QUIPU_VALUE(struct at, at))'
    refuse_declaration "$compiler" "amount" \
        'QUIPU_EVENT(moved, "Moved", QUIPU_VALUE(long, cents))' '.amount = 3'
done

[ "$checked" -gt 0 ] || { echo "no compiler found: $*"; exit 1; }
[ "$failures" = 0 ] || exit 1
echo "field mistakes: $checked tables, each accepted or refused as it should be"
