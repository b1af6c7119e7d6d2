/* SPDX-License-Identifier: Apache-2.0 */
/* Writes events and their differences as text. */
#include "event/event_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/id.h>

#include "event/field.h"
#include "event/member.h"

/* Bytes of a value that are written; of longer ones the size follows. */
#define BYTES_SHOWN 64

static const quipu_field base_fields[] = {
    QUIPU_FIELD(quipu_event, originator_id),
    QUIPU_FIELD(quipu_event, originator_version),
    QUIPU_FIELD(quipu_event, event_id),
    QUIPU_FIELD(quipu_event, time),
    QUIPU_FIELD_NULLABLE(quipu_event, metadata),
    { 0 },
};

/* ---------------------------------------------------------------- printing */

static void print_bytes(quipu_bytes bytes, FILE *out)
{
    const unsigned char *data = bytes.data;

    (void)fprintf(out, "0x");
    for (size_t i = 0; i < bytes.size && i < BYTES_SHOWN; i++) {
        (void)fprintf(out, "%02x", data[i]);
    }
    if (bytes.size > BYTES_SHOWN) {
        (void)fprintf(out, "... (%zu bytes)", bytes.size);
    }
}

static void print_text(const char *text, size_t size, FILE *out)
{
    (void)fputc('"', out);
    for (const char *end = text + size; text < end; text++) {
        if (*text == '"' || *text == '\\') {
            (void)fprintf(out, "\\%c", *text);
        } else if (*text == '\n') {
            (void)fprintf(out, "\\n");
        } else if (iscntrl((unsigned char)*text)) {
            (void)fprintf(out, "\\x%02x", (unsigned char)*text);
        } else {
            (void)fputc(*text, out);
        }
    }
    (void)fputc('"', out);
}

/* With as many digits as tell the number from its neighbours. */
static void print_real(const void *member, size_t size, FILE *out)
{
    const bool is_float = size == sizeof(float);
    char text[40];
    double real;
    float single;

    if (is_float) {
        memcpy(&single, member, sizeof(single));
        real = (double)single;
    } else {
        memcpy(&real, member, sizeof(real));
    }
    for (int digits = is_float ? 6 : 15; digits <= (is_float ? 9 : 17);
         digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, real);
        if (is_float ? strtof(text, NULL) == single
                     : strtod(text, NULL) == real) {
            break;
        }
    }
    (void)fputs(text, out);
}

static void print_uuid(const void *member, FILE *out)
{
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    memcpy(&uuid, member, sizeof(uuid));
    quipu_uuid_format(&uuid, text);
    (void)fputs(text, out);
}

static void print_time(const void *member, FILE *out)
{
    char text[QUIPU_TIME_TEXT_SIZE];
    quipu_time time;

    memcpy(&time, member, sizeof(time));
    if (quipu_time_format(time, text, NULL) == QUIPU_OK) {
        (void)fputs(text, out);
    } else {
        (void)fprintf(out, "%" PRId64 " microseconds", time.microseconds);
    }
}

/* An id does not say what it is.  Heuristic: printable bytes are a text, which
 * those of a UUID practically never are. */
static void print_id(const quipu_id *id, FILE *out)
{
    char text[QUIPU_ID_MAX + 1];
    bool is_text = id->size > 0;

    for (size_t i = 0; i < id->size; i++) {
        text[i] = (char)id->data[i];
        is_text = is_text && id->data[i] >= ' ' && id->data[i] != 0x7f;
    }
    text[id->size] = '\0';
    if (id->size == 0) {
        (void)fputs("none", out);
    } else if (is_text && quipu_bytes_is_text(quipu_id_bytes(id))) {
        print_text(text, id->size, out);
    } else if (id->size == sizeof(quipu_uuid)) {
        print_uuid(id->data, out);
    } else {
        print_bytes(quipu_id_bytes(id), out);
    }
}

static void print_members(const quipu_field *fields, const char *members,
                          FILE *out);

/* Prints a value of a field, or an element of an array. */
static void print_value(const quipu_field *field, const char *value, FILE *out)
{
    const char *text;
    quipu_id id;

    switch (field->kind) {
    case QUIPU_KIND_BOOL:
        (void)fputs(*(const unsigned char *)value ? "true" : "false", out);
        break;
    case QUIPU_KIND_INT:
        (void)fprintf(out, "%" PRId64,
                      quipu_member_load_int(value, field->size));
        break;
    case QUIPU_KIND_UINT:
        (void)fprintf(out, "%" PRIu64,
                      quipu_member_load_uint(value, field->size));
        break;
    case QUIPU_KIND_REAL:
        print_real(value, field->size, out);
        break;
    case QUIPU_KIND_TEXT:
        text = quipu_member_load_pointer(value);
        text ? print_text(text, strlen(text), out) : (void)fputs("NULL", out);
        break;
    case QUIPU_KIND_FIXED_TEXT:
        print_text(value, quipu_member_text_size(field, value), out);
        break;
    case QUIPU_KIND_BYTES:
        print_bytes(quipu_member_load_bytes(value), out);
        break;
    case QUIPU_KIND_UUID:
        print_uuid(value, out);
        break;
    case QUIPU_KIND_TIME:
        print_time(value, out);
        break;
    case QUIPU_KIND_ID:
        memcpy(&id, value, sizeof(id));
        print_id(&id, out);
        break;
    default:
        print_members(field->fields, value, out);
    }
}

static void print_member(const quipu_field *field, const char *members,
                         FILE *out)
{
    const char *member = members + field->offset;

    if (!quipu_member_present(field, members)) {
        (void)fputs("none", out);
    } else if (quipu_field_is_personal(field)) {
        (void)fputs("(personal)", out); /* X7 */
    } else if (field->flags & QUIPU_FIELD_IS_ARRAY) {
        const char *elements = quipu_member_load_pointer(member);
        const size_t count = quipu_member_load_count(field, members);

        (void)fputc('[', out);
        for (size_t i = 0; i < count; i++) {
            (void)fputs(i > 0 ? ", " : "", out);
            print_value(field, elements + i * field->size, out);
        }
        (void)fputc(']', out);
    } else {
        print_value(field, member, out);
    }
}

static void print_members(const quipu_field *fields, const char *members,
                          FILE *out)
{
    const char *separator = "";

    (void)fputc('{', out);
    for (size_t i = 0; fields && fields[i].name; i++) {
        if (quipu_member_is_stored(&fields[i])) {
            (void)fprintf(out, "%s %s: ", separator, fields[i].name);
            print_member(&fields[i], members, out);
            separator = ",";
        }
    }
    (void)fputs(" }", out);
}

void quipu_event_text_print(const quipu_event *event, FILE *out)
{
    (void)fputs(event->type->topic, out);
    if (event->type->fields && event->type->fields[0].name) {
        (void)fputc(' ', out);
        print_members(event->type->fields, (const char *)event, out);
    }
}

/* --------------------------------------------------------------- comparing */

struct comparison {
    const char *topic;
    const char *label;
    FILE *out; /* or NULL */
    size_t differences;
};

/* A pair of structs, or of members of theirs. */
struct pair {
    const char *expected;
    const char *actual;
};

static bool is_real_equal(struct pair pair, size_t size)
{
    double numbers[2];

    if (size == sizeof(float)) {
        float singles[2];

        memcpy(&singles[0], pair.expected, size);
        memcpy(&singles[1], pair.actual, size);
        numbers[0] = (double)singles[0];
        numbers[1] = (double)singles[1];
    } else {
        memcpy(&numbers[0], pair.expected, size);
        memcpy(&numbers[1], pair.actual, size);
    }
    return numbers[0] == numbers[1] || (isnan(numbers[0]) && isnan(numbers[1]));
}

static bool is_text_equal(const char *expected, const char *actual)
{
    return expected && actual ? strcmp(expected, actual) == 0
                              : expected == actual;
}

/* Compares values of all kinds but struct. */
static bool is_equal(const quipu_field *field, struct pair pair)
{
    quipu_id ids[2];

    switch (field->kind) {
    case QUIPU_KIND_BOOL:
        return !*(const unsigned char *)pair.expected ==
               !*(const unsigned char *)pair.actual;
    case QUIPU_KIND_REAL:
        return is_real_equal(pair, field->size);
    case QUIPU_KIND_TEXT:
        return is_text_equal(quipu_member_load_pointer(pair.expected),
                             quipu_member_load_pointer(pair.actual));
    case QUIPU_KIND_FIXED_TEXT:
        return strncmp(pair.expected, pair.actual, field->size) == 0;
    case QUIPU_KIND_BYTES:
        return quipu_bytes_equal(quipu_member_load_bytes(pair.expected),
                                 quipu_member_load_bytes(pair.actual));
    case QUIPU_KIND_ID:
        memcpy(&ids[0], pair.expected, sizeof(ids[0]));
        memcpy(&ids[1], pair.actual, sizeof(ids[1]));
        return quipu_id_equal(&ids[0], &ids[1]);
    default:
        return memcmp(pair.expected, pair.actual, field->size) == 0;
    }
}

static void compare_members(struct comparison *comparison,
                            const quipu_field *fields, struct pair structs,
                            const quipu_field_path *up);

/* Counts a difference.  Of an element of an array the value is printed, of
 * another field the member of the structs. */
static void differ(struct comparison *comparison, const quipu_field *field,
                   struct pair pair, const quipu_field_path *path)
{
    void (*print)(const quipu_field *, const char *, FILE *) =
        path->indexed ? print_value : print_member;
    char text[QUIPU_FIELD_PATH_SIZE];

    comparison->differences++;
    if (comparison->out) {
        (void)fprintf(comparison->out, "%sexpected %s.%s ", comparison->label,
                      comparison->topic, quipu_field_path_format(path, text));
        print(field, pair.expected, comparison->out);
        (void)fputs(", got ", comparison->out);
        print(field, pair.actual, comparison->out);
        (void)fputc('\n', comparison->out);
    }
}

static void compare_elements(struct comparison *comparison,
                             const quipu_field *field, struct pair structs,
                             quipu_field_path *path)
{
    const size_t count = quipu_member_load_count(field, structs.expected);
    const char *expected =
        quipu_member_load_pointer(structs.expected + field->offset);
    const char *actual =
        quipu_member_load_pointer(structs.actual + field->offset);

    if (count != quipu_member_load_count(field, structs.actual)) {
        differ(comparison, field, structs, path);
        return;
    }
    path->indexed = true;
    for (size_t i = 0; i < count; i++) {
        const struct pair pair = { expected + i * field->size,
                                   actual + i * field->size };

        path->index = i;
        if (field->kind == QUIPU_KIND_STRUCT) {
            compare_members(comparison, field->fields, pair, path);
        } else if (!is_equal(field, pair)) {
            differ(comparison, field, pair, path);
        }
    }
}

static void compare_values(struct comparison *comparison,
                           const quipu_field *field, struct pair structs,
                           const quipu_field_path *up)
{
    const struct pair pair = { structs.expected + field->offset,
                               structs.actual + field->offset };
    const bool is_present = quipu_member_present(field, structs.expected);
    quipu_field_path path = { .up = up, .name = field->name };

    bool is_same = is_present == quipu_member_present(field, structs.actual);

    if (is_same && is_present) {
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            compare_elements(comparison, field, structs, &path);
        } else if (field->kind == QUIPU_KIND_STRUCT) {
            compare_members(comparison, field->fields, pair, &path);
        } else {
            is_same = is_equal(field, pair);
        }
    }
    if (!is_same) {
        differ(comparison, field, structs, &path);
    }
}

/* A personal member is one difference, without the elements and members in
 * which it differs. */
static void compare_member(struct comparison *comparison,
                           const quipu_field *field, struct pair structs,
                           const quipu_field_path *up)
{
    const quipu_field_path path = { .up = up, .name = field->name };
    struct comparison silent = { .topic = comparison->topic };

    if (!quipu_field_is_personal(field)) {
        compare_values(comparison, field, structs, up);
        return;
    }
    compare_values(&silent, field, structs, up);
    if (silent.differences > 0) {
        differ(comparison, field, structs, &path);
    }
}

static void compare_members(struct comparison *comparison,
                            const quipu_field *fields, struct pair structs,
                            const quipu_field_path *up)
{
    for (size_t i = 0; fields && fields[i].name; i++) {
        if (quipu_member_is_stored(&fields[i])) {
            compare_member(comparison, &fields[i], structs, up);
        }
    }
}

size_t quipu_event_text_compare(const quipu_event *expected,
                                const quipu_event *actual, const char *label,
                                FILE *out)
{
    static const char nothing[sizeof(quipu_id)];
    struct comparison comparison = { .topic = expected->type->topic,
                                     .label = label,
                                     .out = out };
    const struct pair structs = { (const char *)expected,
                                  (const char *)actual };

    for (size_t i = 0; base_fields[i].name; i++) {
        if (memcmp(structs.expected + base_fields[i].offset, nothing,
                   base_fields[i].size) != 0) {
            compare_member(&comparison, &base_fields[i], structs, NULL);
        }
    }
    compare_members(&comparison, expected->type->fields, structs, NULL);
    return comparison.differences;
}
