/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handles, names and memory of a case.
 *
 * Handles are kept in arrays so that all that is open can be closed at the end.
 * Memory is kept in a list, newest first, which quipu_context_release cuts.
 * Names contain five random bytes that do not depend on the seed, because a
 * store on a server outlives a run, and the next run may have the same seed.
 */
#include "context.h"

#include "assertion.h"
#include "channel.h"
#include "contract_proxy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Timeout of datastores, in milliseconds, unless a case sets one.  Multiplied
 * by the patience. */
#define TIMEOUT 30000u

struct quipu_allocation {
    struct quipu_allocation *next;
    max_align_t memory[];
};

/* ------------------------------------------------ memory, names and numbers */

void *quipu_context_allocate(struct quipu_context *ctx, size_t size)
{
    struct quipu_allocation *allocation = calloc(1, sizeof(*allocation) + size);

    CHECK(allocation, "the suite cannot allocate %zu bytes", size);
    pthread_mutex_lock(&ctx->lock);
    allocation->next = ctx->allocations;
    ctx->allocations = allocation;
    pthread_mutex_unlock(&ctx->lock);
    return allocation->memory;
}

const void *quipu_context_mark(struct quipu_context *ctx)
{
    const void *mark;

    pthread_mutex_lock(&ctx->lock);
    mark = ctx->allocations;
    pthread_mutex_unlock(&ctx->lock);
    return mark;
}

void quipu_context_release(struct quipu_context *ctx, const void *mark)
{
    pthread_mutex_lock(&ctx->lock);
    while (ctx->allocations != mark) {
        struct quipu_allocation *next = ctx->allocations->next;

        free(ctx->allocations);
        ctx->allocations = next;
    }
    pthread_mutex_unlock(&ctx->lock);
}

const char *quipu_context_format(struct quipu_context *ctx, const char *format,
                                 ...)
{
    va_list arguments, again;
    int size;
    char *text;

    va_start(arguments, format);
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    text = quipu_context_allocate(ctx, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

const char *quipu_context_name(struct quipu_context *ctx, const char *what)
{
    unsigned number;

    pthread_mutex_lock(&ctx->lock);
    number = ++ctx->names;
    pthread_mutex_unlock(&ctx->lock);
    return quipu_context_format(ctx, "%s_%u_%s", ctx->prefix, number, what);
}

quipu_bytes quipu_context_sequence(struct quipu_context *ctx)
{
    quipu_uuid *id = quipu_context_allocate(ctx, sizeof(*id));

    quipu_uuid_random(id);
    return (quipu_bytes){ id->bytes, sizeof(id->bytes) };
}

/* splitmix64 */
uint64_t quipu_context_random(struct quipu_context *ctx, uint64_t n)
{
    uint64_t z;

    pthread_mutex_lock(&ctx->lock);
    z = (ctx->random += UINT64_C(0x9e3779b97f4a7c15));
    pthread_mutex_unlock(&ctx->lock);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

int64_t quipu_context_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void quipu_context_sleep(uint64_t microseconds)
{
    struct timespec span = { .tv_sec = (time_t)(microseconds / 1000000),
                             .tv_nsec = (long)(microseconds % 1000000) * 1000 };

    nanosleep(&span, NULL);
}

unsigned quipu_context_scale(const struct quipu_context *ctx, unsigned quick,
                             unsigned full, unsigned soak)
{
    return ctx->profile == QUIPU_PROFILE_QUICK  ? quick
           : ctx->profile == QUIPU_PROFILE_FULL ? full
                                                : soak;
}

bool quipu_context_has_time(const struct quipu_context *ctx)
{
    return ctx->until == 0 || quipu_context_now() < ctx->until;
}

/* ----------------------------------------------------------- the runner */

void quipu_context_count(struct quipu_context *ctx, const char *what,
                         uint64_t n)
{
    size_t i = 0;

    while (i < QUIPU_COUNTS &&
           strcmp(quipu_channel_count_names[i], what) != 0) {
        i++;
    }
    CHECK(i < QUIPU_COUNTS, "there is no count \"%s\"", what);
    if (ctx->channel) {
        atomic_fetch_add(&ctx->channel->counts[i], n);
    }
}

void quipu_context_blame(struct quipu_context *ctx, const char *guarantee)
{
    char *broken = ctx->channel ? ctx->channel->broken : NULL;
    size_t used = broken ? strlen(broken) : 0;

    if (broken && used + strlen(guarantee) + 2 <= QUIPU_BROKEN_SIZE) {
        snprintf(broken + used, QUIPU_BROKEN_SIZE - used, "%s%s",
                 used > 0 ? " " : "", guarantee);
    }
}

FILE *quipu_context_timeline(struct quipu_context *ctx)
{
    int file = ctx->channel ? dup(ctx->channel->timeline) : -1;
    FILE *stream = file >= 0 ? fdopen(file, "a") : fopen("/dev/null", "we");

    CHECK(stream, "cannot open the file of the timeline");
    return stream;
}

void quipu_context_server_stop(struct quipu_context *ctx)
{
    CHECK(ctx->channel && quipu_channel_request_server(ctx->channel, false),
          "the server could not be stopped");
}

void quipu_context_server_start(struct quipu_context *ctx)
{
    CHECK(ctx->channel && quipu_channel_request_server(ctx->channel, true),
          "the server could not be started");
}

/* -------------------------------------------------------------- handles */

/* Replaces the first entry that is `old` by `new`: adds a handle if `old` is
 * NULL, removes it if `new` is. */
static void exchange(struct quipu_context *ctx, const void **handles,
                     const void *old, const void *new)
{
    size_t i = 0;

    pthread_mutex_lock(&ctx->lock);
    while (i < QUIPU_CONTEXT_HANDLES && handles[i] != old) {
        i++;
    }
    CHECK(i < QUIPU_CONTEXT_HANDLES, "too many handles in one case");
    handles[i] = new;
    pthread_mutex_unlock(&ctx->lock);
}

/* Returns true if `options` has an option with the name of `option`. */
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

const char *quipu_context_uri(struct quipu_context *ctx, const char *options)
{
    size_t length = strcspn(ctx->uri, "?");
    const char *at = ctx->uri + length;
    const char *uri;

    if (!options) {
        return ctx->uri;
    }
    uri = quipu_context_format(ctx, "%.*s?%s", (int)length, ctx->uri, options);
    while (*at++) {
        length = strcspn(at, "&");
        if (length && !is_among(options, at)) {
            uri = quipu_context_format(ctx, "%s&%.*s", uri, (int)length, at);
        }
        at += length;
    }
    return uri;
}

quipu_datastore *quipu_context_open(struct quipu_context *ctx,
                                    const char *options)
{
    const char *timeout =
        quipu_context_format(ctx, "%u", TIMEOUT * ctx->patience);
    const quipu_option defaults[] = { { .name = "timeout", .value = timeout },
                                      { .name = "group", .value = "1" } };
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .defaults = defaults,
                                      .default_count = ctx->ungrouped ? 2 : 1 };
    quipu_datastore *datastore;

    OK(quipu_datastore_open(quipu_context_uri(ctx, options), &settings,
                            &datastore, ERR));
    exchange(ctx, (const void **)ctx->datastores, NULL, datastore);
    return datastore;
}

quipu_datastore *quipu_context_datastore(struct quipu_context *ctx)
{
    if (!ctx->main) {
        ctx->main = quipu_context_open(ctx, NULL);
    }
    return ctx->main;
}

void quipu_context_close(struct quipu_context *ctx, quipu_datastore *datastore)
{
    OK(quipu_datastore_close(datastore, ERR));
    exchange(ctx, (const void **)ctx->datastores, datastore, NULL);
    if (ctx->main == datastore) {
        ctx->main = NULL;
    }
}

void quipu_context_unbind(struct quipu_context *ctx, quipu_records *records)
{
    OK(quipu_records_close(records, ERR));
    exchange(ctx, (const void **)ctx->records, records, NULL);
}

void quipu_context_close_all(struct quipu_context *ctx)
{
    for (size_t i = 0; i < QUIPU_CONTEXT_HANDLES; i++) {
        if (ctx->records[i]) {
            quipu_context_unbind(ctx, ctx->records[i]);
        }
    }
    for (size_t i = 0; i < QUIPU_CONTEXT_HANDLES; i++) {
        if (ctx->datastores[i]) {
            quipu_context_close(ctx, ctx->datastores[i]);
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

/* Uses reserved words of SQL, and characters that have to be quoted. */
static void name_as_user(struct quipu_context *ctx, quipu_schema *schema)
{
    schema->table = quipu_context_name(ctx, "\"Order\" of events");
    schema->notification_id = "number";
    schema->sequence_id = "order";
    schema->position = "group";
    schema->topic = "select";
    schema->state = "Inhalt; roh";
    schema->event_id = "\"id\"";
}

quipu_schema *quipu_context_schema(struct quipu_context *ctx, unsigned shape)
{
    quipu_schema *schema = quipu_context_allocate(ctx, sizeof(*schema));

    quipu_schema_init(schema, sizeof(*schema), quipu_schema_sequenced_items());
    schema->table = quipu_context_name(ctx, "items");
    if (shape & QUIPU_SHAPE_NAMED) {
        name_as_user(ctx, schema);
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

quipu_records *quipu_context_bind(struct quipu_context *ctx,
                                  quipu_datastore *datastore,
                                  const quipu_schema *schema)
{
    quipu_records *records;

    OK(quipu_records_open(datastore, schema, &records, ERR));
    exchange(ctx, (const void **)ctx->records, NULL, records);
    return records;
}

void quipu_context_setup(struct quipu_context *ctx, const quipu_schema *schema)
{
    OK(quipu_datastore_setup(quipu_context_datastore(ctx), schema, ERR));
    exchange(ctx, (const void **)ctx->schemas, NULL, schema);
}

quipu_records *quipu_context_records(struct quipu_context *ctx, unsigned shape)
{
    const quipu_schema *schema = quipu_context_schema(ctx, shape);

    quipu_context_setup(ctx, schema);
    return quipu_context_bind(ctx, ctx->main, schema);
}

/* ------------------------------------------------------ begin and finish */

void quipu_context_init(struct quipu_context *ctx, const char *uri,
                        const char *directory, uint32_t traits, uint64_t seed)
{
    char *proxied = quipu_contract_proxy_uri(uri);
    quipu_uuid id;

    *ctx = (struct quipu_context){
        .uri = uri,
        .direct_uri = uri,
        .directory = directory,
        .traits = traits,
        .patience = 1,
        .random = seed,
    };
    pthread_mutex_init(&ctx->lock, NULL);
    if (proxied) {
        ctx->uri = quipu_context_format(ctx, "%s", proxied);
        free(proxied);
    }
    quipu_uuid_random(&id); /* not derived from the seed: see above */
    snprintf(ctx->prefix, sizeof(ctx->prefix), "c%02x%02x%02x%02x%02x",
             id.bytes[0], id.bytes[1], id.bytes[2], id.bytes[3], id.bytes[4]);
}

void quipu_context_after_fork(struct quipu_context *ctx, unsigned index)
{
    ctx->random += UINT64_C(0x632be59bd9b4e019) * (index + 1);
    ctx->names += 1000 * (index + 1);
    memset(ctx->schemas, 0, sizeof(ctx->schemas));
}

/* For a store on a server: the folder of a file store is removed as a whole. */
static void tear_down(struct quipu_context *ctx)
{
    quipu_datastore *datastore = quipu_context_datastore(ctx);

    for (size_t i = 0; i < QUIPU_CONTEXT_HANDLES; i++) {
        if (ctx->schemas[i]) {
            quipu_datastore_teardown(datastore, ctx->schemas[i], ERR);
        }
    }
}

void quipu_context_finish(struct quipu_context *ctx)
{
    quipu_context_close_all(ctx);
    if (ctx->schemas[0] && (ctx->traits & QUIPU_CAN_PERSIST) &&
        !ctx->directory) {
        tear_down(ctx);
        quipu_context_close_all(ctx);
    }
    quipu_context_release(ctx, NULL);
    pthread_mutex_destroy(&ctx->lock);
}
