/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of sequences, which a store gives in byte order of their ids.  Ids
 * with a prefix are neighbours in that order: the list begins at the lowest id
 * that can have the prefix, and ends at the first that does not.
 */
#include "browser.h"

#include "browse/items.h"
#include "browse/parameters.h"
#include "output/jsonl.h"

#include <ctype.h>
#include <string.h>

#define LIMIT 100
#define LIMIT_MAX 500
#define UUID_DIGITS 32

/* The ids that are wanted. */
struct range {
    bool is_text; /* kind of the schema's ids */
    size_t size;  /* of the prefix, in bytes or hexadecimal digits; 0: all */
    char prefix[256];
    quipu_id lowest; /* that can have the prefix */
};

/* ----------------------------------------------------------------- prefix */

/* Writes the digits of a UUID without its hyphens. */
static void digits_of(quipu_bytes id, char digits[UUID_DIGITS + 1])
{
    struct text text = { 0 };

    text_add_hex(&text, id.data, id.size);
    memcpy(digits, text_content(&text), UUID_DIGITS);
    digits[UUID_DIGITS] = '\0';
    text_free(&text);
}

static int refuse_prefix(quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID,
                           "prefix must be the first hexadecimal digits of a "
                           "UUID");
}

static int read_uuid_prefix(const char *text, struct range *range,
                            quipu_error *error)
{
    char digits[] = "00000000-0000-0000-0000-000000000000";
    size_t at = 0;
    quipu_uuid uuid;

    for (; *text != '\0'; text++) {
        if (*text == '-') {
            continue;
        }
        if (!isxdigit((unsigned char)*text) || range->size == UUID_DIGITS) {
            return refuse_prefix(error);
        }
        at += digits[at] == '-';
        digits[at++] = range->prefix[range->size++] =
            (char)tolower((unsigned char)*text);
    }
    int status = quipu_uuid_parse(&uuid, digits, error);

    quipu_id_of_uuid(&range->lowest, &uuid);
    return status;
}

static int read_prefix(const struct request *request,
                       const quipu_schema *schema, struct range *range,
                       quipu_error *error)
{
    const char *text = NULL;
    int status = parameters_text(request, "prefix", &text, error);

    range->is_text = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    if (status != QUIPU_OK || !text) {
        return status;
    }
    if (!range->is_text) {
        return read_uuid_prefix(text, range, error);
    }
    status = quipu_id_of_text(&range->lowest, text, error);
    if (status == QUIPU_OK) {
        range->size = strlen(text);
        memcpy(range->prefix, text, range->size);
    }
    return status;
}

static bool has_prefix(const struct range *range, quipu_bytes id)
{
    char digits[UUID_DIGITS + 1];

    if (range->is_text) {
        return id.size >= range->size &&
               memcmp(id.data, range->prefix, range->size) == 0;
    }
    if (id.size != sizeof(quipu_uuid)) {
        return false;
    }
    digits_of(id, digits);
    return memcmp(digits, range->prefix, range->size) == 0;
}

/* ------------------------------------------------------------------- list */

static json_t *json_of(const quipu_schema *schema, quipu_bytes id,
                       int64_t last_position)
{
    json_t *line = json_object();

    jsonl_set(line, "sequence_id", jsonl_id(schema, id));
    jsonl_set(line, "last_position", json_integer(last_position));
    return line;
}

/* Adds the sequence of the lowest id, above which a listing can begin. */
static int add_lowest(quipu_records *records, const struct range *range,
                      struct items *items, quipu_error *error)
{
    const quipu_bytes id = quipu_id_bytes(&range->lowest);
    int64_t last = 0;
    int status = quipu_records_last(records, id, &last, error);

    if (status == QUIPU_OK) {
        (void)items_add(items, LIMIT_MAX,
                        json_of(quipu_records_schema(records), id, last));
    }
    return status == QUIPU_NOT_FOUND ? QUIPU_OK : status;
}

static int add_above(quipu_records *records, const struct range *range,
                     quipu_bytes after, int64_t limit, struct items *items,
                     bool *more, quipu_error *error)
{
    const quipu_schema *schema = quipu_records_schema(records);
    const quipu_sequence *sequence = NULL;
    quipu_sequences *sequences = NULL;
    int status = quipu_sequences_open(records, after, &sequences, error);

    if (status == QUIPU_OK) {
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    while (status == QUIPU_OK && sequence && !*more &&
           has_prefix(range, sequence->id)) {
        *more =
            !items_add(items, limit,
                       json_of(schema, sequence->id, sequence->last_position));
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    quipu_sequences_close(sequences);
    return status;
}

int sequences_list(struct browser *browser, const struct request *request,
                   struct text *body, quipu_error *error)
{
    quipu_records *records = NULL;
    struct range range = { .size = 0 };
    int64_t limit = LIMIT;
    const char *text = NULL;
    struct items items;
    bool more = false;
    quipu_id after = { .size = 0 };
    int status = parameters_records(request, browser->store, &records, error);

    if (status == QUIPU_OK) {
        status =
            read_prefix(request, quipu_records_schema(records), &range, error);
    }
    if (status == QUIPU_OK) {
        status = parameters_number(request, "limit", 1, LIMIT_MAX, &limit, NULL,
                                   error);
    }
    if (status == QUIPU_OK) {
        status = parameters_text(request, "after", &text, error);
    }
    if (status == QUIPU_OK && text) {
        status = parameters_id(request, "after", quipu_records_schema(records),
                               &after, error);
    }
    items_begin(&items, body);
    if (status == QUIPU_OK && !text && range.size > 0) {
        after = range.lowest;
        status = add_lowest(records, &range, &items, error);
    }
    if (status == QUIPU_OK) {
        status = add_above(records, &range,
                           after.size > 0 ? quipu_id_bytes(&after)
                                          : (quipu_bytes){ 0 },
                           limit, &items, &more, error);
    }
    items_end(&items, json_pack("{s:b}", "more", more));
    return status;
}
