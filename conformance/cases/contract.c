/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are wrong, capabilities that are absent, fork, and closing. */
#include "suite.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void null_arguments(struct quipu_trial *t)
{
    quipu_datastore *d = quipu_trial_datastore(t);
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    struct quipu_batch *b = quipu_batch_create(t, r, 1);
    quipu_cursor *cursor;
    int64_t number;

    quipu_batch_next(b, s, "x");
    ANSWERS(QUIPU_INVALID, quipu_datastore_open(NULL, NULL, &d, E));
    ANSWERS(QUIPU_INVALID, quipu_datastore_open(t->uri, NULL, NULL, E));
    d = quipu_trial_datastore(t);
    ANSWERS(QUIPU_INVALID, quipu_datastore_setup(d, NULL, E));
    ANSWERS(QUIPU_INVALID,
            quipu_records_open(d, quipu_records_schema(r), NULL, E));
    ANSWERS(QUIPU_INVALID, quipu_records_append(r, NULL, NULL, E));
    ANSWERS(QUIPU_INVALID, quipu_records_append(NULL, &b->append, NULL, E));
    ANSWERS(QUIPU_INVALID, quipu_records_read(r, s, NULL, NULL, E));
    ANSWERS(QUIPU_INVALID, quipu_records_read_log(NULL, NULL, &cursor, E));
    ANSWERS(QUIPU_INVALID, quipu_records_last(r, s, NULL, E));
    ANSWERS(QUIPU_INVALID, quipu_records_last(NULL, s, &number, E));
    OK(quipu_datastore_close(NULL, E));
    OK(quipu_records_close(NULL, E));
    CHECK(quipu_list_count(t, r, s) == 0, "something was stored");
}

static void no_error_wanted(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    int64_t last;

    ANSWERS(QUIPU_NOT_FOUND, quipu_records_last(r, s, &last, NULL));
    ANSWERS(QUIPU_INVALID, quipu_records_append(r, NULL, NULL, NULL));
    ANSWERS(QUIPU_NOT_FOUND,
            quipu_records_open(quipu_trial_datastore(t),
                               quipu_trial_schema(t, 0), &r, NULL));
}

/* Each refusal comes with its code and a message. */
static void errors_told(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_records *none;

    memset(E, 0, sizeof(*E));
    ANSWERS(QUIPU_CONFLICT, quipu_batch_one_at(t, r, s, 5));
    CHECK(E->code == QUIPU_CONFLICT && *E->message, "the error is not set");
    memset(E, 0, sizeof(*E));
    ANSWERS(QUIPU_NOT_FOUND,
            quipu_records_open(quipu_trial_datastore(t),
                               quipu_trial_schema(t, 0), &none, E));
    CHECK(E->code == QUIPU_NOT_FOUND && *E->message, "the error is not set");
}

static void wrong_sizes(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    struct quipu_batch *b = quipu_batch_create(t, r, 1);
    quipu_schema *schema = quipu_trial_schema(t, 0);

    quipu_batch_next(b, quipu_trial_sequence(t), "x");
    b->append.struct_size = 0;
    ANSWERS(QUIPU_INVALID, quipu_batch_append(b));
    schema->struct_size = 0;
    ANSWERS(QUIPU_INVALID,
            quipu_datastore_setup(quipu_trial_datastore(t), schema, E));
}

static void closed_too_early(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_cursor *cursor;

    quipu_batch_fill(t, r, s, 2);
    ANSWERS(QUIPU_INVALID, quipu_datastore_close(t->main, E));
    OK(quipu_records_read(r, s, NULL, &cursor, E));
    ANSWERS(QUIPU_INVALID, quipu_records_close(r, E));
    CHECK(quipu_list_count(t, r, s) == 2, "something was closed");
    quipu_cursor_close(cursor);
}

/* The child of a fork is told so, and its parent is not disturbed. */
static void forked(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_cursor *cursor;
    int status;
    pid_t child;

    quipu_batch_fill(t, r, s, 3);
    OK(quipu_records_read(r, s, NULL, &cursor, E));
    child = fork();
    if (child == 0) {
        const quipu_item *item;
        int64_t last;

        ANSWERS(QUIPU_INVALID, quipu_batch_one_next(t, r, s));
        ANSWERS(QUIPU_INVALID, quipu_records_last(r, s, &last, E));
        ANSWERS(QUIPU_INVALID, quipu_cursor_next(cursor, &item, E));
        ANSWERS(QUIPU_INVALID,
                quipu_datastore_setup(t->main, quipu_records_schema(r), E));
        quipu_cursor_close(cursor);
        quipu_records_close(r, E);
        quipu_datastore_close(t->main, E);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0,
          "the child ended with wait status 0x%x", (unsigned)status);
    quipu_cursor_close(cursor);
    OK(quipu_batch_one_next(t, r, s));
    CHECK(quipu_list_count(t, r, s) == 4, "not four items");
}

static void reopened(struct quipu_trial *t)
{
    for (unsigned i = 0; i < 30; i++) {
        quipu_trial_close(t, quipu_trial_open(t, NULL));
    }
    OK(quipu_batch_one_next(t, quipu_trial_records(t, 0),
                            quipu_trial_sequence(t)));
}

/* ------------------------------------------------- what is not claimed */

static int do_nothing(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)error;
    ++*(int *)context;
    return QUIPU_OK;
}

static void no_transact(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    struct quipu_batch *b = quipu_batch_create(t, r, 1);
    int runs = 0;

    quipu_batch_next(b, s, "x");
    ANSWERS(QUIPU_UNSUPPORTED, quipu_records_transact(r, &b->append, do_nothing,
                                                      &runs, &b->result, E));
    CHECK(runs == 0, "the function ran");
    CHECK(quipu_list_count(t, r, s) == 0, "something was stored");
}

static void no_tracking(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    struct quipu_batch *b = quipu_batch_create(t, r, 1);
    quipu_trackings *list;
    quipu_position p;

    quipu_batch_next(b, s, "x");
    quipu_batch_track(b, "consumer", "log", 1);
    ANSWERS(QUIPU_UNSUPPORTED, quipu_batch_append(b));
    ANSWERS(QUIPU_UNSUPPORTED,
            quipu_tracking_read(t->main, "consumer", "log", &p, E));
    ANSWERS(QUIPU_UNSUPPORTED, quipu_trackings_open(t->main, &list, E));
    CHECK(quipu_list_count(t, r, s) == 0, "something was stored");
}

static void no_log(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_position p;
    quipu_cursor *cursor;
    int64_t head;

    ANSWERS(QUIPU_UNSUPPORTED, quipu_records_head(r, &p, E));
    ANSWERS(QUIPU_UNSUPPORTED, quipu_records_read_log(r, NULL, &cursor, E));
    ANSWERS(QUIPU_UNSUPPORTED, quipu_records_wait(r, 0, 0, &head, E));
}

static const struct quipu_case cases[] = {
    { "contract.null-arguments-are-invalid",
      "A binding's bug is told, not a crash.", null_arguments, QUIPU_CAN_LOG, 0,
      0 },
    { "contract.errors-are-optional", "The code alone is enough for many.",
      no_error_wanted, 0, 0, 0 },
    { "contract.refusals-come-with-a-message",
      "Whoever reads the log of a program must see why.", errors_told, 0, 0,
      0 },
    { "contract.wrong-sizes-are-invalid",
      "A struct that nobody sized is one that nobody filled.", wrong_sizes, 0,
      0, 0 },
    { "contract.closing-is-inside-out",
      "What is still in use is not closed under its user.", closed_too_early, 0,
      0, 0 },
    { "contract.child-of-fork-is-refused",
      "Two processes on one connection corrupt what they share.", forked, 0, 0,
      0 },
    { "contract.opened-and-closed-again",
      "Nothing is left over that the next one trips on.", reopened, 0, 0, 0 },
    { "contract.transact-is-unsupported-where-not-claimed",
      "What is not claimed must not half work.", no_transact, 0,
      QUIPU_CAN_TRANSACT, 0 },
    { "contract.tracking-is-unsupported-where-not-claimed",
      "What is not claimed must not half work.", no_tracking, 0,
      QUIPU_CAN_TRACK, 0 },
    { "contract.log-is-unsupported-where-not-claimed",
      "What is not claimed must not half work.", no_log, 0, QUIPU_CAN_LOG, 0 },
};
QUIPU_FAMILY(contract);
