/* SPDX-License-Identifier: Apache-2.0 */
/*
 * K1 to K4: writing, deleting and checking key-value entries, one append at a
 * time.  races/entries.c has the same with several writers.
 *
 * The cases write entries together with items, with tracking records, and
 * without a schema.  They rely on no revision but the one that they have read,
 * because the first revision of a key may be any that it never had.
 */
#include "cases/case.h"
#include "cases/entry_list.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPECT ((uint32_t)QUIPU_ENTRY_EXPECT)
#define DELETE ((uint32_t)QUIPU_ENTRY_DELETE)
#define JUST_CHECK ((uint32_t)QUIPU_ENTRY_CHECK)

struct keeper {
    struct quipu_context *ctx;
    quipu_datastore *datastore;
    quipu_records *records;
    quipu_bytes sequence;
    struct quipu_builder *builder;
    const char *keys[4];
};

static struct keeper begin(struct quipu_context *ctx)
{
    struct keeper k = { .ctx = ctx, .records = quipu_context_records(ctx, 0) };

    k.datastore = quipu_context_datastore(ctx);
    k.sequence = quipu_context_sequence(ctx);
    k.builder = quipu_builder_create(ctx, k.records, 2);
    for (size_t i = 0; i < 4; i++) {
        k.keys[i] = quipu_context_name(ctx, "key");
    }
    return k;
}

/* Writes one entry without a schema; returns the status. */
static int write_one(struct keeper *k, const char *key, const char *value,
                     uint32_t flags, int64_t revision)
{
    quipu_builder_clear(k->builder);
    quipu_builder_entry(k->builder, key, value, flags, revision);
    return quipu_builder_commit(k->builder, k->datastore);
}

static int64_t revision_of(const struct keeper *k, const char *key)
{
    return quipu_entry_list_revision(k->datastore, key);
}

/* ---------------------------------------------------------- K1: visibility */

static void visible(struct quipu_context *ctx)
{
    struct keeper k = begin(ctx);
    quipu_datastore *other = ctx->traits & QUIPU_TRAIT_MULTI_OPEN
                                 ? quipu_context_open(ctx, NULL)
                                 : k.datastore;
    int64_t revision = 0;

    quipu_entry_list_check(other, k.keys[0], NULL, 0);
    for (int i = 0; i < 20; i++) {
        const char *value = quipu_context_format(ctx, "value %d", i);

        OK(write_one(&k, k.keys[0], value, 0, 0));
        revision = i == 0 ? revision_of(&k, k.keys[0]) : revision + 1;
        quipu_entry_list_check(k.datastore, k.keys[0], value, revision);
        quipu_entry_list_check(other, k.keys[0], value, revision);
    }
    OK(write_one(&k, k.keys[0], NULL, DELETE, 0));
    quipu_entry_list_check(other, k.keys[0], NULL, 0);
}

struct published {
    const char *key;
    _Atomic int64_t written; /* number of the last write that has returned */
    atomic_bool over;
};

/* Returns the number that is the value of an entry. */
static int64_t number_in(const quipu_entry *entry)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%.*s", (int)entry->value.size,
                   (const char *)entry->value.data);
    return strtoll(text, NULL, 10);
}

/* Reads while the other process writes: each write that was published before
 * the read began must be found. */
static void read_published(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct published *p = shared;
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    unsigned reads = 0;

    (void)i;
    while (!atomic_load(&p->over) || reads == 0) {
        int64_t before = atomic_load(&p->written);
        quipu_entry *entry = NULL;
        int status;

        if (before == 0) {
            quipu_context_sleep(100);
            continue;
        }
        status = quipu_entry_read(datastore, p->key, &entry, ERR);
        OK(status);
        CHECK(number_in(entry) >= before,
              "write %" PRId64 " had returned, but another process reads "
              "\"%.*s\"",
              before, (int)entry->value.size, (const char *)entry->value.data);
        quipu_entry_destroy(entry);
        reads++;
    }
}

static void visible_to_processes(struct quipu_context *ctx)
{
    struct published *p = quipu_workers_share_memory(sizeof(*p));
    struct quipu_workers readers;
    struct keeper k;

    p->key = quipu_context_name(ctx, "published");
    readers = quipu_workers_start(ctx, 2, read_published, p);
    k = begin(ctx);
    quipu_workers_release(&readers);
    for (int64_t i = 1; i <= 200; i++) {
        OK(write_one(&k, p->key, quipu_context_format(ctx, "%" PRId64, i), 0,
                     0));
        atomic_store(&p->written, i);
    }
    atomic_store(&p->over, true);
    quipu_workers_join(&readers);
}

/* ------------------------------------------------------ K2: all or nothing */

static void with_items(struct quipu_context *ctx)
{
    struct keeper k = begin(ctx);

    OK(write_one(&k, k.keys[0], "old", 0, 0));
    OK(write_one(&k, k.keys[1], "old", 0, 0));
    int64_t revision = revision_of(&k, k.keys[0]);

    quipu_builder_clear(k.builder);
    quipu_builder_add_next(k.builder, k.sequence, "x");
    quipu_builder_add_next(k.builder, k.sequence, "y");
    quipu_builder_entry(k.builder, k.keys[0], "new", 0, 0);
    quipu_builder_entry(k.builder, k.keys[1], NULL, DELETE, 0);
    quipu_builder_entry(k.builder, k.keys[2], "made", EXPECT, 0);
    if (ctx->traits & QUIPU_CAN_TRACK) {
        quipu_builder_track(k.builder, k.keys[3], "log", 7);
    }
    OK(quipu_builder_append(k.builder));
    CHECK(k.builder->positions[1] == 1, "the position is not reported");
    CHECK(quipu_item_list_count(ctx, k.records, k.sequence) == 2,
          "the items are not stored");
    quipu_entry_list_check(k.datastore, k.keys[0], "new", revision + 1);
    quipu_entry_list_check(k.datastore, k.keys[1], NULL, 0);
    quipu_entry_list_check(k.datastore, k.keys[2], "made",
                           revision_of(&k, k.keys[2]));
    if (ctx->traits & QUIPU_CAN_TRACK) {
        quipu_position p;

        OK(quipu_tracking_read(k.datastore, k.keys[3], "log", &p, ERR));
        CHECK(p.notification_id == 7, "the tracking record is at %" PRId64,
              p.notification_id);
    }
}

/* The causes of a refusal. */
enum refusal {
    BY_POSITION,
    BY_GUARD,
    BY_EVENT_ID,
    BY_ENTRY,
    BY_TRACKING,
    BY_EXPECTED_TRACKING,
    REFUSALS
};

/* Puts something into the append for which it must be refused; returns the
 * status with which. */
static int add_refusal(struct keeper *k, enum refusal refusal,
                       const quipu_uuid *stored)
{
    struct quipu_builder *b = k->builder;

    switch (refusal) {
    case BY_POSITION:
        quipu_builder_add_at(b, k->sequence, 0, "taken");
        break;
    case BY_GUARD:
        quipu_builder_guard(b, k->sequence, QUIPU_DEMAND_EMPTY, 0);
        break;
    case BY_EVENT_ID:
        quipu_builder_add_next(b, quipu_context_sequence(k->ctx), "x");
        b->event_ids[b->append.item_count - 1] = *stored;
        break;
    case BY_ENTRY:
        quipu_builder_entry(b, k->keys[3], NULL, EXPECT | JUST_CHECK, 1000);
        break;
    case BY_EXPECTED_TRACKING:
        quipu_builder_track(b, k->ctx->prefix, "log", 9);
        quipu_builder_track_from(b, 4, false);
        break;
    default:
        quipu_builder_track(b, k->ctx->prefix, "log", 5);
        return QUIPU_ALREADY;
    }
    return QUIPU_CONFLICT;
}

/* A refused append writes, deletes and creates nothing, and leaves no trace in
 * the revisions. */
static void refused(struct quipu_context *ctx)
{
    struct keeper k = begin(ctx);
    quipu_uuid stored;
    int64_t first, second;

    quipu_builder_add_next(k.builder, k.sequence, "x");
    quipu_builder_entry(k.builder, k.keys[0], "old", 0, 0);
    quipu_builder_entry(k.builder, k.keys[1], "old", 0, 0);
    quipu_builder_track(k.builder, ctx->prefix, "log", 5);
    OK(quipu_builder_append(k.builder));
    stored = k.builder->event_ids[0];
    first = revision_of(&k, k.keys[0]);
    second = revision_of(&k, k.keys[1]);
    for (int i = 0; i < REFUSALS; i++) {
        int status;

        quipu_builder_clear(k.builder);
        quipu_builder_add_next(k.builder, quipu_context_sequence(ctx), "y");
        quipu_builder_entry(k.builder, k.keys[0], "new", 0, 0);
        quipu_builder_entry(k.builder, k.keys[1], NULL, DELETE, 0);
        quipu_builder_entry(k.builder, k.keys[2], "new", 0, 0);
        status = add_refusal(&k, (enum refusal)i, &stored);
        RETURNS(status, quipu_builder_append(k.builder));
        quipu_entry_list_check(k.datastore, k.keys[0], "old", first);
        quipu_entry_list_check(k.datastore, k.keys[1], "old", second);
        quipu_entry_list_check(k.datastore, k.keys[2], NULL, 0);
        OK(write_one(&k, k.keys[0], "old", EXPECT, first));
        first++;
        quipu_entry_list_check(k.datastore, k.keys[0], "old", first);
    }
    CHECK(quipu_item_list_count_log(ctx, k.records) == 1,
          "a refused append has stored items");
}

/* A repeat is found by its event ids before its expectations are checked, and
 * writes nothing. */
static void repeated(struct quipu_context *ctx)
{
    struct keeper k = begin(ctx);
    int64_t revision;

    OK(write_one(&k, k.keys[0], "old", 0, 0));
    OK(write_one(&k, k.keys[1], "old", 0, 0));
    revision = revision_of(&k, k.keys[0]);
    quipu_builder_clear(k.builder);
    quipu_builder_add_next(k.builder, k.sequence, "x");
    quipu_builder_entry(k.builder, k.keys[0], "new", EXPECT, revision);
    quipu_builder_entry(k.builder, k.keys[1], NULL, DELETE, 0);
    OK(quipu_builder_append(k.builder));
    for (int i = 0; i < 2; i++) {
        OK(quipu_builder_append(k.builder));
        CHECK(k.builder->result.flags & QUIPU_RESULT_REPEATED,
              "the repeat is not reported as one");
        quipu_entry_list_check(k.datastore, k.keys[0], i ? "newer" : "new",
                               revision + 1 + i);
        if (i == 0) { /* the entries go on without the append */
            struct keeper other = k;

            other.builder = quipu_builder_create(ctx, k.records, 1);
            OK(write_one(&other, k.keys[0], "newer", 0, 0));
            OK(write_one(&other, k.keys[1], "again", 0, 0));
        }
    }
    quipu_entry_list_check(k.datastore, k.keys[1], "again",
                           revision_of(&k, k.keys[1]));
}

/* Appends without a schema: in a store that has none, and in transactions. */
static void without_schema(struct quipu_context *ctx)
{
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, NULL, 0);
    const char *key = quipu_context_name(ctx, "key");
    const char *consumer = quipu_context_name(ctx, "consumer");
    quipu_position p;
    int64_t revision;

    RETURNS(QUIPU_INVALID, quipu_builder_commit(b, datastore));
    quipu_builder_entry(b, key, "one", EXPECT, 0);
    quipu_builder_track(b, consumer, "log", 3);
    OK(quipu_builder_commit(b, datastore));
    CHECK(b->result.first_notification_id == 0,
          "an append without items has a notification id");
    revision = quipu_entry_list_revision(datastore, key);
    quipu_entry_list_check(datastore, key, "one", revision);
    OK(quipu_tracking_read(datastore, consumer, "log", &p, ERR));
    CHECK(p.notification_id == 3, "the tracking record is at %" PRId64,
          p.notification_id);

    quipu_builder_clear(b);
    quipu_builder_entry(b, key, "two", 0, 0);
    quipu_builder_track(b, consumer, "log", 3);
    RETURNS(QUIPU_ALREADY, quipu_builder_commit(b, datastore));
    quipu_entry_list_check(datastore, key, "one", revision);

    quipu_builder_clear(b);
    quipu_builder_track(b, consumer, "log", 4);
    OK(quipu_builder_commit(b, datastore));
    OK(quipu_tracking_read(datastore, consumer, "log", &p, ERR));
    CHECK(p.notification_id == 4, "the tracking record is at %" PRId64,
          p.notification_id);
}

struct run {
    unsigned count;
    int status;
};

static int count_run(void *native, void *context, quipu_error *error)
{
    struct run *run = context;

    run->count++;
    CHECK(native, "the function has no native handle");
    return run->status == QUIPU_OK
               ? QUIPU_OK
               : quipu_error_set(error, run->status,
                                 "the function fails on purpose");
}

static int transact(struct quipu_builder *b, quipu_datastore *datastore,
                    struct run *run)
{
    b->result = (quipu_result){ .positions = b->positions };
    return b->records
               ? quipu_records_transact(b->records, &b->append, count_run, run,
                                        &b->result, ERR)
               : quipu_datastore_transact(datastore, &b->append, count_run, run,
                                          &b->result, ERR);
}

static void in_transactions(struct quipu_context *ctx)
{
    struct keeper k = begin(ctx);
    struct quipu_builder *builders[] = { quipu_builder_create(ctx, NULL, 0),
                                         k.builder };

    for (size_t i = 0; i < 2; i++) {
        struct quipu_builder *b = builders[i];
        struct run run = { 0, QUIPU_OK };
        int64_t revision;

        quipu_builder_clear(b);
        if (i == 0) {
            OK(transact(b, k.datastore, &run));
            CHECK(run.count >= 1, "the function did not run");
            run.count = 0;
        }
        quipu_builder_entry(b, k.keys[i], "one", EXPECT, 0);
        OK(transact(b, k.datastore, &run));
        CHECK(run.count >= 1, "the function did not run");
        revision = revision_of(&k, k.keys[i]);
        quipu_entry_list_check(k.datastore, k.keys[i], "one", revision);

        run.count = 0;
        RETURNS(QUIPU_CONFLICT, transact(b, k.datastore, &run));
        CHECK(run.count == 0, "the function ran for a refused append");
        CHECK(b->result.cause == QUIPU_CAUSE_ENTRY &&
                  b->result.last_position == revision,
              "the refusal does not tell the revision");

        run.status = QUIPU_NOT_FOUND;
        quipu_builder_clear(b);
        quipu_builder_entry(b, k.keys[i], "two", EXPECT, revision);
        RETURNS(QUIPU_NOT_FOUND, transact(b, k.datastore, &run));
        quipu_entry_list_check(k.datastore, k.keys[i], "one", revision);
    }
}

/* ---------------------------------------------------------- K3: revisions */

#define KEYS 12

struct modelled {
    const char *key;
    int64_t revision; /* 0: there is none */
    int64_t highest;  /* that the key ever had */
    int64_t value;    /* number of the write */
};

/* Checks the entry against the model, in which its revision is not yet known
 * if the key was just created. */
static void check_modelled(quipu_datastore *datastore, struct modelled *m,
                           bool created)
{
    int64_t revision = quipu_entry_list_revision(datastore, m->key);
    char value[24];

    if (created) {
        CHECK(revision > m->highest,
              "an entry that was deleted at revision %" PRId64
              " is created again with revision %" PRId64,
              m->highest, revision);
        m->revision = revision;
    }
    if (m->revision == 0) {
        quipu_entry_list_check(datastore, m->key, NULL, 0);
        return;
    }
    m->highest = m->revision;
    (void)snprintf(value, sizeof(value), "%" PRId64, m->value);
    quipu_entry_list_check(datastore, m->key, value, m->revision);
}

/* Puts a random write of the entry into the append, and makes it in the model.
 * Returns true if it creates the entry. */
static bool write_modelled(struct quipu_context *ctx, struct quipu_builder *b,
                           struct modelled *m, int64_t number)
{
    bool created = m->revision == 0;

    if (quipu_context_random(ctx, 3) == 0) {
        quipu_builder_entry(b, m->key, NULL, DELETE, 0);
        m->revision = 0;
        return false;
    }
    m->value = number;
    quipu_builder_entry(b, m->key,
                        quipu_context_format(ctx, "%" PRId64, number),
                        quipu_context_random(ctx, 2) ? EXPECT : 0, m->revision);
    if (!(b->entries[b->conditions.entry_count - 1].flags & EXPECT)) {
        b->entries[b->conditions.entry_count - 1].revision = 0;
    }
    m->revision += !created;
    return created;
}

static void revisions(struct quipu_context *ctx)
{
    struct keeper k = begin(ctx);
    struct modelled models[KEYS] = { { 0 } };
    unsigned rounds = quipu_context_scale(ctx, 150, 2000, 20000);

    for (size_t i = 0; i < KEYS; i++) {
        models[i].key = quipu_context_name(ctx, "key");
    }
    for (unsigned round = 0; round < rounds; round++) {
        bool created[KEYS] = { false };
        size_t first = (size_t)quipu_context_random(ctx, KEYS);
        size_t count = 1 + (size_t)quipu_context_random(ctx, 3);

        quipu_builder_clear(k.builder);
        if (round % 2) {
            quipu_builder_add_next(k.builder, k.sequence, "x");
        }
        for (size_t i = 0; i < count; i++) {
            size_t key = (first + i) % KEYS;

            created[key] =
                write_modelled(ctx, k.builder, &models[key], round + 1);
        }
        OK(round % 2 ? quipu_builder_append(k.builder)
                     : quipu_builder_commit(k.builder, k.datastore));
        for (size_t i = 0; i < KEYS; i++) {
            check_modelled(k.datastore, &models[i], created[i]);
        }
    }
}

/* Revisions do not begin again in a store that was closed. */
static void revisions_after_opening(struct quipu_context *ctx)
{
    struct keeper k = begin(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, NULL, 0);
    int64_t highest = 0;

    for (int i = 0; i < 5; i++) {
        quipu_datastore *datastore = quipu_context_open(ctx, NULL);
        int64_t revision;

        for (int n = 0; n < 3; n++) {
            quipu_builder_clear(b);
            quipu_builder_entry(b, k.keys[0], "x", 0, 0);
            OK(quipu_builder_commit(b, datastore));
        }
        revision = quipu_entry_list_revision(datastore, k.keys[0]);
        CHECK(revision > highest + 2,
              "after opening the store again an entry that was deleted at "
              "revision %" PRId64 " is at %" PRId64 " after three writes",
              highest, revision);
        highest = revision;
        quipu_builder_clear(b);
        quipu_builder_entry(b, k.keys[0], NULL, DELETE, 0);
        OK(quipu_builder_commit(b, datastore));
        quipu_context_close(ctx, datastore);
        if (i == 0) {
            quipu_context_close_all(ctx);
        }
    }
}

/* ------------------------------------------------------ K4: expectations */

/* An expectation of an entry: at its revision plus `offset`; `absent`: of a key
 * that does not exist, at `offset`. */
struct expectation {
    bool absent;
    int64_t offset;
    uint32_t flags; /* DELETE, CHECK or neither */
    bool holds;
};

static void check_expectation(struct keeper *k, const struct expectation *e)
{
    const char *key = k->keys[e->absent ? 1 : 0];
    int64_t before = revision_of(k, key);
    bool writes = !(e->flags & (DELETE | JUST_CHECK));
    int status;

    quipu_builder_clear(k->builder);
    quipu_builder_entry(k->builder, k->keys[2], "other", 0, 0);
    quipu_builder_entry(k->builder, key, writes ? "new" : NULL,
                        EXPECT | e->flags, before + e->offset);
    quipu_builder_entry(k->builder, k->keys[3], NULL, DELETE, 0);
    status = quipu_builder_commit(k->builder, k->datastore);
    if (e->holds) {
        RETURNS(QUIPU_OK, status);
        return;
    }
    RETURNS(QUIPU_CONFLICT, status);
    CHECK(k->builder->result.cause == QUIPU_CAUSE_ENTRY &&
              k->builder->result.index == 1,
          "the refusal has the cause %d and the index %zu",
          k->builder->result.cause, k->builder->result.index);
    CHECK(!(k->builder->result.flags & QUIPU_RESULT_HAS_LAST) == e->absent,
          "the refusal does not tell whether the entry exists");
    CHECK(e->absent || k->builder->result.last_position == before,
          "the refusal tells revision %" PRId64 " instead of %" PRId64,
          k->builder->result.last_position, before);
    CHECK(revision_of(k, key) == before,
          "a refused append changes the revision from %" PRId64 " to %" PRId64,
          before, revision_of(k, key));
}

static void expected(struct quipu_context *ctx)
{
    static const struct expectation expectations[] = {
        { false, 1, 0, false },
        { false, -1, 0, false },
        { false, 1, DELETE, false },
        { false, -1, DELETE, false },
        { false, 1, JUST_CHECK, false },
        { false, -1, JUST_CHECK, false },
        { false, 0, JUST_CHECK, true },
        { false, 0, 0, true },
        { false, 0, DELETE, true },
        { true, 1, 0, false },
        { true, 7, DELETE, false },
        { true, 1, JUST_CHECK, false },
        { true, 0, JUST_CHECK, true },
        { true, 0, DELETE, true },
        { true, 0, 0, true },
        { true, INT64_MAX, 0, false },
    };
    struct keeper k = begin(ctx);

    for (size_t i = 0; i < sizeof(expectations) / sizeof(*expectations); i++) {
        OK(write_one(&k, k.keys[0], "old", 0, 0));
        OK(write_one(&k, k.keys[0], "old", 0, 0));
        OK(write_one(&k, k.keys[1], NULL, DELETE, 0));
        check_expectation(&k, &expectations[i]);
    }
}

/* Of an existing entry it is expected that there is none. */
static void expected_absent(struct quipu_context *ctx)
{
    static const uint32_t flags[] = { 0, DELETE, JUST_CHECK };
    struct keeper k = begin(ctx);

    OK(write_one(&k, k.keys[0], "old", EXPECT, 0));
    for (size_t i = 0; i < 3; i++) {
        int64_t revision = revision_of(&k, k.keys[0]);

        RETURNS(QUIPU_CONFLICT,
                write_one(&k, k.keys[0], flags[i] ? NULL : "new",
                          EXPECT | flags[i], 0));
        CHECK(k.builder->result.flags & QUIPU_RESULT_HAS_LAST &&
                  k.builder->result.last_position == revision,
              "the refusal does not tell the revision");
        quipu_entry_list_check(k.datastore, k.keys[0], "old", revision);
    }
}

static void check_changes_nothing(struct quipu_context *ctx)
{
    struct keeper k = begin(ctx);
    int64_t revision;

    OK(write_one(&k, k.keys[0], "old", 0, 0));
    revision = revision_of(&k, k.keys[0]);
    for (int i = 0; i < 3; i++) {
        OK(write_one(&k, k.keys[0], NULL, EXPECT | JUST_CHECK, revision));
        OK(write_one(&k, k.keys[1], NULL, EXPECT | JUST_CHECK, 0));
        OK(write_one(&k, k.keys[1], NULL, DELETE, 0));
        quipu_entry_list_check(k.datastore, k.keys[0], "old", revision);
        quipu_entry_list_check(k.datastore, k.keys[1], NULL, 0);
    }
}

/* The order of the checks: event ids, guards, entries, tracking, positions. */
static void order_of_checks(struct quipu_context *ctx)
{
    static const struct {
        enum refusal other;
        bool first; /* the other one is checked before entries */
        int cause;
    } rows[] = { { BY_EVENT_ID, true, QUIPU_CAUSE_EVENT_ID },
                 { BY_GUARD, true, QUIPU_CAUSE_GUARD },
                 { BY_TRACKING, false, 0 },
                 { BY_EXPECTED_TRACKING, false, 0 },
                 { BY_POSITION, false, 0 } };
    struct keeper k = begin(ctx);
    quipu_uuid stored;

    quipu_builder_add_next(k.builder, k.sequence, "x");
    quipu_builder_track(k.builder, ctx->prefix, "log", 5);
    OK(quipu_builder_append(k.builder));
    stored = k.builder->event_ids[0];
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        quipu_builder_clear(k.builder);
        quipu_builder_entry(k.builder, k.keys[0], "x", EXPECT, 3);
        (void)add_refusal(&k, rows[i].other, &stored);
        RETURNS(QUIPU_CONFLICT, quipu_builder_append(k.builder));
        CHECK(k.builder->result.cause ==
                  (rows[i].first ? rows[i].cause : QUIPU_CAUSE_ENTRY),
              "an append that is refused for two causes reports cause %d",
              k.builder->result.cause);
    }
}

#define ENTRIES QUIPU_CAN_ENTRIES
#define ALL (QUIPU_CAN_ENTRIES | QUIPU_CAN_TRACK | QUIPU_CAN_LOG)

static const struct quipu_case cases[] = {
    { "K1.visible-at-once",
      "A program that has written a setting reads its own write.", visible,
      ENTRIES, 0, 0 },
    { "K1.visible-in-every-process",
      "What one process has been told is written, all others find.",
      visible_to_processes, ENTRIES | QUIPU_CAN_SHARE, 0, 0 },
    { "K2.entries-are-stored-with-items",
      "A read model that lacks an event, or has one too many, is wrong for "
      "ever.",
      with_items, ENTRIES, 0, 0 },
    { "K2.refused-append-writes-no-entry",
      "What a refused append leaves behind belongs to no event.", refused, ALL,
      0, 0 },
    { "K2.repeat-writes-no-entry",
      "The repeat of an append would undo what was written after it.", repeated,
      ENTRIES, 0, 0 },
    { "K2.append-without-a-schema",
      "A consumer that has no events of its own keeps what it has processed.",
      without_schema, ENTRIES | QUIPU_CAN_TRACK, 0, 0 },
    { "K2.entries-in-a-transaction",
      "Entries, and what the function of the program writes, are one commit.",
      in_transactions, ENTRIES | QUIPU_CAN_TRANSACT, 0, 0 },
    { "K3.revisions",
      "A revision that comes twice lets an old holder of a lock write.",
      revisions, ENTRIES, 0, 0 },
    { "K3.revisions-after-opening",
      "A fencing token must outlive the process that gave it out.",
      revisions_after_opening,
      ENTRIES | QUIPU_CAN_PERSIST | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "K4.expected-revision",
      "Two programs that change one setting must not undo each other's "
      "change.",
      expected, ENTRIES, 0, 0 },
    { "K4.expected-not-to-exist",
      "Of several programs that create an entry one must learn that it was the "
      "first.",
      expected_absent, ENTRIES, 0, 0 },
    { "K4.check-changes-nothing",
      "A check is no write: the revision that others expect must stay.",
      check_changes_nothing, ENTRIES, 0, 0 },
    { "K4.order-of-checks",
      "The cause of a refusal says what the program must read again.",
      order_of_checks, ALL, 0, 0 },
};
QUIPU_FAMILY_IN(entries, writes);
