/* SPDX-License-Identifier: Apache-2.0 */
#include "listing_fixture.h"

static quipu_error error;

static void copy(struct listed *to, const quipu_consumer *from)
{
    to->consumer = *from;
    (void)snprintf(to->name, sizeof(to->name), "%s", from->name);
    to->consumer.name = to->name;
    if (from->log) {
        (void)snprintf(to->log, sizeof(to->log), "%s", from->log);
        to->consumer.log = to->log;
    }
}

size_t list_consumers(quipu_datastore *tracking, quipu_datastore *logs,
                      struct listed *found, size_t most)
{
    const quipu_consumer *consumer = NULL;
    quipu_consumers *consumers = NULL;
    size_t count = 0;

    assert_ok(quipu_consumers_open(tracking, logs, &consumers, &error), &error);
    do {
        assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
        if (consumer) {
            assert_true(count < most);
            copy(&found[count++], consumer);
        }
    } while (consumer);
    assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
    assert_null(consumer);
    quipu_consumers_close(consumers);
    return count;
}

struct listed find_consumer(const struct opened_log *log, const char *name)
{
    struct listed found[8];
    size_t count = list_consumers(log->datastore, NULL, found, 8);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].name, name) == 0) {
            copy(&found[7], &found[i].consumer);
            return found[7];
        }
    }
    fail_msg("consumer %s is not listed", name);
    return found[0];
}

const quipu_consumer *listed_consumer(struct listed *listed)
{
    listed->consumer.name = listed->name;
    listed->consumer.log = listed->consumer.log ? listed->log : NULL;
    return &listed->consumer;
}

quipu_datastore *open_file(const char *file)
{
    quipu_datastore *datastore;
    char uri[96];

    (void)snprintf(uri, sizeof(uri), "sqlite:///%s", file);
    assert_ok(quipu_datastore_open(uri, NULL, &datastore, &error), &error);
    return datastore;
}

void close_datastore(quipu_datastore *datastore)
{
    assert_ok(quipu_datastore_close(datastore, &error), &error);
}

/* The projection that is stepped, and its log. */
static struct {
    quipu_projection *projection;
    struct opened_log *log;
} stepped;

static void step(void)
{
    add_events(stepped.log, 1);
    assert_ok(catch_up(stepped.projection, &error), &error);
}

void step_before_append(quipu_projection *projection, struct opened_log *log)
{
    stepped.projection = projection;
    stepped.log = log;
    interposed.before_append = step;
}
