/* SPDX-License-Identifier: Apache-2.0 */
/* The consumers that a command lists or changes. */
#include "consumers/listing.h"
#include "output/output.h"
#include "output/text.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------- stores */

enum outcome consumers_listing_open(struct listing *listing,
                                    const struct args *args, bool writable)
{
    quipu_error error;
    int status;

    *listing = (struct listing){ .args = args };
    status = writable
                 ? store_open_existing(args->uri, &listing->tracking, &error)
                 : store_open_readonly(args->uri, &listing->tracking, &error);
    listing->logs = listing->tracking;
    if (status == QUIPU_OK && args->logs) {
        status = store_open_readonly(args->logs, &listing->logs, &error);
        if (status != QUIPU_OK) {
            (void)quipu_datastore_close(listing->tracking, NULL);
        }
    }
    return status == QUIPU_OK ? DONE : output_error(&error);
}

static void clear(struct listing *listing)
{
    memory_arena_clear(&listing->copies);
    free(listing->items);
    listing->items = NULL;
    listing->count = 0;
}

void consumers_listing_close(struct listing *listing)
{
    quipu_error error;

    clear(listing);
    if (listing->logs != listing->tracking &&
        quipu_datastore_close(listing->logs, &error) != QUIPU_OK) {
        output_error(&error);
    }
    if (quipu_datastore_close(listing->tracking, &error) != QUIPU_OK) {
        output_error(&error);
    }
}

/* -------------------------------------------------------------- consumers */

static void *copy_of(struct listing *listing, const void *data, size_t size)
{
    void *copy = memory_arena_allocate(&listing->copies, size);

    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

static const char *text_of(struct listing *listing, const char *text)
{
    return text ? copy_of(listing, text, strlen(text) + 1) : NULL;
}

static void add(struct listing *listing, const quipu_consumer *consumer)
{
    listing->items = memory_resize(listing->items, listing->count + 1,
                                   sizeof(*listing->items));
    quipu_consumer *added = &listing->items[listing->count++];
    quipu_consumer_member *members = copy_of(
        listing, consumer->members, consumer->member_count * sizeof(*members));

    *added = *consumer;
    added->name = text_of(listing, consumer->name);
    added->log = text_of(listing, consumer->log);
    added->partitions =
        copy_of(listing, consumer->partitions,
                consumer->partition_count * sizeof(*added->partitions));
    added->members = members;
    for (size_t i = 0; i < consumer->member_count; i++) {
        members[i].name = text_of(listing, consumer->members[i].name);
    }
}

int consumers_listing_read(struct listing *listing, quipu_error *error)
{
    const quipu_consumer *consumer = NULL;
    quipu_consumers *consumers = NULL;
    int status = quipu_consumers_open(listing->tracking, listing->logs,
                                      &consumers, error);

    clear(listing);
    if (status == QUIPU_OK) {
        status = quipu_consumers_next(consumers, &consumer, error);
    }
    while (status == QUIPU_OK && consumer) {
        if (listing->args->schema_count == 0 ||
            (consumer->log && args_want_schema(listing->args, consumer->log))) {
            add(listing, consumer);
        }
        status = quipu_consumers_next(consumers, &consumer, error);
    }
    quipu_consumers_close(consumers);
    return status;
}

/* ------------------------------------------------------------------- find */

static int not_found(const struct listing *listing, const char *name,
                     quipu_error *error)
{
    struct text others = { 0 };

    for (size_t i = 0; i < listing->count; i++) {
        text_print(&others, "%s%s", i == 0 ? "" : ", ", listing->items[i].name);
    }
    quipu_error_set(error, QUIPU_NOT_FOUND,
                    "the store has no consumer '%s'; it has: %s", name,
                    listing->count == 0 ? "none" : text_content(&others));
    text_free(&others);
    return QUIPU_NOT_FOUND;
}

int consumers_listing_find(const struct listing *listing, const char *name,
                           const quipu_consumer **consumer, quipu_error *error)
{
    *consumer = NULL;
    for (size_t i = 0; i < listing->count; i++) {
        if (strcmp(listing->items[i].name, name) != 0) {
            continue;
        }
        if (*consumer) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "consumer '%s' reads the logs '%s' and "
                                   "'%s'; name one of them with --schema",
                                   name, (*consumer)->log,
                                   listing->items[i].log);
        }
        *consumer = &listing->items[i];
    }
    return *consumer ? QUIPU_OK : not_found(listing, name, error);
}
