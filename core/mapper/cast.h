/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Casts: functions of the program that change the state of an earlier version
 * of an event type.
 *
 * They run over one tree (rewrite_tree.h): the members are read into it once,
 * each cast in its turn changes it, and the result is encoded once, for the
 * field table to be applied to.  A failure is reported with the item and the
 * version, which the function does not know.
 *
 * The tree lives in the arena of the decoder.
 */
#ifndef QUIPU_CORE_MAPPER_CAST_H
#define QUIPU_CORE_MAPPER_CAST_H

#include "encoding/decoder.h"
#include "event/traits.h"

/*
 * Runs the casts of `traits`, from that of `version` on, over the map that is
 * left to the decoder, which then reads their result; nothing happens if
 * `version` is that of the traits.  The decoder has an item and an arena.
 *
 * UNSUPPORTED: the version is above that of the traits; the message names both.
 * CORRUPT: the state is not a map, or a cast has failed; the message names the
 * item, and the version.  NO_MEMORY; UNSUPPORTED: a cast has returned it.
 */
int quipu_cast_run(quipu_decoder *decoder, const quipu_event_traits *traits,
                   uint32_t version);

#endif
