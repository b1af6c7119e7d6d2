/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V5: reads of files that fail, for stores that keep files below {dir}.
 *
 * A store is made and closed.  A reader in a subprocess under quipu-faults.so
 * opens it and makes every kind of read; its n-th read(2) fails, for n = 1, 2,
 * 3 ...  Each call must return what is stored, completely, or an error: the end
 * of a cursor or of a list, and "not there", are answers and no errors.
 */
#include "cases/case.h"

#include "context/folder.h"
#include "context/subprocess.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define ITEMS 300
#define SEQUENCES 60
#define CONSUMERS 40
#define STATE_SIZE 300

/* Memory that the case and its subprocesses share. */
struct shared {
    unsigned n, calls; /* the read that fails, and how many were made */
    bool failed;
};

static const char *sequence_name(struct quipu_context *ctx, unsigned i)
{
    return quipu_context_format(ctx, "%0*u", 100, i);
}

static const char *consumer_name(struct quipu_context *ctx, unsigned i)
{
    return quipu_context_format(ctx, "consumer %0*u", 100, i);
}

static quipu_schema *make_schema(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_TEXT);

    schema->table = "read_items"; /* the same name in each process */
    return schema;
}

/* The event id of an item, which a repeat has to find. */
static void build(struct quipu_context *ctx, struct quipu_builder *b,
                  unsigned i)
{
    static char state[STATE_SIZE + 1];

    memset(state, 'x', STATE_SIZE);
    quipu_builder_clear(b);
    quipu_builder_add_next(
        b, quipu_bytes_of_text(sequence_name(ctx, i % SEQUENCES)), state);
    memset(&b->event_ids[0], 0, sizeof(b->event_ids[0]));
    b->event_ids[0].bytes[0] = (uint8_t)i;
    b->event_ids[0].bytes[15] = (uint8_t)(i >> 8);
}

static void make_store(struct quipu_context *ctx)
{
    quipu_schema *schema = make_schema(ctx);
    quipu_records *r;
    struct quipu_builder *b;

    ctx->main = quipu_context_open(ctx, NULL);
    OK(quipu_datastore_setup(ctx->main, schema, ERR));
    r = quipu_context_bind(ctx, ctx->main, schema);
    b = quipu_builder_create(ctx, r, 1);
    for (unsigned i = 0; i < ITEMS; i++) {
        build(ctx, b, i);
        if (ctx->traits & QUIPU_CAN_TRACK && i < CONSUMERS) {
            quipu_builder_track(b, consumer_name(ctx, i), "log", i + 1);
        }
        OK(quipu_builder_append(b));
    }
    quipu_context_close_all(ctx);
}

/* --------------------------------------------------------------- the reader */

/* Returns true if a call has returned OK.  Otherwise a read must have failed,
 * and the status must not be an answer. */
static bool is_ok(const char *call, int status)
{
    CHECK(status == QUIPU_OK || quipu_subprocess_failures() > 0,
          "%s returns %s, but no read has failed: %s", call,
          quipu_status_name(status), ERR->message);
    CHECK(status == QUIPU_OK || status == QUIPU_IO || status == QUIPU_CORRUPT ||
              status == QUIPU_BUSY || status == QUIPU_UNKNOWN_OUTCOME ||
              status == QUIPU_NO_MEMORY,
          "%s returns %s, but a read has failed: %s", call,
          quipu_status_name(status), ERR->message);
    return status == QUIPU_OK;
}

static void check_end(const char *what, unsigned count, unsigned expected)
{
    CHECK(count == expected,
          "a read has failed, and %s ends after %u of %u rows as if there were "
          "no more",
          what, count, expected);
}

static void drain(quipu_cursor *cursor, const char *what, unsigned expected)
{
    const quipu_item *item;
    unsigned count = 0;

    for (;;) {
        if (!is_ok("quipu_cursor_next",
                   quipu_cursor_next(cursor, &item, ERR))) {
            break;
        }
        if (!item) {
            check_end(what, count, expected);
            break;
        }
        count++;
    }
    quipu_cursor_close(cursor);
}

static void read_lists(struct quipu_context *ctx, quipu_datastore *datastore,
                       quipu_records *r)
{
    const quipu_sequence *sequence = NULL;
    const quipu_tracking *tracking = NULL;
    quipu_sequences *sequences;
    quipu_trackings *trackings;
    unsigned count = 0;

    if (is_ok("quipu_sequences_open",
              quipu_sequences_open(r, (quipu_bytes){ NULL, 0 }, &sequences,
                                   ERR))) {
        while (is_ok("quipu_sequences_next",
                     quipu_sequences_next(sequences, &sequence, ERR))) {
            if (!sequence) {
                check_end("the list of sequences", count, SEQUENCES);
                break;
            }
            count++;
        }
        quipu_sequences_close(sequences);
    }
    count = 0;
    if (ctx->traits & QUIPU_CAN_TRACK &&
        is_ok("quipu_trackings_open",
              quipu_trackings_open(datastore, &trackings, ERR))) {
        while (is_ok("quipu_trackings_next",
                     quipu_trackings_next(trackings, &tracking, ERR))) {
            if (!tracking) {
                check_end("the list of tracking records", count, CONSUMERS);
                break;
            }
            count++;
        }
        quipu_trackings_close(trackings);
    }
}

static void read_points(struct quipu_context *ctx, quipu_datastore *datastore,
                        quipu_records *r)
{
    quipu_position position;
    int64_t last;

    for (unsigned i = 0; i < SEQUENCES; i += 7) {
        quipu_bytes s = quipu_bytes_of_text(sequence_name(ctx, i));

        if (is_ok("quipu_records_last", quipu_records_last(r, s, &last, ERR))) {
            CHECK(last == ITEMS / SEQUENCES - 1,
                  "the last position of a sequence is read as %" PRId64, last);
        }
    }
    for (unsigned i = 0; ctx->traits & QUIPU_CAN_TRACK && i < CONSUMERS;
         i += 7) {
        is_ok("quipu_tracking_read",
              quipu_tracking_read(datastore, consumer_name(ctx, i), "log",
                                  &position, ERR));
    }
}

/* A repeat whose look-up fails must not be stored again. */
static void append_repeats(struct quipu_context *ctx, quipu_records *r)
{
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    for (unsigned i = 0; i < ITEMS; i += 37) {
        build(ctx, b, i);
        if (is_ok("the repeat of an append", quipu_builder_append(b))) {
            CHECK(b->result.flags & QUIPU_RESULT_REPEATED,
                  "a read has failed, and a repeat is stored again");
        }
    }
}

static void work(struct quipu_context *ctx, void *memory, unsigned index)
{
    struct shared *shared = memory;
    quipu_datastore *datastore;
    quipu_cursor *cursor;
    quipu_records *r;

    (void)index;
    if (is_ok("quipu_datastore_open",
              quipu_datastore_open(ctx->uri, NULL, &datastore, ERR))) {
        if (is_ok("quipu_records_open",
                  quipu_records_open(datastore, make_schema(ctx), &r, ERR))) {
            /* A page that was read is in a cache: each kind is first once. */
            if (shared->n % 2 == 0) {
                read_lists(ctx, datastore, r);
            }
            read_points(ctx, datastore, r);
            read_lists(ctx, datastore, r);
            if (is_ok("quipu_records_read_log",
                      quipu_records_read_log(r, NULL, &cursor, ERR))) {
                drain(cursor, "the log", ITEMS);
            }
            if (is_ok("quipu_records_read",
                      quipu_records_read(
                          r, quipu_bytes_of_text(sequence_name(ctx, 1)), NULL,
                          &cursor, ERR))) {
                drain(cursor, "a sequence", ITEMS / SEQUENCES);
            }
            append_repeats(ctx, r);
            quipu_records_close(r, ERR);
        }
        quipu_datastore_close(datastore, ERR);
    }
    shared->failed = quipu_subprocess_failures() > 0;
    shared->calls = quipu_subprocess_calls();
}

extern const struct quipu_subprocess_job quipu_subprocess_job_reads;
const struct quipu_subprocess_job quipu_subprocess_job_reads = { "reads",
                                                                 work };

/* ----------------------------------------------------------------- the case */

/* Runs the reader with a failure of its n-th read. */
static void attempt(struct quipu_context *ctx, struct shared *shared,
                    const char *disk, unsigned n)
{
    const void *mark = quipu_context_mark(ctx);
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_reads,
                                          .folder = disk };
    pid_t reader;
    int status;

    shared->n = n;
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_CALL", "read");
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_AT",
                               quipu_context_format(ctx, "%u", n));
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_ERRNO",
                               quipu_context_format(ctx, "%d", EIO));
    reader = quipu_subprocess_start(ctx, &task, 0);
    status = quipu_subprocess_wait(reader);
    CHECK_CHILD(reader, status, "read number %u failed, and the reader", n);
    quipu_context_count(ctx, "faults", shared->failed);
    quipu_context_release(ctx, mark);
}

static void reads_fail(struct quipu_context *ctx)
{
    const char *disk = quipu_context_format(ctx, "%s/disk", ctx->directory);
    unsigned most = quipu_context_scale(ctx, 20, 400, 100000), made;
    const char *uri = ctx->uri;
    struct shared *shared;

    quipu_subprocess_require(ctx);
    shared = quipu_subprocess_share_memory(sizeof(*shared));
    CHECK(mkdir(disk, 0700) == 0, "cannot create %s", disk);
    ctx->uri = quipu_subprocess_uri(ctx, disk);
    make_store(ctx);
    ctx->uri = uri;
    attempt(ctx, shared, disk, UINT32_MAX); /* only counts the reads */
    made = shared->calls;
    for (unsigned i = 0; i < most && i < made; i++) {
        unsigned n = made <= most
                         ? i + 1
                         : 1 + (unsigned)quipu_context_random(ctx, made);

        attempt(ctx, shared, disk, n);
    }
}

static const struct quipu_case cases[] = {
    { "V5.failed-reads-are-no-answers",
      "An error that is taken for the end of a list or for \"not there\" makes "
      "a consumer skip events, and a repeat store them twice.",
      reads_fail, QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_FILES, 0,
      600 },
};
QUIPU_FAMILY_IN(crash, reads);
