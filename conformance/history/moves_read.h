/* SPDX-License-Identifier: Apache-2.0 */
/* The moves that read. */
#ifndef QUIPU_MOVES_READ_H
#define QUIPU_MOVES_READ_H

#include "actor.h"

void quipu_moves_read(struct quipu_actor *a);
void quipu_moves_pair(struct quipu_actor *a);
void quipu_moves_last(struct quipu_actor *a);
void quipu_moves_head(struct quipu_actor *a);
void quipu_moves_log(struct quipu_actor *a);
void quipu_moves_tail(struct quipu_actor *a);
void quipu_moves_track(struct quipu_actor *a);

#endif
