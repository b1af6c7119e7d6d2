/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns the result of an append into a status and a message.
 *
 * A driver reports why it did not store an append as numbers: a cause, the
 * index of an item or guard, and the last position of the sequence concerned
 * (quipu_result).  It formats no text, because most conflicts are resolved by
 * the program without anyone reading it.  Here the core checks that the numbers
 * are possible, and writes the sentence, such as
 *
 *     items[0]: position 3 of sequence "a" in "stored_events" is not the next
 *     one; its last position is 5
 */
#ifndef QUIPU_CORE_RECORDS_CONFLICT_MESSAGE_H
#define QUIPU_CORE_RECORDS_CONFLICT_MESSAGE_H

#include "datastore/driver_call.h"
#include "records/append.h"

/*
 * Returns the status of the append whose driver call (`call`: APPEND or
 * TRANSACT) succeeded with *result, and sets *error if it is not QUIPU_OK:
 * CONFLICT, ALREADY, or INVALID (the store cannot hold an item).  INTERNAL: the
 * contract does not allow this result for this append.
 */
int quipu_conflict_message_set(const struct quipu_append_call *append_call,
                               const quipu_append *append, enum quipu_call call,
                               const quipu_result *result, quipu_error *error);

#endif
