/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives in a file when a disk does as it likes; see replay.h. */
#ifndef QUIPU_PLATTER_H
#define QUIPU_PLATTER_H

#include "journal.h"

/* A number below n > 0; the state may begin as any number. */
uint64_t quipu_chance(uint64_t *state, uint64_t n);

/* Copies a whole file; holes stay holes. */
void quipu_platter_copy(int from, int to);

/* Does a write or a truncation to a file. */
void quipu_platter_apply(int copy, const struct journal_record *change);
/* The same as chance will have it; a store arrives always. */
void quipu_platter_apply_by_chance(uint64_t *chance, int copy,
                                   const struct journal_record *change);

/* Lets sectors of one file arrive in another. */
void quipu_platter_mix(uint64_t *chance, int copy, int disk);

#endif
