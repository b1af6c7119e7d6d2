/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork while a datastore is open.
 *
 * A child inherits the descriptors of its parent, and with them the locks of
 * open file descriptions (flock, F_OFD_SETLK) and the connections to a server.
 * Its own calls are refused.  It must not keep these descriptors either: the
 * kernel releases such a lock when the last process that has the description
 * ends, and a server ends a session when the last one closes the socket.
 */
#include "case.h"

#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT 10000 /* milliseconds, of the appends beside the child */

/* All handles refuse calls in a forked child, and still work in the parent. */
static void refused(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_cursor *cursor;
    int status;
    pid_t child;

    quipu_builder_append_many(ctx, r, s, 3);
    OK(quipu_records_read(r, s, NULL, &cursor, ERR));
    child = fork();
    if (child == 0) {
        const quipu_item *item;
        int64_t last;

        quipu_completion_begin();
        RETURNS(QUIPU_INVALID, quipu_builder_append_next(ctx, r, s));
        RETURNS(QUIPU_INVALID, quipu_records_last(r, s, &last, ERR));
        RETURNS(QUIPU_INVALID, quipu_cursor_next(cursor, &item, ERR));
        RETURNS(QUIPU_INVALID,
                quipu_datastore_setup(ctx->main, quipu_records_schema(r), ERR));
        quipu_cursor_close(cursor);
        quipu_records_close(r, ERR);
        quipu_datastore_close(ctx->main, ERR);
        quipu_completion_exit(QUIPU_COMPLETION_DONE);
    }
    CHECK(waitpid(child, &status, 0) == child, "cannot wait for a child");
    CHECK_CHILD(child, status, "the forked child");
    quipu_cursor_close(cursor);
    OK(quipu_builder_append_next(ctx, r, s));
    CHECK(quipu_item_list_count(ctx, r, s) == 4,
          "the sequence does not have four items");
}

/* ------------------------------------------ a child that outlives its parent
 */

enum presence { COMES, IS_THERE, GOES };

struct parent {
    const quipu_schema *schema;
    quipu_bytes s;
    int hold[2];          /* a child lives while the case has hold[1] */
    bool closes;          /* the store; otherwise it appends until it is
                               * killed */
    bool beside;          /* another process has the store open, too */
    atomic_int neighbour; /* enum presence, of that process */
    atomic_size_t stored; /* appends that have returned OK */
};

/* Forks a child that knows nothing of quipu, and lives on. */
static void fork_child(const struct parent *self)
{
    pid_t child = fork();

    CHECK(child >= 0, "cannot fork");
    if (child == 0) {
        char byte;

        (void)!read(self->hold[0], &byte, 1);
        _exit(0);
    }
}

static void append(struct quipu_context *ctx, quipu_records *r,
                   struct parent *self)
{
    OK(quipu_builder_append_next(ctx, r, self->s));
    atomic_fetch_add(&self->stored, 1);
}

static void run_parent(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct parent *self = shared;
    quipu_records *r;

    (void)index;
    close(self->hold[1]);
    r = quipu_context_bind(ctx, quipu_context_datastore(ctx), self->schema);
    append(ctx, r, self);
    fork_child(self);
    do {
        append(ctx, r, self);
    } while (!self->closes);
    quipu_context_close_all(ctx);
}

/* Has the store open while a parent opens and closes it. */
static void run_neighbour(struct quipu_context *ctx, void *shared,
                          unsigned index)
{
    struct parent *self = shared;

    (void)index;
    quipu_context_datastore(ctx);
    atomic_store(&self->neighbour, IS_THERE);
    while (atomic_load(&self->neighbour) == IS_THERE) {
        quipu_context_sleep(100);
    }
}

/* Has a parent fork a child and end, and uses the store beside the child. */
static void outlive(struct quipu_context *ctx, struct parent *self)
{
    const char *options =
        quipu_context_format(ctx, "timeout=%u", TIMEOUT * ctx->patience);
    struct quipu_workers process, neighbour;
    quipu_records *r;
    size_t count;

    self->s = quipu_context_sequence(ctx);
    atomic_store(&self->stored, 0);
    CHECK(pipe(self->hold) == 0, "cannot create a pipe");
    process = quipu_workers_start(ctx, 1, run_parent, self);
    if (self->beside) {
        atomic_store(&self->neighbour, COMES);
        neighbour = quipu_workers_start(ctx, 1, run_neighbour, self);
        quipu_workers_release(&neighbour);
        while (atomic_load(&self->neighbour) == COMES &&
               !quipu_workers_any_ended(&neighbour)) {
            quipu_context_sleep(100);
        }
    }
    quipu_workers_release(&process);
    if (self->closes) {
        quipu_workers_join(&process);
    } else {
        while (atomic_load(&self->stored) < 2 &&
               !quipu_workers_any_ended(&process)) {
            quipu_context_sleep(100);
        }
        quipu_context_sleep(quipu_context_random(ctx, 3000));
        quipu_workers_kill(&process);
        quipu_context_count(ctx, "kills", 1);
    }
    r = quipu_context_bind(ctx, quipu_context_open(ctx, options), self->schema);
    OK(quipu_builder_append_next(ctx, r, self->s));
    count = quipu_item_list_count(ctx, r, self->s);
    CHECK(count > self->stored, "%zu appends were acknowledged, %zu are stored",
          (size_t)self->stored + 1, count);
    quipu_context_close_all(ctx);
    if (self->beside) {
        atomic_store(&self->neighbour, GOES);
        quipu_workers_join(&neighbour);
    }
    close(self->hold[1]);
    close(self->hold[0]);
}

static void outlived(struct quipu_context *ctx)
{
    struct parent *self = quipu_workers_share_memory(sizeof(*self));
    unsigned rounds = quipu_context_scale(ctx, 5, 50, 500);

    self->schema = quipu_context_schema(ctx, 0);
    quipu_context_setup(ctx, self->schema);
    quipu_context_close_all(ctx);
    self->closes = true;
    outlive(ctx, self);
    self->beside = true; /* so that the parent is not the last to close */
    outlive(ctx, self);
    self->closes = false;
    for (unsigned i = 0; i < rounds; i++) {
        self->beside = i % 2 == 1;
        outlive(ctx, self);
    }
}

static const struct quipu_case cases[] = {
    { "contract.child-of-fork-is-refused",
      "Two processes that use one connection would corrupt it.", refused, 0, 0,
      0 },
    { "contract.child-of-fork-keeps-no-lock",
      "A helper that a server started must not lock the store when the server "
      "has ended.",
      outlived, QUIPU_CAN_PERSIST, 0, 0 },
};
QUIPU_FAMILY(forks);
