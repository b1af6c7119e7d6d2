/* SPDX-License-Identifier: Apache-2.0 */
/* Validates the conditions of an append before they go to a driver; see
 * validate.c for its other parts. */
#include "records/conditions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

#define FLAGS \
    (QUIPU_CONDITIONS_TRACKING_FROM | QUIPU_CONDITIONS_TRACKING_REWIND)
#define ENTRY_FLAGS \
    (QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_DELETE | QUIPU_ENTRY_CHECK)

/* Keys with this prefix belong to quipu (entries.h). */
static const char own_prefix[] = "quipu/";

int quipu_conditions_validate_key(quipu_bytes key, size_t lowest,
                                  struct quipu_validate_place place,
                                  const char *member, quipu_error *error)
{
    if (!key.data && lowest > 0) {
        return quipu_validate_wrong(place, member, "is absent", error);
    }
    if (key.size < lowest) {
        return quipu_validate_wrong(place, member, "is empty", error);
    }
    if (key.size > QUIPU_KEY_MAX) {
        return quipu_validate_wrong(place, member, "is longer than 480 bytes",
                                    error);
    }
    if (key.size > 0 && !quipu_utf8_valid(key)) {
        return quipu_validate_wrong(place, member, "is not UTF-8 without NUL",
                                    error);
    }
    return QUIPU_OK;
}

/* Returns a clause about the member `revision`, `flags` or `reserved` that is
 * wrong, or NULL. */
static const char *wrong_flags(const quipu_entry_write *write,
                               const char **member)
{
    *member = "flags";
    if (write->flags & ~(uint32_t)ENTRY_FLAGS) {
        return "has an unknown flag";
    }
    if ((write->flags & QUIPU_ENTRY_DELETE) &&
        (write->flags & QUIPU_ENTRY_CHECK)) {
        return "has both QUIPU_ENTRY_DELETE and QUIPU_ENTRY_CHECK";
    }
    if ((write->flags & QUIPU_ENTRY_CHECK) &&
        !(write->flags & QUIPU_ENTRY_EXPECT)) {
        return "has QUIPU_ENTRY_CHECK without QUIPU_ENTRY_EXPECT";
    }
    *member = "revision";
    if (write->revision < 0) {
        return "is below 0";
    }
    if (write->revision > 0 && !(write->flags & QUIPU_ENTRY_EXPECT)) {
        return "is not 0, but the flag QUIPU_ENTRY_EXPECT is missing";
    }
    *member = "reserved";
    return write->reserved || write->reserved2[0] || write->reserved2[1]
               ? "is not 0"
               : NULL;
}

static const char *wrong_value(const quipu_entry_write *write, uint64_t limit)
{
    if (write->flags & (QUIPU_ENTRY_DELETE | QUIPU_ENTRY_CHECK)) {
        return write->value.data || write->value.size > 0
                   ? "is present in a deletion or check"
                   : NULL;
    }
    if (!write->value.data) {
        return "is absent; an empty one has data, and QUIPU_ENTRY_DELETE "
               "deletes";
    }
    return write->value.size > limit ? "is larger than this store holds" : NULL;
}

bool quipu_conditions_is_own_key(quipu_bytes key)
{
    size_t size = sizeof(own_prefix) - 1;

    return key.size >= size && memcmp(key.data, own_prefix, size) == 0;
}

static int check_entry(const struct quipu_append_call *call,
                       const quipu_entry_write *write,
                       struct quipu_validate_place place, quipu_error *error)
{
    uint64_t limit = call->datastore->opened.limits.state_size;
    const char *member;
    const char *why;
    int status =
        quipu_conditions_validate_key(write->key, 1, place, "key", error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!call->is_internal && quipu_conditions_is_own_key(write->key) &&
        !(write->flags & QUIPU_ENTRY_CHECK)) {
        return quipu_validate_wrong(
            place, "key", "begins with \"quipu/\", which quipu keeps to itself",
            error);
    }
    why = wrong_flags(write, &member);
    if (!why) {
        member = "value";
        why = wrong_value(write, limit);
    }
    return why ? quipu_validate_wrong(place, member, why, error) : QUIPU_OK;
}

static int compare_keys(const void *left, const void *right)
{
    const quipu_entry_write *a = *(const quipu_entry_write *const *)left;
    const quipu_entry_write *b = *(const quipu_entry_write *const *)right;
    size_t shorter = a->key.size < b->key.size ? a->key.size : b->key.size;
    int order = memcmp(a->key.data, b->key.data, shorter);

    if (order == 0) {
        order = (a->key.size > b->key.size) - (a->key.size < b->key.size);
    }
    return order;
}

/* Refuses two writes of one key: their order would decide which one counts. */
static int check_twins(const quipu_conditions *conditions, quipu_result *result,
                       quipu_error *error)
{
    size_t count = conditions->entry_count;
    int status = QUIPU_OK;

    if (count < 2) {
        return QUIPU_OK;
    }
    const quipu_entry_write **sorted = quipu_allocate(count * sizeof(*sorted));

    if (!sorted) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &conditions->entries[i];
    }
    qsort(sorted, count, sizeof(*sorted), compare_keys);
    for (size_t i = 1; status == QUIPU_OK && i < count; i++) {
        if (compare_keys(&sorted[i - 1], &sorted[i]) == 0) {
            result->cause = QUIPU_CAUSE_ENTRY;
            result->index = (size_t)(sorted[i] - conditions->entries);
            status = quipu_validate_wrong(
                (struct quipu_validate_place){ "entries", result->index },
                "key", "appears twice in the append", error);
        }
    }
    quipu_release(sorted);
    return status;
}

static int check_entries(const struct quipu_append_call *call,
                         const quipu_conditions *conditions, uint64_t *size,
                         quipu_result *result, quipu_error *error)
{
    const quipu_limits *limits = &call->datastore->opened.limits;
    int status = quipu_validate_count("entries", conditions->entries,
                                      conditions->entry_count,
                                      limits->append_items, error);

    for (size_t i = 0; status == QUIPU_OK && i < conditions->entry_count; i++) {
        const quipu_entry_write *write = &conditions->entries[i];

        status = check_entry(
            call, write, (struct quipu_validate_place){ "entries", i }, error);
        *size += write->key.size + write->value.size;
        if (status == QUIPU_OK && *size > limits->append_size) {
            status = quipu_error_set(
                error, QUIPU_INVALID,
                "the append is larger than the %" PRIu64
                " bytes that this store takes at once; its items and its "
                "entries up to entries[%zu] fill them",
                limits->append_size, i);
        }
        if (status != QUIPU_OK) {
            result->cause = QUIPU_CAUSE_ENTRY;
            result->index = i;
        }
    }
    return status == QUIPU_OK ? check_twins(conditions, result, error) : status;
}

/* Returns a clause about what is wrong with the condition on the tracking
 * record, or NULL. */
static const char *wrong_tracking(const quipu_append *append)
{
    const quipu_conditions *conditions = append->conditions;
    bool from = conditions->flags & QUIPU_CONDITIONS_TRACKING_FROM;

    if (conditions->flags & ~(uint32_t)FLAGS) {
        return "flags has an unknown flag";
    }
    if ((conditions->flags & QUIPU_CONDITIONS_TRACKING_REWIND) && !from) {
        return "flags has TRACKING_REWIND without TRACKING_FROM";
    }
    if (from && !append->tracking) {
        return "flags has TRACKING_FROM, but the append has no tracking record";
    }
    if (conditions->tracking_from < 0) {
        return "tracking_from is below 0";
    }
    return conditions->tracking_from > 0 && !from
               ? "tracking_from is not 0, but the flag TRACKING_FROM is missing"
               : NULL;
}

int quipu_conditions_validate(const struct quipu_append_call *call,
                              const quipu_append *append, uint64_t *size,
                              quipu_result *result, quipu_error *error)
{
    const char *why = wrong_tracking(append);

    if (!(call->datastore->opened.capabilities & QUIPU_CAN_ENTRIES)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver \"%s\" keeps no key-value entries, and "
                               "therefore checks no conditions",
                               call->datastore->driver->name);
    }
    if (why) {
        return quipu_error_set(error, QUIPU_INVALID, "append: conditions: %s",
                               why);
    }
    return check_entries(call, append->conditions, size, result, error);
}
