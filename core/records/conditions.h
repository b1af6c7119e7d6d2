/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validates the conditions of an append: the key-value entries that it writes
 * or checks, and the expected position of its tracking record.
 */
#ifndef QUIPU_CORE_RECORDS_CONDITIONS_H
#define QUIPU_CORE_RECORDS_CONDITIONS_H

#include "records/append.h"
#include "records/validate.h"

/*
 * Validates append->conditions, which is not NULL and was copied by
 * quipu_struct_take.  Adds the bytes of keys and values to *size.  If an entry
 * is invalid, result->cause and result->index tell which.
 *
 * UNSUPPORTED: the store keeps no entries.  INVALID, with a message that names
 * the member.  NO_MEMORY.
 */
int quipu_conditions_validate(const struct quipu_append_call *call,
                              const quipu_append *append, uint64_t *size,
                              quipu_result *result, quipu_error *error);

/* Validates a key of an entry, or with `lowest` 0 a prefix of keys, which may
 * be empty. */
int quipu_conditions_validate_key(quipu_bytes key, size_t lowest,
                                  struct quipu_validate_place place,
                                  const char *member, quipu_error *error);

/* Whether only quipu itself may write an entry of that key. */
bool quipu_conditions_is_own_key(quipu_bytes key);

#endif
