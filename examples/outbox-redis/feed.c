/* SPDX-License-Identifier: Apache-2.0 */
/* The store with the events, and the connection to the server. */
#include "feed.h"

#include <stdio.h>

#include <quipu/declare.h>
#include <quipu/id.h>

#define SEQUENCES 8

QUIPU_EVENT(measured, "Sensor.Measured", QUIPU_VALUE(int64_t, value));

static const quipu_event_type *const types[] = { &measured };
static const quipu_mapping mapping = {
    .struct_size = sizeof(mapping),
    .types = types,
    .type_count = 1,
};

/* ------------------------------------------------------------------- store */

int feed_open(struct feed *feed, const char *uri, quipu_error *error)
{
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    int status = quipu_datastore_open(uri, NULL, &feed->datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_setup(feed->datastore, &schema, error);
    }
    return status == QUIPU_OK ? quipu_store_open(feed->datastore, &schema,
                                                 &mapping, &feed->store, error)
                              : status;
}

void feed_close(struct feed *feed)
{
    if (feed->store) {
        (void)quipu_store_close(feed->store, NULL);
    }
    if (feed->datastore) {
        (void)quipu_datastore_close(feed->datastore, NULL);
    }
}

static int append(struct feed *feed, long number, quipu_error *error)
{
    char text[32];
    quipu_id id;
    struct measured event = { .value = number };

    (void)snprintf(text, sizeof(text), "sensor-%ld", number % SEQUENCES);
    int status = quipu_id_of_text(&id, text, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_event_init(&event.base, &measured, &id, number / SEQUENCES);
    const quipu_event *const events[] = { &event.base };

    return quipu_store_append(feed->store, events, 1, NULL, error);
}

int feed_fill(struct feed *feed, long count, quipu_error *error)
{
    int status = QUIPU_OK;

    for (long i = 0; status == QUIPU_OK && i < count; i++) {
        status = append(feed, i, error);
    }
    return status;
}

/* -------------------------------------------------------------- connection */

redisContext *feed_connect(const struct feed *feed, quipu_error *error)
{
    redisContext *redis = redisConnectUnix(feed->socket);

    if (redis && !redis->err) {
        return redis;
    }
    quipu_error_set(error, redis ? QUIPU_IO : QUIPU_NO_MEMORY, "redis: %s: %s",
                    feed->socket, redis ? redis->errstr : "no memory");
    redisFree(redis);
    return NULL;
}
