/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong calls, absent capabilities and closing. */
#include "case.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

static void null_arguments(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    quipu_cursor *cursor;
    int64_t number;

    quipu_builder_add_next(b, s, "x");
    RETURNS(QUIPU_INVALID, quipu_datastore_open(NULL, NULL, &d, ERR));
    RETURNS(QUIPU_INVALID, quipu_datastore_open(ctx->uri, NULL, NULL, ERR));
    d = quipu_context_datastore(ctx);
    RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, NULL, ERR));
    RETURNS(QUIPU_INVALID,
            quipu_records_open(d, quipu_records_schema(r), NULL, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_append(r, NULL, NULL, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_append(NULL, &b->append, NULL, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_read(r, s, NULL, NULL, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_read_log(NULL, NULL, &cursor, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_last(r, s, NULL, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_last(NULL, s, &number, ERR));
    OK(quipu_datastore_close(NULL, ERR));
    OK(quipu_records_close(NULL, ERR));
    CHECK(quipu_item_list_count(ctx, r, s) == 0, "an item was stored");
}

static void no_error_argument(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    int64_t last;

    RETURNS(QUIPU_NOT_FOUND, quipu_records_last(r, s, &last, NULL));
    RETURNS(QUIPU_INVALID, quipu_records_append(r, NULL, NULL, NULL));
    RETURNS(QUIPU_NOT_FOUND,
            quipu_records_open(quipu_context_datastore(ctx),
                               quipu_context_schema(ctx, 0), &r, NULL));
}

static void error_messages(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_records *none;

    memset(ERR, 0, sizeof(*ERR));
    RETURNS(QUIPU_CONFLICT, quipu_builder_append_at(ctx, r, s, 5));
    CHECK(ERR->code == QUIPU_CONFLICT && *ERR->message, "the error is not set");
    memset(ERR, 0, sizeof(*ERR));
    RETURNS(QUIPU_NOT_FOUND,
            quipu_records_open(quipu_context_datastore(ctx),
                               quipu_context_schema(ctx, 0), &none, ERR));
    CHECK(ERR->code == QUIPU_NOT_FOUND && *ERR->message,
          "the error is not set");
}

static void wrong_sizes(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    quipu_schema *schema = quipu_context_schema(ctx, 0);

    quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");
    b->append.struct_size = 0;
    RETURNS(QUIPU_INVALID, quipu_builder_append(b));
    schema->struct_size = 0;
    RETURNS(QUIPU_INVALID,
            quipu_datastore_setup(quipu_context_datastore(ctx), schema, ERR));
}

static void closed_too_early(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_cursor *cursor;

    quipu_builder_append_many(ctx, r, s, 2);
    RETURNS(QUIPU_INVALID, quipu_datastore_close(ctx->main, ERR));
    OK(quipu_records_read(r, s, NULL, &cursor, ERR));
    RETURNS(QUIPU_INVALID, quipu_records_close(r, ERR));
    CHECK(quipu_item_list_count(ctx, r, s) == 2,
          "a failed close has closed a handle");
    quipu_cursor_close(cursor);
}

static void reopened(struct quipu_context *ctx)
{
    for (unsigned i = 0; i < 30; i++) {
        quipu_context_close(ctx, quipu_context_open(ctx, NULL));
    }
    OK(quipu_builder_append_next(ctx, quipu_context_records(ctx, 0),
                                 quipu_context_sequence(ctx)));
}

/* -------------------------------------------- capabilities not declared */

static int do_nothing(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)error;
    ++*(int *)context;
    return QUIPU_OK;
}

static void no_transact(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    int runs = 0;

    quipu_builder_add_next(b, s, "x");
    RETURNS(QUIPU_UNSUPPORTED, quipu_records_transact(r, &b->append, do_nothing,
                                                      &runs, &b->result, ERR));
    CHECK(runs == 0, "the function ran");
    CHECK(quipu_item_list_count(ctx, r, s) == 0, "an item was stored");
}

static void no_tracking(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    quipu_trackings *list;
    quipu_position p;

    quipu_builder_add_next(b, s, "x");
    quipu_builder_track(b, "consumer", "log", 1);
    RETURNS(QUIPU_UNSUPPORTED, quipu_builder_append(b));
    RETURNS(QUIPU_UNSUPPORTED,
            quipu_tracking_read(ctx->main, "consumer", "log", &p, ERR));
    RETURNS(QUIPU_UNSUPPORTED, quipu_trackings_open(ctx->main, &list, ERR));
    CHECK(quipu_item_list_count(ctx, r, s) == 0, "an item was stored");
}

static void no_log(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_position p;
    quipu_cursor *cursor;
    int64_t head;

    RETURNS(QUIPU_UNSUPPORTED, quipu_records_head(r, &p, ERR));
    RETURNS(QUIPU_UNSUPPORTED, quipu_records_read_log(r, NULL, &cursor, ERR));
    RETURNS(QUIPU_UNSUPPORTED, quipu_records_wait(r, 0, 0, &head, ERR));
}

/* ----------------------------------------- a deadline beside a writer */

#define LARGE_ITEMS 16
#define LARGE_STATE ((size_t)4 << 20)
#define ROUNDS 4
#define HASTE 20     /* milliseconds: timeout of the short append */
#define SHORTEST 250 /* milliseconds of a long append that shows something */

struct hasty {
    struct quipu_context *ctx;
    struct quipu_builder *large;
    quipu_records *records; /* with a short timeout */
    atomic_bool begun, ended;
    int64_t took, longest; /* milliseconds: the long append, a short one */
};

static void append_large(struct hasty *h)
{
    int64_t begin = quipu_context_now();

    atomic_store(&h->begun, true);
    OK(quipu_builder_append(h->large));
    h->took = quipu_context_now() - begin;
    atomic_store(&h->ended, true);
}

static void append_in_haste(struct hasty *h)
{
    quipu_bytes s = quipu_context_sequence(h->ctx);

    while (!atomic_load(&h->begun)) {
        quipu_context_sleep(100);
    }
    while (!atomic_load(&h->ended)) {
        int64_t begin = quipu_context_now(), took;
        int status = quipu_builder_append_next(h->ctx, h->records, s);

        CHECK(status == QUIPU_OK || status == QUIPU_BUSY,
              "an append beside a long one returns %s: %s",
              quipu_status_name(status), ERR->message);
        took = quipu_context_now() - begin;
        h->longest = took > h->longest ? took : h->longest;
    }
}

static void append_large_or_short(void *context, unsigned i)
{
    if (i == 0) {
        append_large(context);
    } else {
        append_in_haste(context);
    }
}

/* An append that waits for a long one returns at its own deadline: it takes no
 * longer than half of the long one, in at least one of several rounds.  A store
 * for which the long one takes no longer than SHORTEST shows nothing. */
static void deadline_beside_writer(struct quipu_context *ctx)
{
    struct hasty h = { .ctx = ctx };
    quipu_records *r;
    char *state = quipu_context_allocate(ctx, LARGE_STATE);
    bool late = true;

    ctx->main = quipu_context_open(ctx, "timeout=120000");
    r = quipu_context_records(ctx, 0);
    h.records = quipu_context_bind(
        ctx,
        quipu_context_open(ctx, quipu_context_format(ctx, "timeout=%d", HASTE)),
        quipu_records_schema(r));
    h.large = quipu_builder_create(ctx, r, LARGE_ITEMS);
    for (int round = 0; round < ROUNDS && late; round++) {
        quipu_builder_clear(h.large);
        for (size_t i = 0; i < LARGE_ITEMS; i++) {
            quipu_builder_add_next(h.large, quipu_context_sequence(ctx), "")
                ->state = (quipu_bytes){ state, LARGE_STATE };
        }
        h.longest = 0;
        atomic_store(&h.begun, false);
        atomic_store(&h.ended, false);
        quipu_workers_run_threads(2, append_large_or_short, &h);
        late = h.took > (int64_t)SHORTEST * ctx->patience &&
               h.longest > HASTE + h.took / 2;
    }
    CHECK(!late,
          "an append with a timeout of %d ms took %" PRId64
          " ms, while another one was stored in %" PRId64 " ms",
          HASTE, h.longest, h.took);
}

static const struct quipu_case cases[] = {
    { "contract.append-beside-a-long-one-ends-in-time",
      "A request that has a deadline must not wait for a bulk import.",
      deadline_beside_writer, QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "contract.null-arguments-are-invalid",
      "A mistake in a language binding causes an error and not a crash.",
      null_arguments, QUIPU_CAN_LOG, 0, 0 },
    { "contract.errors-are-optional",
      "A program that needs only the status code passes NULL for the error.",
      no_error_argument, 0, 0, 0 },
    { "contract.errors-have-a-message",
      "The message in a program's log has to name the cause.", error_messages,
      0, 0, 0 },
    { "contract.wrong-sizes-are-invalid",
      "A struct_size of 0 means that the struct was not initialised.",
      wrong_sizes, 0, 0, 0 },
    { "contract.closing-in-wrong-order-is-invalid",
      "A handle cannot be closed while another handle uses it.",
      closed_too_early, 0, 0, 0 },
    { "contract.opened-and-closed-repeatedly",
      "A closed datastore leaves nothing behind that disturbs the next one.",
      reopened, 0, 0, 0 },
    { "contract.transact-is-unsupported-if-not-declared",
      "A capability that is not declared must not work in part.", no_transact,
      0, QUIPU_CAN_TRANSACT, 0 },
    { "contract.tracking-is-unsupported-if-not-declared",
      "A capability that is not declared must not work in part.", no_tracking,
      0, QUIPU_CAN_TRACK, 0 },
    { "contract.log-is-unsupported-if-not-declared",
      "A capability that is not declared must not work in part.", no_log, 0,
      QUIPU_CAN_LOG, 0 },
};
QUIPU_FAMILY(contract);
