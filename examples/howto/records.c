/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items: the layer below the events.  Prints:
 *
 *     INVALID for a table named quipu_notes
 *     the event type is right
 *     Account.Opened: known, Account.Closed: unknown
 *     ann gets position 0 and notification 1
 *     1: ann at 0, Account.Opened
 *     read from the sequence: 100 cents
 *     ann ends at 0, the log at 1
 *     the last item is Account.Opened, after 0 erasures
 *     sequence 0 begins with an item
 *     sequence 1 begins with nothing
 *     1: Account.Opened
 *     the position still holds
 *     CONFLICT: the log ends before notification 7
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>

/* Checks what a program has put together, before it opens anything. */
static int check(struct bank *bank, quipu_error *error)
{
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_sequenced_items());
    schema.table = "quipu_notes"; /* names that begin so are reserved */
    printf("%s for a table named %s\n",
           quipu_status_name(quipu_schema_check(&schema, error)), schema.table);
    QUIPU_TRY(quipu_schema_check(&bank->schema, error));
    QUIPU_TRY(quipu_event_type_check(&opened, error));
    printf("the event type is right\n");
    return QUIPU_OK;
}

/* Appends events as items, each at the end of its sequence. */
static int append(quipu_store *store, quipu_error *error)
{
    const quipu_mapper *mapper = quipu_store_mapper(store);
    const quipu_id id = account_id("ann");
    struct opened event = { .cents = 100 };
    int64_t position = -1;
    quipu_result result = { .positions = &position };
    quipu_items *items = NULL;

    printf("Account.Opened: %s, Account.Closed: %s\n",
           quipu_mapper_type(mapper, "Account.Opened") ? "known" : "unknown",
           quipu_mapper_type(mapper, "Account.Closed") ? "known" : "unknown");
    quipu_event_init(&event.base, &opened, &id, 0);
    QUIPU_TRY(quipu_items_create(mapper, &items, error));
    int status = quipu_items_add_next(items, &event.base, error);

    if (status == QUIPU_OK) {
        quipu_append append = { .struct_size = sizeof(append) };

        append.items = quipu_items_array(items, &append.item_count);
        status = quipu_records_append(quipu_store_records(store), &append,
                                      &result, error);
    }
    quipu_items_destroy(items);
    if (status == QUIPU_OK) {
        printf("ann gets position %" PRId64 " and notification %" PRId64 "\n",
               position, result.first_notification_id);
    }
    return status;
}

static int read_log(quipu_records *records, quipu_error *error)
{
    const quipu_item *item;
    quipu_cursor *cursor;

    QUIPU_TRY(quipu_records_read_log(records, NULL, &cursor, error));
    int status;

    while ((status = quipu_cursor_next(cursor, &item, error)) == QUIPU_OK &&
           item) {
        printf("%" PRId64 ": %.*s at %" PRId64 ", %.*s\n",
               item->notification_id, (int)item->sequence_id.size,
               (const char *)item->sequence_id.data, item->position,
               (int)item->topic.size, (const char *)item->topic.data);
    }
    quipu_cursor_close(cursor);
    return status;
}

/* Reads the first item of a sequence, and makes it an event. */
static int read_first(quipu_store *store, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    const quipu_item *item;
    quipu_cursor *cursor;
    quipu_event *event = NULL;

    QUIPU_TRY(quipu_records_read(quipu_store_records(store),
                                 quipu_id_bytes(&id), NULL, &cursor, error));
    int status = quipu_cursor_next(cursor, &item, error);

    if (status == QUIPU_OK && item) {
        status =
            quipu_mapper_event(quipu_store_mapper(store), item, &event, error);
    }
    quipu_cursor_close(cursor);
    if (status == QUIPU_OK && event) {
        printf("read from the sequence: %" PRId64 " cents\n",
               ((const struct opened *)event)->cents);
    }
    quipu_event_destroy(event);
    return status;
}

static int print_ends(quipu_records *records, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    quipu_position head;
    int64_t last;

    QUIPU_TRY(quipu_records_last(records, quipu_id_bytes(&id), &last, error));
    QUIPU_TRY(quipu_records_head(records, &head, error));
    printf("ann ends at %" PRId64 ", the log at %" PRId64 "\n", last,
           head.notification_id);
    return QUIPU_OK;
}

static void print_topic(void *context, const quipu_item *item)
{
    (void)context;
    printf("the last item is %.*s", (int)item->topic.size,
           (const char *)item->topic.data);
}

/* A value that was computed from a sequence, and kept, is still right if the
 * last item and the number of erasures are the same. */
static int print_last_item(quipu_records *records, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    int64_t erasures;

    QUIPU_TRY(quipu_records_last_item(records, quipu_id_bytes(&id), print_topic,
                                      NULL, &erasures, error));
    printf(", after %" PRId64 " erasures\n", erasures);
    return QUIPU_OK;
}

/* Reads two sequences together: one round trip to a server, not two. */
static int print_two(quipu_records *records, quipu_error *error)
{
    const quipu_id ann = account_id("ann"), bob = account_id("bob");
    const quipu_sequence_query queries[] = {
        { quipu_id_bytes(&ann), NULL },
        { quipu_id_bytes(&bob), NULL },
    };
    quipu_cursor *cursors[2];
    const quipu_item *item = NULL;
    int status = QUIPU_OK;

    QUIPU_TRY(
        quipu_records_read_many(records, queries, 2, cursors, NULL, error));
    for (int i = 0; i < 2 && status == QUIPU_OK; i++) {
        status = quipu_cursor_next(cursors[i], &item, error);
        printf("sequence %d begins with %s\n", i, item ? "an item" : "nothing");
    }
    quipu_cursor_close(cursors[0]);
    quipu_cursor_close(cursors[1]);
    return status;
}

/* Follows the log; without QUIPU_SUBSCRIPTION_TO_NOW it would wait for more. */
static int follow(quipu_records *records, quipu_error *error)
{
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .flags = QUIPU_SUBSCRIPTION_TO_NOW,
    };
    quipu_subscription *subscription;
    const quipu_item *item;

    QUIPU_TRY(quipu_subscription_open(records, &options, &subscription, error));
    int status;

    while ((status = quipu_subscription_next(subscription, &item, -1, error)) ==
               QUIPU_OK &&
           item) {
        printf("%" PRId64 ": %.*s\n", item->notification_id,
               (int)item->topic.size, (const char *)item->topic.data);
    }
    (void)quipu_subscription_close(subscription, NULL);
    return status;
}

/* A position that is kept outside the store is checked before it is used. */
static int check_position(quipu_records *records, quipu_error *error)
{
    quipu_position kept;

    QUIPU_TRY(quipu_records_position(records, 1, &kept, error));
    QUIPU_TRY(quipu_records_check_position(records, &kept, error));
    printf("the position still holds\n");
    kept.notification_id = 7; /* as if a backup had been restored */
    int status = quipu_records_check_position(records, &kept, error);

    printf("%s: the log ends before notification 7\n",
           quipu_status_name(status));
    return QUIPU_OK;
}

int records_show(struct bank *bank, quipu_error *error)
{
    quipu_records *records = quipu_store_records(bank->store);

    QUIPU_TRY(check(bank, error));
    QUIPU_TRY(append(bank->store, error));
    QUIPU_TRY(read_log(records, error));
    QUIPU_TRY(read_first(bank->store, error));
    QUIPU_TRY(print_ends(records, error));
    QUIPU_TRY(print_last_item(records, error));
    QUIPU_TRY(print_two(records, error));
    QUIPU_TRY(follow(records, error));
    return check_position(records, error);
}
