/* SPDX-License-Identifier: Apache-2.0 */
/* The check of an item by itself, and its hash. */
#include "args.h"
#include "keys.h"
#include "verify.h"

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t mix_number(uint64_t hash, int64_t number)
{
    return mix(hash, &number, sizeof(number));
}

static uint64_t mix_bytes(uint64_t hash, quipu_bytes bytes)
{
    hash = mix_number(hash, !bytes.data ? -1 : (int64_t)bytes.size);
    return mix(hash, bytes.data, bytes.size);
}

static uint64_t mix_value(uint64_t hash, const quipu_value *value)
{
    hash = mix_number(hash, value->kind);
    switch (value->kind) {
    case QUIPU_VALUE_BOOL:
    case QUIPU_VALUE_INT:
    case QUIPU_VALUE_TIME:
        return mix_number(hash, value->as.integer);
    case QUIPU_VALUE_DOUBLE:
        return mix(hash, &value->as.real, sizeof(value->as.real));
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
    case QUIPU_VALUE_UUID:
        return mix_bytes(hash, value->as.bytes);
    default:
        return hash;
    }
}

uint64_t verify_item_hash(const quipu_item *item)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    hash = mix_bytes(hash, item->sequence_id);
    hash = mix_number(hash, item->position);
    hash = mix_number(hash, item->notification_id);
    hash = mix_bytes(hash, item->topic);
    hash = mix_bytes(hash, item->state);
    hash = mix_bytes(hash, item->event_id);
    hash = mix_bytes(hash, item->metadata);
    hash = mix_number(hash, (item->flags & QUIPU_ITEM_TIME) != 0
                                ? item->time.microseconds
                                : INT64_MIN);
    hash = mix_number(hash, item->flags);
    for (size_t i = 0; i < item->column_count; i++) {
        hash = mix_value(hash, &item->columns[i]);
    }
    /* Hashes are added up; mix the low bits into the high ones, so that a
     * difference in any bit changes the sum. */
    hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

uint64_t verify_item_place_hash(const quipu_item *item)
{
    quipu_item place = *item;

    place.flags |= QUIPU_ITEM_ERASED;
    place.state = quipu_bytes_of_text("");
    place.metadata = (quipu_bytes){ NULL, 0 };
    place.column_count = 0;
    return verify_item_hash(&place);
}

static bool is_text(quipu_bytes bytes)
{
    return bytes.data && bytes.size > 0 && bytes.size <= QUIPU_ID_MAX &&
           quipu_bytes_is_text(bytes);
}

bool verify_item_id_valid(const struct verify *verify, quipu_bytes id)
{
    return (verify->schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0
               ? is_text(id)
               : id.size == sizeof(quipu_uuid);
}

/* Checks a state, opened if that is possible.  A state that needs a key or a
 * dictionary which was not given is counted, and no finding. */
static int check_state(struct verify *verify, const quipu_item *item,
                       quipu_error *error)
{
    quipu_bytes state = item->state;
    quipu_state parts;
    int status = quipu_state_split(item->state, &parts, error);

    if (status == QUIPU_OK && parts.flags) {
        status = keys_open_state(item, &state, error);
        if (status == QUIPU_DENIED || status == QUIPU_UNSUPPORTED) {
            verify->sealed++;
            return QUIPU_OK;
        }
    }
    return status == QUIPU_OK ? quipu_state_check(state, error) : status;
}

/* E1: an item that was erased has no contents. */
static void check_erased(struct verify *verify, const quipu_item *item,
                         const struct location *location)
{
    bool has_value = false;

    verify->erased++;
    for (size_t i = 0; i < item->column_count; i++) {
        has_value = has_value || item->columns[i].kind != QUIPU_VALUE_NULL;
    }
    if (item->state.size > 0 || item->metadata.data || has_value) {
        verify_finding_report(verify, "E1", location,
                              "the item is erased, but has %s",
                              item->state.size > 0  ? "a state"
                              : item->metadata.data ? "metadata"
                                                    : "a further column");
    }
}

void verify_item_check(struct verify *verify, const quipu_item *item)
{
    const bool text_ids = (verify->schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    const struct location location = verify_finding_at(item);
    quipu_error error;

    if (!verify_item_id_valid(verify, item->sequence_id)) {
        verify_finding_report(verify, "F2", &location,
                              "the sequence id is not a %s",
                              text_ids ? "text of 1 to 255 bytes" : "UUID");
    }
    if (!is_text(item->topic)) {
        verify_finding_report(verify, "F2", &location,
                              "the topic is not a text of 1 to 255 bytes");
    }
    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        check_erased(verify, item, &location);
    } else if (!verify->args->raw &&
               check_state(verify, item, &error) != QUIPU_OK) {
        verify_finding_report(verify, "state", &location, "%s", error.message);
    }
}
