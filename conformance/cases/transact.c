/* SPDX-License-Identifier: Apache-2.0 */
/* U2, U4 and V5: functions in the transaction of an append, and appends while
 * such a function holds the store's lock. */
#include "case.h"

#include <inttypes.h>
#include <pthread.h>

struct work {
    unsigned runs;
    int answer;
    bool had_native;
};

static int run_work(void *native, void *context, quipu_error *error)
{
    struct work *work = context;

    work->runs++;
    work->had_native = native;
    return work->answer == QUIPU_OK
               ? QUIPU_OK
               : quipu_error_set(error, work->answer,
                                 "the function fails on purpose");
}

static int transact(struct quipu_builder *b, struct work *work)
{
    b->result = (quipu_result){ .positions = b->positions };
    return quipu_records_transact(b->records, &b->append, run_work, work,
                                  &b->result, ERR);
}

static void accepted(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);
    struct work work = { .answer = QUIPU_OK };

    quipu_builder_add_next(b, s, "x");
    quipu_builder_add_next(b, s, "y");
    OK(transact(b, &work));
    CHECK(work.runs >= 1 && work.had_native,
          "the function did not get the native handle");
    CHECK(b->positions[1] == 1 && b->result.first_notification_id == 1,
          "the result is not reported");
    CHECK(quipu_item_list_count(ctx, r, s) == 2, "the items are not stored");
}

static void empty(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    struct work work = { .answer = QUIPU_OK };

    OK(transact(b, &work));
    CHECK(work.runs >= 1, "the function did not run");
}

/* Any status of the function is returned, and nothing is stored. */
static void rolled_back(struct quipu_context *ctx)
{
    static const int answers[] = { QUIPU_CONFLICT,  QUIPU_ALREADY,
                                   QUIPU_NOT_FOUND, QUIPU_UNSUPPORTED,
                                   QUIPU_INVALID,   QUIPU_IO,
                                   QUIPU_INTERNAL };
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    const char *consumer = quipu_context_name(ctx, "c");
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);
    quipu_position p;

    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        struct work work = { .answer = answers[i] };

        quipu_builder_clear(b);
        quipu_builder_add_next(b, s, "x");
        if (ctx->traits & QUIPU_CAN_TRACK) {
            quipu_builder_track(b, consumer, "log", 1);
        }
        RETURNS(answers[i], transact(b, &work));
        CHECK(quipu_item_list_count(ctx, r, s) == 0, "the items are stored");
        if (ctx->traits & QUIPU_CAN_TRACK) {
            RETURNS(QUIPU_NOT_FOUND,
                    quipu_tracking_read(ctx->main, consumer, "log", &p, ERR));
        }
    }
    OK(quipu_builder_append_next(ctx, r, s));
    CHECK(quipu_item_list_check_log(ctx, r).count == 1,
          "a notification id was used");
}

static void refused(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    struct work work = { .answer = QUIPU_OK };

    quipu_builder_add_at(b, s, 3, "x");
    RETURNS(QUIPU_CONFLICT, transact(b, &work));
    CHECK(b->result.cause == QUIPU_CAUSE_POSITION, "result.cause is %d",
          b->result.cause);
    quipu_builder_clear(b);
    quipu_builder_guard(b, s, QUIPU_DEMAND_NOT_EMPTY, 0);
    RETURNS(QUIPU_CONFLICT, transact(b, &work));
    CHECK(work.runs == 0, "the function ran for a refused append");
}

/* The repeat after an unknown outcome finds the append stored, and with it what
 * the function did. */
static void repeated(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    struct work work = { .answer = QUIPU_OK };

    quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");
    OK(transact(b, &work));
    work.runs = 0;
    OK(transact(b, &work));
    CHECK(b->result.flags & QUIPU_RESULT_REPEATED,
          "the repeat is not reported as one");
    CHECK(work.runs == 0, "the function ran again for a repeat");
}

static void already(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    const char *consumer = quipu_context_name(ctx, "c");
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    struct work work = { .answer = QUIPU_OK };

    quipu_builder_track(b, consumer, "log", 5);
    OK(transact(b, &work));
    work.runs = 0;
    RETURNS(QUIPU_ALREADY, transact(b, &work));
    CHECK(work.runs == 0,
          "the function ran for an append that returned ALREADY");
}

/* ------------------------------------------------------------ a locked store
 */

struct holder {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool holding, release;
    struct quipu_builder *batch;
};

static int hold(void *native, void *context, quipu_error *error)
{
    struct holder *h = context;

    (void)native;
    (void)error;
    pthread_mutex_lock(&h->lock);
    h->holding = true;
    pthread_cond_broadcast(&h->changed);
    while (!h->release) {
        pthread_cond_wait(&h->changed, &h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return QUIPU_OK;
}

static void *hold_in_thread(void *context)
{
    struct holder *h = context;

    OK(quipu_records_transact(h->batch->records, &h->batch->append, hold, h,
                              NULL, ERR));
    return NULL;
}

#define TOLERANCE 20000 /* milliseconds: a busy machine may be late */

/* While one transaction is open, appends of other datastores return BUSY at
 * their timeout and store nothing, and readers see the old state.  `hasty` has
 * a short timeout, and is used only for the append that must be refused. */
static void check_locked(struct quipu_context *ctx, quipu_records *writer,
                         quipu_records *other, quipu_records *hasty,
                         int64_t timeout)
{
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_bytes own = quipu_context_sequence(ctx);
    struct holder h = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
                        false, false, quipu_builder_create(ctx, writer, 1) };
    pthread_t thread;
    int64_t begin, took;

    quipu_builder_add_next(h.batch, s, "x");
    CHECK(pthread_create(&thread, NULL, hold_in_thread, &h) == 0,
          "cannot create a thread");
    pthread_mutex_lock(&h.lock);
    while (!h.holding) {
        pthread_cond_wait(&h.changed, &h.lock);
    }
    pthread_mutex_unlock(&h.lock);
    begin = quipu_context_now();
    RETURNS(QUIPU_BUSY, quipu_builder_append_next(ctx, hasty, own));
    took = quipu_context_now() - begin;
    CHECK(took >= timeout - 50,
          "the append returned BUSY already after %" PRId64 " ms", took);
    CHECK(took < timeout + (int64_t)TOLERANCE * ctx->patience,
          "the append returned BUSY only after %" PRId64 " ms", took);
    CHECK(quipu_item_list_count(ctx, other, s) == 0,
          "an item is read before it is committed");
    pthread_mutex_lock(&h.lock);
    h.release = true;
    pthread_cond_broadcast(&h.changed);
    pthread_mutex_unlock(&h.lock);
    pthread_join(thread, NULL);
    CHECK(quipu_item_list_count(ctx, other, s) == 1 &&
              quipu_item_list_count(ctx, other, own) == 0,
          "the stored items contradict the returned statuses");
    OK(quipu_builder_append_next(ctx, other, own));
}

/* Returns true if the call must be repeated: on a busy machine a call that need
 * not wait may take longer than a short timeout. */
static bool timed_out(struct quipu_context *ctx, int status)
{
    return (status == QUIPU_TIMEOUT || status == QUIPU_BUSY) &&
           quipu_context_has_time(ctx);
}

/* Opens records in another datastore with a short timeout. */
static quipu_records *open_hasty(struct quipu_context *ctx,
                                 const quipu_schema *schema,
                                 const char *options)
{
    quipu_datastore *datastore;
    quipu_records *records;
    int status;

    do {
        status = quipu_datastore_open(quipu_context_uri(ctx, options), NULL,
                                      &datastore, ERR);
    } while (timed_out(ctx, status));
    OK(status);
    do {
        status = quipu_records_open(datastore, schema, &records, ERR);
    } while (timed_out(ctx, status));
    OK(status);
    return records;
}

static void close_hasty(quipu_records *hasty)
{
    quipu_datastore *datastore = quipu_records_datastore(hasty);

    OK(quipu_records_close(hasty, ERR));
    OK(quipu_datastore_close(datastore, ERR));
}

static void locked(struct quipu_context *ctx)
{
    static const struct {
        const char *options;
        int64_t timeout;
    } timeouts[] = { { "timeout=500", 500 }, { "timeout=0", 0 } };
    quipu_records *r = quipu_context_records(ctx, 0);
    const quipu_schema *schema = quipu_records_schema(r);
    quipu_records *other =
        quipu_context_bind(ctx, quipu_context_open(ctx, NULL), schema);

    for (size_t i = 0; i < sizeof(timeouts) / sizeof(*timeouts); i++) {
        quipu_records *hasty = open_hasty(ctx, schema, timeouts[i].options);

        check_locked(ctx, r, other, hasty, timeouts[i].timeout);
        close_hasty(hasty);
    }
}

/* ---------------------------------------------------------- opening beside */

#define HOLD 8000 /* milliseconds that the function runs at most */

struct opening {
    struct holder holder;
    int64_t hold; /* milliseconds */
    bool ended;   /* the function has returned; under the holder's lock */
};

static int hold_a_while(void *native, void *context, quipu_error *error)
{
    struct opening *o = context;
    struct holder *h = &o->holder;
    int64_t end = quipu_context_now() + o->hold;

    (void)native;
    (void)error;
    pthread_mutex_lock(&h->lock);
    h->holding = true;
    while (!h->release && quipu_context_now() < end) {
        pthread_mutex_unlock(&h->lock);
        quipu_context_sleep(10000);
        pthread_mutex_lock(&h->lock);
    }
    o->ended = true;
    pthread_mutex_unlock(&h->lock);
    return QUIPU_OK;
}

static void *transact_in_thread(void *context)
{
    struct opening *o = context;
    struct quipu_builder *b = o->holder.batch;

    OK(quipu_records_transact(b->records, &b->append, hold_a_while, o, NULL,
                              ERR));
    return NULL;
}

static bool is_in_time(int status)
{
    return status == QUIPU_OK || status == QUIPU_BUSY ||
           status == QUIPU_TIMEOUT;
}

/* Opens the store and its schema, for reading and for writing, and reads. */
static void open_beside(struct quipu_context *ctx, quipu_records *reader,
                        quipu_bytes sequence)
{
    static const char *const options[] = { "timeout=300", "timeout=0",
                                           "timeout=300&readonly=yes" };

    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        quipu_datastore *datastore = NULL;
        quipu_records *records = NULL;
        int status = quipu_datastore_open(quipu_context_uri(ctx, options[i]),
                                          NULL, &datastore, ERR);

        CHECK(is_in_time(status), "opening returns %s",
              quipu_status_name(status));
        if (status == QUIPU_OK) {
            status = quipu_records_open(datastore, quipu_records_schema(reader),
                                        &records, ERR);
            CHECK(is_in_time(status), "opening records returns %s",
                  quipu_status_name(status));
        }
        OK(quipu_records_close(records, ERR));
        OK(quipu_datastore_close(datastore, ERR));
    }
    CHECK(quipu_item_list_count(ctx, reader, sequence) == 0,
          "an item is read before it is committed");
}

/* While a function runs in a transaction, opening the store and its records
 * ends by its own timeout, not with the function, and reading goes on. */
static void opening_beside(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_records *reader = quipu_context_bind(
        ctx, quipu_context_open(ctx, NULL), quipu_records_schema(r));
    quipu_bytes s = quipu_context_sequence(ctx);
    struct opening o = { { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
                           false, false, quipu_builder_create(ctx, r, 1) },
                         (int64_t)HOLD * ctx->patience,
                         false };
    pthread_t thread;
    bool holding = false, ended;

    quipu_builder_add_next(o.holder.batch, s, "x");
    CHECK(pthread_create(&thread, NULL, transact_in_thread, &o) == 0,
          "cannot create a thread");
    while (!holding) {
        quipu_context_sleep(1000);
        pthread_mutex_lock(&o.holder.lock);
        holding = o.holder.holding;
        pthread_mutex_unlock(&o.holder.lock);
    }
    open_beside(ctx, reader, s);
    pthread_mutex_lock(&o.holder.lock);
    ended = o.ended;
    o.holder.release = true;
    pthread_mutex_unlock(&o.holder.lock);
    pthread_join(thread, NULL);
    CHECK(!ended, "opening and reading waited for the function in a "
                  "transaction instead of their timeouts");
    CHECK(quipu_item_list_count(ctx, reader, s) == 1, "the item is missing");
}

#define TRANSACT (QUIPU_CAN_TRANSACT | QUIPU_CAN_LOG)

static const struct quipu_case cases[] = {
    { "U2.transact-stores-items-and-work",
      "Read model, tracking record and new events become durable together.",
      accepted, TRANSACT, 0, 0 },
    { "U2.transact-may-be-empty",
      "A transaction can update a read model without storing items.", empty,
      TRANSACT, 0, 0 },
    { "U2.transact-is-rolled-back-if-the-function-fails",
      "The status of the function decides on the whole transaction.",
      rolled_back, TRANSACT, 0, 0 },
    { "U2.refused-transact-does-not-call-the-function",
      "The function's work for a refused append would be left behind.", refused,
      TRANSACT, 0, 0 },
    { "U4.transact-calls-the-function-once",
      "The retry of a projection must not be applied twice.", already,
      TRANSACT | QUIPU_CAN_TRACK, 0, 0 },
    { "U3.transact-runs-no-function-for-a-repeat",
      "What the function did is stored with the first attempt, and must not "
      "be done twice.",
      repeated, TRANSACT, 0, 0 },
    { "V5.locked-store-returns-busy-in-time",
      "A writer that stands still must not block the others beyond their "
      "timeout.",
      locked, TRANSACT | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "V5.opening-beside-a-transaction-keeps-its-timeout",
      "A function that runs long would keep the whole program from opening the "
      "store.",
      opening_beside, TRANSACT | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
};
QUIPU_FAMILY(transact);
