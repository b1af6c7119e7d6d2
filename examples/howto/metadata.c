/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata of events: user, request and cause.  Prints:
 *
 *     deposited by ann for the request r-17
 *       correlation_id = the first event of the unit
 *       request = r-17
 *       user = ann
 *     the notice is caused by the deposit
 *     the notice belongs to the same request: yes
 */
#include "howto.h"

#include <stdio.h>
#include <string.h>

/* All events of the unit get the metadata, which are copied. */
static int deposit(quipu_unit *unit, struct bank *bank, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct account *account = quipu_unit_new(unit, bank->accounts, &id, error);
    quipu_metadata *metadata = NULL;

    if (!account) {
        return error->code;
    }
    QUIPU_TRY(quipu_metadata_create(&metadata, error));
    int status = quipu_metadata_set(metadata, "user", "ann", error);

    if (status == QUIPU_OK) {
        status = quipu_metadata_set(metadata, "request", "r-17", error);
    }
    if (status == QUIPU_OK) {
        status = quipu_unit_metadata(unit, metadata, error);
    }
    quipu_metadata_destroy(metadata);
    return status == QUIPU_OK
               ? QUIPU_TRIGGER(account, opened, error, .cents = 100)
               : status;
}

/* Prints the metadata of an event. */
static int print(const quipu_event *event, quipu_error *error)
{
    quipu_metadata *metadata = NULL;

    QUIPU_TRY(quipu_metadata_read(event->metadata, &metadata, error));
    printf("deposited by %s for the request %s\n",
           quipu_metadata_get(metadata, "user"),
           quipu_metadata_get(metadata, "request"));
    for (size_t i = 0; i < quipu_metadata_count(metadata); i++) {
        const char *name = quipu_metadata_name(metadata, i);
        const char *value = quipu_metadata_get(metadata, name);

        printf("  %s = %s\n", name,
               strcmp(name, QUIPU_METADATA_CORRELATION_ID) == 0
                   ? "the first event of the unit"
                   : value);
    }
    quipu_metadata_destroy(metadata);
    return QUIPU_OK;
}

/* Gives an event that is appended without a unit the metadata of what `cause`
 * causes. */
static int notice(struct bank *bank, const quipu_event *cause,
                  quipu_error *error)
{
    const quipu_id id = account_id("notices");
    struct deposited event = { .cents = 0 };
    const quipu_event *list[] = { &event.base };
    quipu_metadata *metadata = NULL;

    quipu_event_init(&event.base, &deposited, &id, 0);
    QUIPU_TRY(quipu_metadata_caused_by(cause, &metadata, error));
    int status = quipu_metadata_encode(metadata, &event.base.metadata, error);

    if (status == QUIPU_OK) { /* the bytes are those of `metadata` */
        status = quipu_store_append(bank->store, list, 1, NULL, error);
    }
    quipu_metadata_destroy(metadata);
    return status;
}

/* ------------------------------------------------------------- the program */

static int compare(struct bank *bank, const quipu_event *cause,
                   quipu_error *error)
{
    const quipu_id id = account_id("notices");
    char cause_id[QUIPU_UUID_TEXT_SIZE];
    quipu_event *event = NULL;
    quipu_metadata *before = NULL, *after = NULL;

    quipu_uuid_format(&cause->event_id, cause_id);
    QUIPU_TRY(quipu_store_last(bank->store, &id, &event, error));
    int status = quipu_metadata_read(cause->metadata, &before, error);

    if (status == QUIPU_OK) {
        status = quipu_metadata_read(event->metadata, &after, error);
    }
    if (status == QUIPU_OK) {
        const char *causation =
            quipu_metadata_get(after, QUIPU_METADATA_CAUSATION_ID);
        const char *first =
            quipu_metadata_get(before, QUIPU_METADATA_CORRELATION_ID);
        const char *second =
            quipu_metadata_get(after, QUIPU_METADATA_CORRELATION_ID);

        printf("the notice is caused by %s\n",
               strcmp(causation, cause_id) == 0 ? "the deposit" : causation);
        printf("the notice belongs to the same request: %s\n",
               strcmp(first, second) == 0 ? "yes" : "no");
    }
    quipu_metadata_destroy(before);
    quipu_metadata_destroy(after);
    quipu_event_destroy(event);
    return status;
}

static int commit(struct bank *bank, quipu_error *error)
{
    quipu_unit *unit = NULL;

    QUIPU_TRY(quipu_unit_create(bank->store, &unit, error));
    int status = deposit(unit, bank, error);

    if (status == QUIPU_OK) {
        status = quipu_unit_commit(unit, NULL, error);
    }
    quipu_unit_destroy(unit);
    return status;
}

int metadata_show(struct bank *bank, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    quipu_event *event = NULL;

    QUIPU_TRY(commit(bank, error));
    QUIPU_TRY(quipu_store_last(bank->store, &id, &event, error));
    int status = print(event, error);

    if (status == QUIPU_OK) {
        status = notice(bank, event, error);
    }
    if (status == QUIPU_OK) {
        status = compare(bank, event, error);
    }
    quipu_event_destroy(event);
    return status;
}
