/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paired appends: appends that identify themselves, so that a store can be
 * verified after a crash or a power cut without any other record.
 *
 * Append k of writer w stores one item at position k of each of w's two
 * sequences, and sets w's tracking record to k + 1 if the store keeps such
 * records.  If it keeps key-value entries, the entry of w gets the state of the
 * items as its value.  Sequence ids and event ids follow from w and k, and the
 * state contains k and its own size.  So the log shows which appends of each
 * writer are stored, whether each is whole, and whether one is missing; and any
 * process can repeat an append whose outcome is not known.
 */
#ifndef QUIPU_PAIRED_APPEND_H
#define QUIPU_PAIRED_APPEND_H

#include "builder.h"
#include "item_list.h"

#include <stdatomic.h>

/* Opens the store, sets the schema up and opens its records. */
quipu_records *quipu_paired_append_open(struct quipu_context *ctx);

/* Puts append k of a writer into the builder, which has room for two items,
 * with states of `size` bytes, which the thread's next call overwrites. */
void quipu_paired_append_build(struct quipu_context *ctx,
                               struct quipu_builder *b, unsigned writer,
                               int64_t k, int size);
/* Returns the usual size of the states of append k: more than a page, and much
 * more for one append in four. */
int quipu_paired_append_state_size(int64_t k);

/* Returns the number of a writer's stored appends, by its last position, or -1
 * if that cannot be read.  Overwrites the builder. */
int64_t quipu_paired_append_count(struct quipu_context *ctx,
                                  struct quipu_builder *b, unsigned writer);

/* Checks that the log consists of whole appends of the writers, each writer's
 * from 0 on without gaps; stores their numbers in `counts`. */
void quipu_paired_append_check_log(struct quipu_context *ctx, quipu_records *r,
                                   unsigned writers, int64_t counts[]);

/*
 * Progress of a writer, in memory that outlives it.  Its next append is number
 * `acknowledged`.  That append is in doubt if `begun` is higher: an attempt was
 * made whose outcome is not known.
 */
struct quipu_writer_progress {
    _Atomic int64_t begun, acknowledged;
    _Atomic uint64_t doubts;   /* appends that were in doubt */
    _Atomic uint64_t resolved; /* those of them that are acknowledged */
    quipu_error refusal; /* of the last append that failed without doubt, until
                          * it is verified that nothing of it is stored */
};

/* Makes the writer's next append, or repeats the one that is in doubt; returns
 * its status and updates the progress.  Checks that an append that failed has
 * stored nothing. */
int quipu_paired_append_next(struct quipu_context *ctx, struct quipu_builder *b,
                             unsigned writer,
                             struct quipu_writer_progress *progress);

/* Checks that the store holds all acknowledged appends of the writers and none
 * that was not begun; adds to the counts of the case. */
void quipu_paired_append_verify(struct quipu_context *ctx, quipu_records *r,
                                unsigned writers,
                                struct quipu_writer_progress progress[]);

/* Checks that the store is usable: the writer's last append, number `count` -
 * 1, is detected as a repeat, and the next one is stored. */
void quipu_paired_append_continue(struct quipu_context *ctx, quipu_records *r,
                                  unsigned writer, int64_t count);

#endif
