/* SPDX-License-Identifier: Apache-2.0 */
/* What a case opens, names and keeps, and how it is put away again. */
#include "trial.h"

#include "check.h"
#include "link.h"
#include "spy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT 30000u /* milliseconds, of calls of which no case says it */

struct quipu_kept {
    struct quipu_kept *next;
    max_align_t memory[];
};

/* ------------------------------------------------- memory, names, numbers */

void *quipu_trial_keep(struct quipu_trial *t, size_t size)
{
    struct quipu_kept *kept = calloc(1, sizeof(*kept) + size);

    CHECK(kept, "no memory for %zu bytes of the suite's own", size);
    pthread_mutex_lock(&t->lock);
    kept->next = t->kept;
    t->kept = kept;
    pthread_mutex_unlock(&t->lock);
    return kept->memory;
}

const void *quipu_trial_then(struct quipu_trial *t)
{
    const void *then;

    pthread_mutex_lock(&t->lock);
    then = t->kept;
    pthread_mutex_unlock(&t->lock);
    return then;
}

void quipu_trial_forget(struct quipu_trial *t, const void *then)
{
    pthread_mutex_lock(&t->lock);
    while (t->kept != then) {
        struct quipu_kept *next = t->kept->next;

        free(t->kept);
        t->kept = next;
    }
    pthread_mutex_unlock(&t->lock);
}

const char *quipu_trial_text(struct quipu_trial *t, const char *format, ...)
{
    va_list arguments, again;
    int size;
    char *text;

    va_start(arguments, format);
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    text = quipu_trial_keep(t, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

const char *quipu_trial_name(struct quipu_trial *t, const char *what)
{
    unsigned number;

    pthread_mutex_lock(&t->lock);
    number = ++t->names;
    pthread_mutex_unlock(&t->lock);
    return quipu_trial_text(t, "%s_%u_%s", t->prefix, number, what);
}

quipu_bytes quipu_trial_sequence(struct quipu_trial *t)
{
    quipu_uuid *id = quipu_trial_keep(t, sizeof(*id));

    quipu_uuid_random(id);
    return (quipu_bytes){ id->bytes, sizeof(id->bytes) };
}

/* splitmix64 */
uint64_t quipu_trial_random(struct quipu_trial *t, uint64_t n)
{
    uint64_t z;

    pthread_mutex_lock(&t->lock);
    z = (t->random += UINT64_C(0x9e3779b97f4a7c15));
    pthread_mutex_unlock(&t->lock);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

int64_t quipu_trial_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

unsigned quipu_trial_scale(const struct quipu_trial *t, unsigned quick,
                           unsigned full, unsigned soak)
{
    return t->profile == QUIPU_PROFILE_QUICK  ? quick
           : t->profile == QUIPU_PROFILE_FULL ? full
                                              : soak;
}

bool quipu_trial_has_time(const struct quipu_trial *t)
{
    return t->until == 0 || quipu_trial_now() < t->until;
}

/* ----------------------------------------------------------- the runner */

void quipu_trial_count(struct quipu_trial *t, const char *what, uint64_t n)
{
    size_t i = 0;

    while (i < QUIPU_COUNTS && strcmp(quipu_link_counted[i], what) != 0) {
        i++;
    }
    CHECK(i < QUIPU_COUNTS, "nobody counts \"%s\"", what);
    if (t->link) {
        atomic_fetch_add(&t->link->counts[i], n);
    }
}

FILE *quipu_trial_timeline(struct quipu_trial *t)
{
    int file = t->link ? dup(t->link->timeline) : -1;
    FILE *stream = file >= 0 ? fdopen(file, "a") : fopen("/dev/null", "we");

    CHECK(stream, "the system gives no file");
    return stream;
}

void quipu_trial_server_stop(struct quipu_trial *t)
{
    CHECK(t->link && quipu_link_ask(t->link, false),
          "the server could not be stopped");
}

void quipu_trial_server_start(struct quipu_trial *t)
{
    CHECK(t->link && quipu_link_ask(t->link, true),
          "the server could not be started");
}

/* -------------------------------------------------------------- handles */

/* Puts a handle in the first free place, or takes it out again. */
static void exchange(struct quipu_trial *t, const void **handles,
                     const void *old, const void *new)
{
    size_t i = 0;

    pthread_mutex_lock(&t->lock);
    while (i < QUIPU_TRIAL_HANDLES && handles[i] != old) {
        i++;
    }
    CHECK(i < QUIPU_TRIAL_HANDLES, "too many handles in one case");
    handles[i] = new;
    pthread_mutex_unlock(&t->lock);
}

/* Whether an option of the same name is among others. */
static bool is_among(const char *options, const char *option)
{
    size_t length = strcspn(option, "=&");

    for (;;) {
        if (strncmp(options, option, length) == 0 &&
            strchr("=&", options[length])) {
            return true;
        }
        options += strcspn(options, "&");
        if (!*options++) {
            return false;
        }
    }
}

const char *quipu_trial_uri(struct quipu_trial *t, const char *options)
{
    size_t length = strcspn(t->uri, "?");
    const char *at = t->uri + length;
    const char *uri;

    if (!options) {
        return t->uri;
    }
    uri = quipu_trial_text(t, "%.*s?%s", (int)length, t->uri, options);
    while (*at++) {
        length = strcspn(at, "&");
        if (length && !is_among(options, at)) {
            uri = quipu_trial_text(t, "%s&%.*s", uri, (int)length, at);
        }
        at += length;
    }
    return uri;
}

quipu_datastore *quipu_trial_open(struct quipu_trial *t, const char *options)
{
    const char *timeout = quipu_trial_text(t, "%u", TIMEOUT * t->patience);
    const quipu_option defaults[] = { { .name = "timeout", .value = timeout },
                                      { .name = "group", .value = "1" } };
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .defaults = defaults,
                                      .default_count = t->alone ? 2 : 1 };
    quipu_datastore *datastore;

    OK(quipu_datastore_open(quipu_trial_uri(t, options), &settings, &datastore,
                            E));
    exchange(t, (const void **)t->datastores, NULL, datastore);
    return datastore;
}

quipu_datastore *quipu_trial_datastore(struct quipu_trial *t)
{
    if (!t->main) {
        t->main = quipu_trial_open(t, NULL);
    }
    return t->main;
}

void quipu_trial_close(struct quipu_trial *t, quipu_datastore *datastore)
{
    OK(quipu_datastore_close(datastore, E));
    exchange(t, (const void **)t->datastores, datastore, NULL);
    if (t->main == datastore) {
        t->main = NULL;
    }
}

void quipu_trial_unbind(struct quipu_trial *t, quipu_records *records)
{
    OK(quipu_records_close(records, E));
    exchange(t, (const void **)t->records, records, NULL);
}

void quipu_trial_close_all(struct quipu_trial *t)
{
    for (size_t i = 0; i < QUIPU_TRIAL_HANDLES; i++) {
        if (t->records[i]) {
            quipu_trial_unbind(t, t->records[i]);
        }
    }
    for (size_t i = 0; i < QUIPU_TRIAL_HANDLES; i++) {
        if (t->datastores[i]) {
            quipu_trial_close(t, t->datastores[i]);
        }
    }
}

/* -------------------------------------------------------------- schemas */

static const quipu_column columns[] = {
    { .name = "flag", .kind = QUIPU_VALUE_BOOL },
    { .name = "amount", .kind = QUIPU_VALUE_INT },
    { .name = "ratio", .kind = QUIPU_VALUE_DOUBLE },
    { .name = "label", .kind = QUIPU_VALUE_TEXT },
    { .name = "blob", .kind = QUIPU_VALUE_BYTES },
    { .name = "cause_id", .kind = QUIPU_VALUE_UUID },
    { .name = "happened", .kind = QUIPU_VALUE_TIME },
};

/* Words that mean something to back ends, and what has to be quoted. */
static void name_as_user(struct quipu_trial *t, quipu_schema *schema)
{
    schema->table = quipu_trial_name(t, "\"Order\" of events");
    schema->notification_id = "number";
    schema->sequence_id = "order";
    schema->position = "group";
    schema->topic = "select";
    schema->state = "Inhalt; roh";
    schema->event_id = "\"id\"";
}

quipu_schema *quipu_trial_schema(struct quipu_trial *t, unsigned shape)
{
    quipu_schema *schema = quipu_trial_keep(t, sizeof(*schema));

    quipu_schema_init(schema, sizeof(*schema), quipu_schema_sequenced_items());
    schema->table = quipu_trial_name(t, "items");
    if (shape & QUIPU_SHAPE_NAMED) {
        name_as_user(t, schema);
    }
    if (shape & QUIPU_SHAPE_TEXT) {
        schema->flags |= QUIPU_SCHEMA_TEXT_IDS;
    }
    if (shape & QUIPU_SHAPE_SPARSE) {
        schema->flags |= QUIPU_SCHEMA_SPARSE;
    }
    if (shape & QUIPU_SHAPE_NO_EVENT_ID) {
        schema->event_id = NULL;
    }
    if (shape & QUIPU_SHAPE_METADATA) {
        schema->metadata = "metadata";
    }
    if (shape & QUIPU_SHAPE_TIME) {
        schema->time = "stored_at";
    }
    if (shape & QUIPU_SHAPE_COLUMNS) {
        schema->columns = columns;
        schema->column_count = sizeof(columns) / sizeof(*columns);
    }
    return schema;
}

quipu_records *quipu_trial_bind(struct quipu_trial *t,
                                quipu_datastore *datastore,
                                const quipu_schema *schema)
{
    quipu_records *records;

    OK(quipu_records_open(datastore, schema, &records, E));
    exchange(t, (const void **)t->records, NULL, records);
    return records;
}

void quipu_trial_setup(struct quipu_trial *t, const quipu_schema *schema)
{
    OK(quipu_datastore_setup(quipu_trial_datastore(t), schema, E));
    exchange(t, (const void **)t->schemas, NULL, schema);
}

quipu_records *quipu_trial_records(struct quipu_trial *t, unsigned shape)
{
    const quipu_schema *schema = quipu_trial_schema(t, shape);

    quipu_trial_setup(t, schema);
    return quipu_trial_bind(t, t->main, schema);
}

/* ------------------------------------------------------ begin and finish */

void quipu_trial_init(struct quipu_trial *t, const char *uri,
                      const char *directory, uint32_t traits, uint64_t seed)
{
    char *spied = quipu_spy_uri(uri);
    quipu_uuid id;

    *t = (struct quipu_trial){
        .uri = uri,
        .plain = uri,
        .directory = directory,
        .traits = traits,
        .patience = 1,
        .random = seed,
    };
    pthread_mutex_init(&t->lock, NULL);
    if (spied) {
        t->uri = quipu_trial_text(t, "%s", spied);
        free(spied);
    }
    quipu_uuid_random(&id); /* not of the seed: a store may outlive a run */
    snprintf(t->prefix, sizeof(t->prefix), "c%02x%02x%02x%02x%02x", id.bytes[0],
             id.bytes[1], id.bytes[2], id.bytes[3], id.bytes[4]);
}

void quipu_trial_adopt(struct quipu_trial *t, unsigned index)
{
    t->random += UINT64_C(0x632be59bd9b4e019) * (index + 1);
    t->names += 1000 * (index + 1);
    memset(t->schemas, 0, sizeof(t->schemas));
}

/* A server keeps what is left in it; a folder is removed as a whole. */
static void tear_down(struct quipu_trial *t)
{
    quipu_datastore *datastore = quipu_trial_datastore(t);

    for (size_t i = 0; i < QUIPU_TRIAL_HANDLES; i++) {
        if (t->schemas[i]) {
            quipu_datastore_teardown(datastore, t->schemas[i], E);
        }
    }
}

void quipu_trial_finish(struct quipu_trial *t)
{
    quipu_trial_close_all(t);
    if (t->schemas[0] && (t->traits & QUIPU_CAN_PERSIST) && !t->directory) {
        tear_down(t);
        quipu_trial_close_all(t);
    }
    quipu_trial_forget(t, NULL);
    pthread_mutex_destroy(&t->lock);
}
