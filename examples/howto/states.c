/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed states, opened by a tool that knows no event types.  The first key is
 * that of the file quipu.keys.  Prints:
 *
 *     sealed: encrypted
 *     note = "confidential"
 *     written = 2026-05-25T12:00:00.000000Z
 *     sealed: encrypted
 *     note = "confidential"
 *     written = 2026-05-25T12:00:00.000000Z
 */
#include "howto.h"

#include <stdio.h>

QUIPU_EVENT(noted, "Note.Written", QUIPU_VALUE(const char *, note),
            QUIPU_VALUE(quipu_time, written));

/* Appends an event to a sequence, sealed with the first key of the ring. */
static int append(struct bank *bank, const quipu_id *id,
                  const quipu_keyring *ring, quipu_error *error)
{
    static const quipu_event_type *const types[] = { &noted };
    const quipu_sealing sealing = {
        .struct_size = sizeof(sealing),
        .keys = quipu_keyring_keys(ring),
        .whole = true,         /* encrypt whole states */
        .compress_above = 256, /* bytes; smaller states stay as they are */
    };
    quipu_mapping mapping = { .struct_size = sizeof(mapping),
                              .types = types,
                              .type_count = 1 };
    struct noted event = { .note = "confidential",
                           .written = { INT64_C(1779710400) * 1000000 } };
    const quipu_event *list[] = { &event.base };
    quipu_store *store = NULL;

    mapping.sealing = &sealing;
    QUIPU_TRY(quipu_store_open(bank->datastore, &bank->schema, &mapping, &store,
                               error));
    quipu_event_init(&event.base, &noted, id, 0);
    int status = quipu_store_append(store, list, 1, NULL, error);

    (void)quipu_store_close(store, NULL);
    return status;
}

/* Prints the members of a state in clear: a map of texts and times. */
static int print_members(quipu_bytes rest, quipu_error *error)
{
    quipu_token map, name, value;

    QUIPU_TRY(quipu_token_next(&rest, &map, error));
    for (uint32_t i = 0; i < map.count; i++) {
        char text[QUIPU_TIME_TEXT_SIZE];
        quipu_time time;

        QUIPU_TRY(quipu_token_next(&rest, &name, error));
        QUIPU_TRY(quipu_token_next(&rest, &value, error));
        printf("%.*s = ", (int)name.bytes.size, (const char *)name.bytes.data);
        if (quipu_token_time(&value, &time)) {
            QUIPU_TRY(quipu_time_format(time, text, error));
            printf("%s\n", text);
        } else if (value.kind == QUIPU_TOKEN_STR) {
            printf("\"%.*s\"\n", (int)value.bytes.size,
                   (const char *)value.bytes.data);
        }
    }
    return QUIPU_OK;
}

/* Opens the state of an item, and prints its members. */
static int print_item(quipu_opener *opener, const quipu_item *item,
                      quipu_error *error)
{
    quipu_bytes clear;
    quipu_state state;

    QUIPU_TRY(quipu_state_split(item->state, &state, error));
    if (state.flags & QUIPU_STATE_IS_ENCRYPTED) {
        printf("sealed: encrypted\n");
    }
    QUIPU_TRY(quipu_opener_open(opener, item, &clear, error));
    QUIPU_TRY(quipu_state_split(clear, &state, error));
    return print_members(state.fields, error);
}

static int print_sequence(struct bank *bank, const quipu_id *id,
                          quipu_opener *opener, quipu_error *error)
{
    const quipu_item *item;
    quipu_cursor *cursor;

    QUIPU_TRY(quipu_records_read(quipu_store_records(bank->store),
                                 quipu_id_bytes(id), NULL, &cursor, error));
    int status;

    while ((status = quipu_cursor_next(cursor, &item, error)) == QUIPU_OK &&
           item) {
        status = print_item(opener, item, error);
        if (status != QUIPU_OK) {
            break;
        }
    }
    quipu_cursor_close(cursor);
    return status;
}

/* Closes the ring, after all that uses its keys. */
static int use(struct bank *bank, const char *name, quipu_keyring *ring,
               quipu_error *error)
{
    const quipu_id id = account_id(name);
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .keys = quipu_keyring_keys(ring) };
    quipu_opener *opener = NULL;
    int status = append(bank, &id, ring, error);

    if (status == QUIPU_OK) {
        status = quipu_opener_create(&sealing, &opener, error);
    }
    if (status == QUIPU_OK) {
        status = print_sequence(bank, &id, opener, error);
    }
    quipu_opener_destroy(opener);
    quipu_keyring_close(ring);
    return status;
}

/* A ring of keys from elsewhere, such as a key management service. */
static int make_ring(quipu_keyring **ring, quipu_error *error)
{
    quipu_key key;

    QUIPU_TRY(quipu_key_generate(&key, error));
    int status = quipu_keyring_create(&key, 1, ring, error); /* copies it */

    quipu_key_wipe(&key);
    return status;
}

int states_show(struct bank *bank, quipu_error *error)
{
    quipu_keyring *ring = NULL;

    QUIPU_TRY(quipu_keyring_open("quipu.keys", &ring, error));
    QUIPU_TRY(use(bank, "first", ring, error));
    QUIPU_TRY(make_ring(&ring, error));
    return use(bank, "second", ring, error);
}
