#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# field_mistakes.sh FOLDER LIBRARY DOCUMENT [COMPILER...]: makes the mistakes
# below in describing events, by hand with the macros of FOLDER/quipu/event.h
# and with declare.h.  Fails unless each is refused by a sentence that contains
# the text beside it: by the compiler, or when a mapper is opened with LIBRARY
# (empty: those programs are compiled, and not run).  Prints a line for each,
# which must be the table of DOCUMENT.  Missing compilers are skipped, but one
# must exist.  Writes into the current folder.
set -eu
folder=$1
library=$2
document=$3
shift 3
[ $# -gt 0 ] || set -- gcc clang
failures=0
checked=0
printed=

cat >mistakes.h <<'EOF'
#include <stdio.h>
#include <quipu/quipu.h>
enum color { RED };
enum sign { MINUS = -1 };
typedef char label[8];
typedef char wide[32];
typedef union { int a; float b; } either;
typedef struct { int x; } bare;
struct point { int x; };
struct pair { int64_t a; int64_t b; };
struct made {
    quipu_event base;
    char name[8];
    char long_name[32];
    char (*names)[8];
    unsigned char raw[4];
    char one[1];
    char letter;
    struct point *pointer;
    struct point point;
    either either;
    int flag;
    int number;
    int bits : 3;
    bool has_number;
    size_t count;
    const char *text;
    char *const constant;
    volatile long moving;
    enum color color;
    enum sign sign;
    long *numbers;
    long inside[4];
    struct point points[4];
    bool *bools;
    enum color *colors;
    const char *const *texts;
};
struct opened { quipu_event base; const char *owner; int64_t limit; };
struct closed { quipu_event base; const char *reason; int64_t fee; };
struct moved { quipu_event base; int64_t from; int64_t to; int64_t cents; };
struct shifted { int64_t first; quipu_event base; int64_t last; };
struct baseless { const char *owner; char room[400]; };
struct of_union {
    quipu_event base;
    union { const char *text; const char *other; } as;
};
struct nesting { quipu_event base; struct pair pair; };
struct person { quipu_event base; quipu_id who; const char *name; };
#define OPENED QUIPU_FIELD(struct opened, owner), \
    QUIPU_FIELD(struct opened, limit)
#define CLOSED QUIPU_FIELD(struct closed, reason), \
    QUIPU_FIELD(struct closed, fee)
#define POINT QUIPU_FIELD(struct point, x)
#define TABLE(name, ...) \
    extern const quipu_field name[]; \
    const quipu_field name[] = { __VA_ARGS__ }
#define TYPE(fields_table, struct_size) \
    static const quipu_event_type type = { .topic = "Account.Opened", \
        .size = (struct_size), .fields = (fields_table) }
#define DECLARED(name, fields_table) \
    static const quipu_event_type type = \
        QUIPU_EVENT_TYPE(struct name, "Account.Opened", fields_table)
#define OPEN \
    int main(void) \
    { \
        static const quipu_event_type *const types[] = { &type, &type }; \
        return open_types(types, 1); \
    }
/* Returns 0 if the mapper refuses the types, and prints why. */
static inline int open_types(const quipu_event_type *const *types, size_t count)
{
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types, .type_count = count };
    quipu_mapper *mapper = NULL;
    quipu_error error;
    int status = quipu_mapper_open(quipu_schema_stored_events(), &mapping,
                                   &mapper, &error);

    if (status == QUIPU_INVALID) {
        puts(error.message);
    }
    quipu_mapper_close(mapper);
    return status != QUIPU_INVALID;
}
#define ACCOUNT QUIPU_AGGREGATE(account, QUIPU_VALUE(long, balance))
#define MOVE(...) \
    extern int move(struct account *account, quipu_error *error); \
    int move(struct account *account, quipu_error *error) \
    { \
        (void)account_fields; \
        return QUIPU_TRIGGER(account, moved_to, error, __VA_ARGS__); \
    }
EOF

# compile CODE OPTION...: compiles the code; prints the messages.
compile()
{
    code=$1
    shift
    printf '#include "mistakes.h"\n%s\n' "$code" >mistake.c
    LC_ALL=C "$compiler" -std=c11 -I. -I"$folder" -Wall -Wextra -Wpedantic \
        -Wconversion -Werror mistake.c "$@" 2>&1
}

# fail MESSAGE: the mistake was not treated as it should be.
fail()
{
    echo "$compiler: $1"
    failures=$((failures + 1))
}

# accept NAME CODE: compiles.
accept()
{
    checked=$((checked + 1))
    output=$(compile "$2" -fsyntax-only) || fail "refuses $1: $output"
}

# report WHEN WAY NAME TEXT: prints the line of a mistake, for one compiler.
report()
{
    checked=$((checked + 1))
    printf '%s\n' "$output" | grep -qF "$4" ||
        fail "does not say \"$4\" of $3: $output"
    [ -n "$printed" ] ||
        printf '| %s | %s | %s | %s |\n' "$3" "$2" "$1" "$4" | tee -a table
}

# refuse_somehow WAY NAME TEXT CODE: the compiler refuses the code, with that
# text of its own among others.
refuse_somehow()
{
    if output=$(compile "$4" -fsyntax-only); then
        fail "accepts $2"
    fi
    report compiling "$1" "$2" "$3"
}

# refuse WAY NAME TEXT CODE: the compiler refuses the code by that sentence of
# the macros; it may say a few things more.
refuse()
{
    refuse_somehow "$@"
    errors=$(printf '%s\n' "$output" | grep -c ' error: ' || :)
    [ "$errors" -le 4 ] || fail "says $errors things of $2: $output"
}

# refuse_open WAY NAME TEXT CODE: the code compiles, and opening a mapper with
# its `type` says that.
refuse_open()
{
    if [ -z "$library" ]; then
        accept "$2" "$4"
        return
    fi
    if ! output=$(compile "$4" -o mistake "$library" \
        -Wl,-rpath,"$(dirname "$library")"); then
        fail "refuses to compile $2: $output"
        return
    fi
    output=$(./mistake) || fail "opens or crashes ($?): $2"
    report opening "$1" "$2" "$3"
}

field()
{
    printf 'TABLE(fields, QUIPU_FIELD%s, { 0 });' "$1"
}

event()
{
    printf 'QUIPU_EVENT(moved_to, "Moved", QUIPU_VALUE(long, cents), %s);
        ACCOUNT; MOVE(.cents = 3)' "$1"
}

accept_kinds()
{
    for fields in '(struct made, text)' '(struct made, constant)' \
        '(struct made, moving)' '(struct made, color)' '(struct made, sign)' \
        '(struct made, name)' '(struct made, long_name)' \
        '_OPTIONAL(struct made, number, has_number)' \
        '_NULLABLE(struct made, text)' '_DEFAULT(struct made, number, 4)' \
        '_DEFAULT(struct made, number, true)' \
        '_DEFAULT(struct made, text, "x")' '_DEFAULT(struct made, name, "x")' \
        '_ARRAY(struct made, numbers, count)' \
        '_ARRAY(struct made, bools, count)' \
        '_ARRAY(struct made, colors, count)' \
        '_ARRAY(struct made, names, count)' \
        '_ARRAY(struct made, texts, count)' '_IGNORED(struct made, either)' \
        '_PERSONAL(struct made, text, base.originator_id, "gone")' \
        '_PERSONAL(struct made, name, text, "gone")' \
        '_PERSONAL(struct made, number, name, -1)' \
        '_PERSONAL_OPTIONAL(struct made, number, has_number, text)' \
        '_PERSONAL_NULLABLE(struct made, text, name)' \
        '_PERSONAL_ARRAY(struct made, numbers, count, text)'; do
        accept "$fields" "$(field "$fields")"
    done
    for member in 'QUIPU_VALUE(enum color, color)' \
        'QUIPU_FIXED_TEXT(name, 8)' 'QUIPU_VALUE(label, name)' \
        'QUIPU_ARRAY(label, names, count)' 'QUIPU_IGNORED(either, either)' \
        'QUIPU_DEFAULT(const char *, text, "x")' \
        'QUIPU_ARRAY(bool, flags, count)' \
        'QUIPU_VALUE(quipu_id, of), QUIPU_PERSONAL(long, age, of, -1),
        QUIPU_PERSONAL_OPTIONAL(int, size, has_size, of),
        QUIPU_PERSONAL_NULLABLE(const char *, note, of),
        QUIPU_PERSONAL_ARRAY(int, numbers, count, of),
        QUIPU_PERSONAL_FIXED_TEXT(name, 8, of, "gone")'; do
        accept "$member" "$(event "$member")"
    done
}

refuse_members()
{
    refuse_somehow hand "wrong member name" "no member named" \
        "$(field '(struct made, nam)')"
    refuse_somehow declare.h "wrong member name" "amount" \
        "$(event 'QUIPU_VALUE(int, x)' | sed 's/\.cents/.amount/')"
    refuse hand "int as presence flag" \
        "flag of struct made tells whether another member has a value" \
        "$(field '_OPTIONAL(struct made, number, flag)')"
    refuse hand "int as array count" \
        "number of struct made is the number of elements of an array" \
        "$(field '_ARRAY(struct made, numbers, number)')"
    refuse hand "nullable int" "number of struct made has a type that" \
        "$(field '_NULLABLE(struct made, number)')"
    refuse declare.h "nullable int" "number of struct moved_to has a type" \
        "$(event 'QUIPU_NULLABLE(int, number)')"
    refuse hand "nullable array of char" "name of struct made has a type" \
        "$(field '_NULLABLE(struct made, name)')"
    refuse hand "number as default of a text" \
        "the default of text of struct made is no text" \
        "$(field '_DEFAULT(struct made, text, 4)')"
    refuse declare.h "number as default of a text" \
        "the default of text of struct moved_to is no text" \
        "$(event 'QUIPU_DEFAULT(const char *, text, 4)')"
    refuse hand "text as default of a number" \
        "the default of number of struct made is no number" \
        "$(field '_DEFAULT(struct made, number, "x")')"
    refuse declare.h "text as default of a number" \
        "the default of number of struct moved_to is no number" \
        "$(event 'QUIPU_DEFAULT(int, number, "x")')"
    refuse_somehow hand "bit-field" "bit-field" "$(field '(struct made, bits)')"
    refuse declare.h "union member" "either of struct moved_to has a type" \
        "$(event 'QUIPU_VALUE(either, either)')"
    refuse declare.h "plain char" "letter of struct moved_to has a type" \
        "$(event 'QUIPU_VALUE(char, letter)')"
    refuse declare.h "pointer to a struct" "at of struct moved_to has a type" \
        "$(event 'QUIPU_VALUE(struct point *, at)')"
    refuse declare.h "struct without a table" \
        "at of struct moved_to has a type" \
        "$(event 'QUIPU_VALUE(bare, at)')"
    refuse hand "union member" "either of struct made has a type that" \
        "$(field '(struct made, either)')"
    refuse hand "plain char" "letter of struct made has a type that" \
        "$(field '(struct made, letter)')"
    refuse hand "pointer to a struct" "pointer of struct made has a type that" \
        "$(field '(struct made, pointer)')"
    refuse hand "struct without a table" \
        "point of struct made has a type that" \
        "$(field '(struct made, point)')"
    refuse hand "unsigned char [4]" "raw of struct made has a type that" \
        "$(field '(struct made, raw)')"
    refuse hand "char [1]" "one of struct made is an array of char with room" \
        "$(field '(struct made, one)')"
    refuse hand "array inside the struct as an array" \
        "inside of struct made is an array inside the struct" \
        "$(field '_ARRAY(struct made, inside, count)')"
    refuse hand "structs inside the struct as an array" \
        "points of struct made is an array inside the struct" \
        "TABLE(point_fields, POINT, { 0 });
        $(field '_STRUCT_ARRAY(struct made, points, count, point_fields)')"
    refuse hand "pointer as a struct" "pointer of struct made is not a struct" \
        "TABLE(point_fields, POINT, { 0 });
        $(field '_STRUCT(struct made, pointer, point_fields)')"
}

refuse_personal()
{
    refuse hand "number as subject" \
        "number of struct made names the person that text is about, and must" \
        "$(field '_PERSONAL(struct made, text, number, "gone")')"
    refuse declare.h "number as subject" \
        "cents of struct moved_to names the person that name is about" \
        "$(event 'QUIPU_PERSONAL_NULLABLE(const char *, name, cents)')"
    refuse hand "number as gone value of a text" \
        "the default of text of struct made is no text" \
        "$(field '_PERSONAL(struct made, text, name, 4)')"
    refuse_open hand "subject that no field describes" \
        "field name is personal, but no field of its table describes" \
        "TABLE(fields,
        QUIPU_FIELD_PERSONAL(struct person, name, who, \"\"), { 0 });
        static const quipu_event_type type = { .topic = \"Person\",
            .size = sizeof(struct person), .fields = fields }; OPEN"
    refuse_open both "optional or personal subject" \
        "field name is personal, and its subject must be an id, a uuid or a" \
        "QUIPU_EVENT(type, \"Person\", QUIPU_VALUE(quipu_id, who),
        QUIPU_PERSONAL_NULLABLE(const char *, alias, who),
        QUIPU_PERSONAL_NULLABLE(const char *, name, alias)); OPEN"
    refuse_open both "personal member of a nested struct" \
        "field at.name is personal, but in a nested struct: make the whole" \
        "QUIPU_NESTED(place, QUIPU_VALUE(quipu_id, who),
        QUIPU_PERSONAL_NULLABLE(const char *, name, who));
        QUIPU_EVENT(type, \"Person\",
        QUIPU_STRUCT(struct place, at, place_fields)); OPEN"
    refuse_open both "personal struct whose members have no default" \
        "field at is a personal struct, so each of its members needs a" \
        "QUIPU_NESTED(place, QUIPU_VALUE(long, x));
        QUIPU_EVENT(type, \"Person\", QUIPU_VALUE(quipu_id, who),
        QUIPU_PERSONAL_STRUCT(struct place, at, place_fields, who)); OPEN"
    refuse_open both "personal member without a vault" \
        "name of event type Person is personal, and the mapping has no keys" \
        "QUIPU_EVENT(type, \"Person\", QUIPU_VALUE(quipu_id, who),
        QUIPU_PERSONAL(const char *, name, who, \"gone\")); OPEN"
}

refuse_tables()
{
    opened="TABLE(fields, OPENED, { 0 });"
    refuse_open hand "struct with a NULL table" \
        "field pair is a struct without a table" \
        "TABLE(fields, QUIPU_FIELD_STRUCT(struct nesting, pair, NULL), { 0 });
        DECLARED(nesting, fields); OPEN"
    refuse_open hand "both members of a union" \
        "field as.other overlaps field as.text: of a union, one member" \
        "TABLE(fields, QUIPU_FIELD(struct of_union, as.text),
        QUIPU_FIELD(struct of_union, as.other), { 0 });
        DECLARED(of_union, fields); OPEN"
    refuse_open hand "a member twice" "field limit occurs twice" \
        "TABLE(fields, OPENED, QUIPU_FIELD(struct opened, limit), { 0 });
        DECLARED(opened, fields); OPEN"
    refuse_open hand "table of another struct of that size" \
        "field reason is of struct closed, but its table describes struct" \
        "TABLE(fields, CLOSED, { 0 }); DECLARED(opened, fields); OPEN"
    refuse_open "hand, no QUIPU_EVENT_TYPE" "table of another struct" \
        "field owner is of struct opened, which has " \
        "$opened TYPE(fields, sizeof(struct moved)); OPEN"
    refuse_open hand "table of another struct for a nested one" \
        "field pair.x is of struct point, which has 4 bytes, but the struct " \
        "TABLE(points, POINT, { 0 });
        TABLE(fields, QUIPU_FIELD_STRUCT(struct nesting, pair, points), { 0 });
        DECLARED(nesting, fields); OPEN"
    refuse_open hand "rows of two structs" \
        "field fee is of struct closed, but its table describes struct opened" \
        "TABLE(fields, QUIPU_FIELD(struct opened, owner),
        QUIPU_FIELD(struct closed, fee), { 0 }); DECLARED(opened, fields); OPEN"
    refuse_open hand "missing terminator" \
        "is the last of its table, which has no end: put { 0 } behind it" \
        "TABLE(fields, OPENED); DECLARED(opened, fields); OPEN"
    refuse_open "hand, no QUIPU_EVENT_TYPE" \
        "missing terminator, before another table" \
        "field from is of struct moved, which has " \
        "static const quipu_field tables[][2] = {
        { OPENED }, { QUIPU_FIELD(struct moved, from), { 0 } } };
        TYPE(&tables[0][0], sizeof(struct opened)); OPEN"
    refuse_open hand "forgotten member" \
        "field owner is followed by 8 bytes of struct opened that no field" \
        "TABLE(fields, QUIPU_FIELD(struct opened, owner), { 0 });
        DECLARED(opened, fields); OPEN"
    refuse_open "hand, no QUIPU_EVENT_TYPE" "forgotten member" \
        "field limit is behind 8 bytes of struct opened that no field" \
        "TABLE(fields, QUIPU_FIELD(struct opened, limit), { 0 });
        TYPE(fields, sizeof(struct opened)); OPEN"
    refuse_somehow hand "sizeof a pointer" "base" \
        "typedef struct opened *pointer; $opened
        const quipu_event_type type = QUIPU_EVENT_TYPE(pointer, \"A\", fields);"
    refuse_open "hand, no QUIPU_EVENT_TYPE" "sizeof a pointer" \
        "give the size of the struct, not of a pointer" \
        "$opened TYPE(fields, sizeof(struct opened *)); OPEN"
    refuse hand "pointer for a table" "pointer is a pointer; name the table" \
        "$opened extern const quipu_field *const pointer;
        DECLARED(opened, pointer);"
    refuse hand "base in the middle" \
        "struct shifted must begin with quipu_event base" \
        "TABLE(fields, QUIPU_FIELD(struct shifted, last), { 0 });
        DECLARED(shifted, fields);"
    refuse_open "hand, no QUIPU_EVENT_TYPE" "base in the middle" \
        "QUIPU_FIELD_IGNORED; and let the struct begin with its base" \
        "TABLE(fields, QUIPU_FIELD(struct shifted, last), { 0 });
        TYPE(fields, sizeof(struct shifted)); OPEN"
    refuse_somehow hand "no base" "no member named" \
        "TABLE(fields, QUIPU_FIELD(struct baseless, owner), { 0 });
        DECLARED(baseless, fields);"
    refuse_open both "two event types with one topic" \
        "two event types have the topic Account.Opened" \
        "QUIPU_EVENT(one, \"Account.Opened\", QUIPU_VALUE(int, x));
        QUIPU_EVENT(two, \"Account.Opened\", QUIPU_VALUE(int, y));
        int main(void) {
            const quipu_event_type *const types[] = { &one, &two };
            return open_types(types, 2); }"
}

refuse_uses()
{
    handlers='ACCOUNT;
        QUIPU_EVENT(paid, "Paid", QUIPU_VALUE(long, cents));
        QUIPU_EVENT(named, "Named", QUIPU_VALUE(const char *, name));'
    accept "typed handlers" "$handlers
        QUIPU_HANDLER(account, paid)
        { account->balance += event->cents; return QUIPU_OK; }
        extern const quipu_aggregate_type account_type;
        QUIPU_AGGREGATE_TYPE(account, \"Account\",
            QUIPU_APPLIES(paid), QUIPU_ACCEPTS(named));"
    refuse_somehow declare.h "event struct of another type triggered" "cents" \
        'QUIPU_EVENT(moved_to, "Moved", QUIPU_VALUE(long, x)); ACCOUNT;
        MOVE(.cents = 3)'
    refuse_somehow declare.h "handler that reads another struct" \
        "no member named" \
        "$handlers
        QUIPU_HANDLER(account, named)
        { account->balance += event->cents; return QUIPU_OK; }
        const quipu_event_type *const types[] = { &paid, &named };
        const quipu_handler handlers[] = { { .apply = account_named_handler } };
        const quipu_field *const fields = account_fields;"
    refuse_somehow declare.h "event without its handler" \
        "account_named_handler" \
        "$handlers
        QUIPU_HANDLER(account, paid)
        { account->balance += event->cents; return QUIPU_OK; }
        static QUIPU_AGGREGATE_TYPE(account, \"Account\",
            QUIPU_APPLIES(paid), QUIPU_APPLIES(named));
        const quipu_aggregate_type *const type = &account_type;"
    refuse_somehow "hand, QUIPU_TYPED_HANDLER" \
        "handler with another struct's pointer" \
        "incompatible" "$handlers
        static int on_paid(struct account *account, const struct paid *event,
            quipu_error *error)
        { (void)error; account->balance += event->cents; return QUIPU_OK; }
        QUIPU_TYPED_HANDLER(on_paid, struct account, struct named)
        const quipu_apply apply = on_paid_untyped;
        const quipu_event_type *const types[] = { &paid, &named };
        const quipu_field *const fields = account_fields;"
}

: >table
for compiler in "$@"; do
    command -v "$compiler" >/dev/null || continue
    accept_kinds
    refuse_members
    refuse_personal
    refuse_tables
    refuse_uses
    printed=yes
done

[ "$checked" -gt 0 ] || { echo "no compiler found: $*"; exit 1; }
[ "$failures" = 0 ] || exit 1
if [ -n "$library" ] && ! sed -n '/^## Mistakes$/,/^## Mistakes that/p' \
    "$document" | sed -n -e '/^| mistake/d' -e '/^|---/d' -e '/^|/p' |
    diff - table; then
    echo "$document: the table of mistakes is not the one above"
    exit 1
fi
echo "field mistakes: $checked tries, each accepted or refused as it should be"
