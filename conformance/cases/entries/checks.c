/* SPDX-License-Identifier: Apache-2.0 */
/*
 * K7: a check of an entry holds until its append is committed, also while the
 * function of a transaction runs.
 *
 * In each case the function waits in its transaction, which has checked an
 * entry, while another datastore writes that entry.  A store may let the writer
 * wait, or refuse the transaction afterwards.  Only one thing is wrong: that
 * both are accepted, and the write before the transaction has ended.
 */
#include "cases/case.h"
#include "cases/entry_list.h"

#include <pthread.h>

#define EXPECT ((uint32_t)QUIPU_ENTRY_EXPECT)
#define JUST_CHECK ((uint32_t)QUIPU_ENTRY_CHECK)
#define HASTE 200 /* milliseconds: timeout of the datastore that writes */

/* A transaction in a thread, whose function waits until it is released. */
struct holder {
    quipu_datastore *datastore; /* for an append without a schema */
    struct quipu_builder *builder;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool runs;     /* the function does */
    bool released; /* the function may return */
    bool ended;    /* the call has */
    int status;
};

static int wait_for_release(void *native, void *context, quipu_error *error)
{
    struct holder *h = context;

    (void)native;
    (void)error;
    pthread_mutex_lock(&h->lock);
    h->runs = true;
    pthread_cond_broadcast(&h->changed);
    while (!h->released) {
        pthread_cond_wait(&h->changed, &h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return QUIPU_OK;
}

static void *transact(void *context)
{
    struct holder *h = context;
    struct quipu_builder *b = h->builder;
    int status = b->records
                     ? quipu_records_transact(b->records, &b->append,
                                              wait_for_release, h, NULL, ERR)
                     : quipu_datastore_transact(h->datastore, &b->append,
                                                wait_for_release, h, NULL, ERR);

    pthread_mutex_lock(&h->lock);
    h->status = status;
    h->ended = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* Starts the transaction. */
static void start(struct holder *h, quipu_datastore *datastore,
                  struct quipu_builder *builder)
{
    *h = (struct holder){ .datastore = datastore, .builder = builder };
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->changed, NULL);
    CHECK(pthread_create(&h->thread, NULL, transact, h) == 0,
          "cannot create a thread");
}

/* Waits until the function runs. */
static void wait_until_it_runs(struct holder *h)
{
    pthread_mutex_lock(&h->lock);
    while (!h->runs && !h->ended) {
        pthread_cond_wait(&h->changed, &h->lock);
    }
    CHECK(h->runs, "the transaction returns %s, and its function did not run",
          quipu_status_name(h->status));
    pthread_mutex_unlock(&h->lock);
}

/* Lets the function return, and returns the status of the transaction. */
static int finish(struct holder *h)
{
    pthread_mutex_lock(&h->lock);
    h->released = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
    return h->status;
}

static quipu_datastore *open_hasty(struct quipu_context *ctx)
{
    return quipu_context_open(
        ctx,
        quipu_context_format(ctx, "timeout=%d", HASTE * (int)ctx->patience));
}

/* Checks the entry in a transaction, with an item or without a schema, while it
 * is written elsewhere. */
static void check_held(struct quipu_context *ctx, quipu_records *records,
                       const char *key, uint32_t write_flags)
{
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    quipu_datastore *hasty = open_hasty(ctx);
    struct quipu_builder *checking = quipu_builder_create(ctx, records, 1);
    struct quipu_builder *writing = quipu_builder_create(ctx, NULL, 0);
    int64_t revision = quipu_entry_list_revision(datastore, key);
    struct holder h;
    int written, status;

    if (records) {
        quipu_builder_add_next(checking, quipu_context_sequence(ctx), "x");
    }
    quipu_builder_entry(checking, key, NULL, EXPECT | JUST_CHECK, revision);
    quipu_builder_entry(writing, key,
                        write_flags & QUIPU_ENTRY_DELETE ? NULL : "other",
                        write_flags, 0);
    start(&h, datastore, checking);
    wait_until_it_runs(&h);
    written = quipu_builder_commit(writing, hasty);
    CHECK(written == QUIPU_OK || written == QUIPU_BUSY,
          "a write beside a transaction returns %s: %s",
          quipu_status_name(written), ERR->message);
    status = finish(&h);
    CHECK(status != QUIPU_OK || written != QUIPU_OK,
          "the entry is written while a transaction that checks it runs, and "
          "the transaction is committed afterwards");
    CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT ||
              status == QUIPU_BUSY,
          "the transaction returns %s", quipu_status_name(status));
    CHECK(status == QUIPU_OK || written == QUIPU_OK,
          "a transaction returns %s, although nothing has changed what it "
          "checks",
          quipu_status_name(status));
    OK(quipu_builder_commit(writing, datastore));
    quipu_context_close(ctx, hasty);
}

static void write_one(struct quipu_context *ctx, const char *key,
                      const char *value, uint32_t flags)
{
    struct quipu_builder *b = quipu_builder_create(ctx, NULL, 0);

    quipu_builder_entry(b, key, value, flags, 0);
    OK(quipu_builder_commit(b, quipu_context_datastore(ctx)));
}

static void held(struct quipu_context *ctx)
{
    quipu_records *records[] = { quipu_context_records(ctx, 0), NULL };

    for (size_t i = 0; i < 2; i++) {
        const char *key = quipu_context_name(ctx, "key");

        write_one(ctx, key, "old", 0);
        check_held(ctx, records[i], key, 0);
        check_held(ctx, records[i], key, QUIPU_ENTRY_DELETE);
        check_held(ctx, records[i], key, 0); /* it must not be created */
    }
}

/* Returns whether the function of the second transaction begins while that of
 * the first waits; gives it some milliseconds for that. */
static bool overlaps(struct quipu_context *ctx, struct quipu_builder *first,
                     struct quipu_builder *second, quipu_datastore *other,
                     int64_t milliseconds)
{
    struct holder a, b;
    bool both;
    int status;

    start(&a, quipu_context_datastore(ctx), first);
    wait_until_it_runs(&a);
    start(&b, other, second);
    pthread_mutex_lock(&b.lock);
    for (int64_t end = quipu_context_now() + milliseconds * ctx->patience;
         !b.runs && !b.ended && quipu_context_now() < end;) {
        pthread_mutex_unlock(&b.lock);
        quipu_context_sleep(1000);
        pthread_mutex_lock(&b.lock);
    }
    both = b.runs;
    pthread_mutex_unlock(&b.lock);
    status = finish(&a);
    RETURNS(QUIPU_OK, status);
    status = finish(&b);
    RETURNS(QUIPU_OK, status);
    return both;
}

/* If two empty transactions can run at the same time, two that check one entry
 * can, too. */
static void shared(struct quipu_context *ctx)
{
    quipu_datastore *other = quipu_context_open(ctx, NULL);
    struct quipu_builder *first = quipu_builder_create(ctx, NULL, 0);
    struct quipu_builder *second = quipu_builder_create(ctx, NULL, 0);
    const char *key = quipu_context_name(ctx, "key");

    /* A store that has one writer at a time is not asked further. */
    if (!overlaps(ctx, first, second, other, 500)) {
        return;
    }
    for (int exists = 0; exists < 2; exists++) {
        int64_t revision =
            quipu_entry_list_revision(quipu_context_datastore(ctx), key);

        quipu_builder_clear(first);
        quipu_builder_clear(second);
        quipu_builder_entry(first, key, NULL, EXPECT | JUST_CHECK, revision);
        quipu_builder_entry(second, key, NULL, EXPECT | JUST_CHECK, revision);
        CHECK(overlaps(ctx, first, second, other, 20000),
              "two transactions that only check one entry wait for each other, "
              "and two that check nothing do not");
        write_one(ctx, key, "made", 0);
    }
}

#define ALL (QUIPU_CAN_ENTRIES | QUIPU_CAN_TRANSACT | QUIPU_TRAIT_MULTI_OPEN)

static const struct quipu_case cases[] = {
    { "K7.check-holds",
      "What a program has checked is the ground on which it decides, until "
      "the decision is stored.",
      held, ALL, 0, 0 },
    { "K7.checks-do-not-wait",
      "All writers of a store check the same entry, such as who is the leader.",
      shared, ALL, 0, 0 },
};
QUIPU_FAMILY_IN(entries, checks);
