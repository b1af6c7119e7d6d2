/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs: appends that tell by their content who made them, so that what is left
 * after a failure can be judged.  Pair k of writer w is one item at position k
 * of each of w's two sequences, with ids that follow from w and k, and the
 * tracking record of w at k + 1, if the store keeps such.
 */
#ifndef QUIPU_PAIRED_APPEND_H
#define QUIPU_PAIRED_APPEND_H

#include "builder.h"
#include "item_list.h"

#include <stdatomic.h>

/* Opens the store, sets the schema of pairs up, and binds it; ends the case if
 * that fails. */
quipu_records *quipu_paired_append_open(struct quipu_context *ctx);

/* Makes the batch, with room for two, pair k of a writer, with states of so
 * many bytes, which are the thread's until its next pair. */
void quipu_paired_append_build(struct quipu_context *ctx,
                               struct quipu_builder *b, unsigned writer,
                               int64_t k, int size);
/* The usual size: more than a page, and each fourth time much more. */
int quipu_paired_append_state_size(int64_t k);

/* How many pairs of a writer a read of the last position tells of; -1: the read
 * failed. */
int64_t quipu_paired_append_count(struct quipu_context *ctx,
                                  struct quipu_builder *b, unsigned writer);

/* Checks that the log holds only whole pairs of so many writers, each from its
 * first on, and as they were made.  Gives how many of each. */
void quipu_paired_append_check_log(struct quipu_context *ctx, quipu_records *r,
                                   unsigned writers, int64_t counts[]);

/*
 * What became of a writer's appends, in memory that outlives it.  Its next is
 * number `acknowledged`; it is in doubt if `begun` is above that.
 */
struct quipu_writer_progress {
    _Atomic int64_t begun, acknowledged;
    _Atomic uint64_t doubts, resolved;
    quipu_error refusal; /* the last, by which nothing can be stored */
};

/* Makes the writer's next append, or the last once more if that is in doubt;
 * gives its status, and keeps `fates`. */
int quipu_paired_append_next(struct quipu_context *ctx, struct quipu_builder *b,
                             unsigned writer,
                             struct quipu_writer_progress *fates);

/* Checks that a store holds what so many writers were told, and no more;
 * counts the fates. */
void quipu_paired_append_verify(struct quipu_context *ctx, quipu_records *r,
                                unsigned writers,
                                struct quipu_writer_progress fates[]);

/* Checks that the store lives: a writer's last pair is known again, and the
 * next is taken. */
void quipu_paired_append_continue(struct quipu_context *ctx, quipu_records *r,
                                  unsigned writer, int64_t count);

#endif
