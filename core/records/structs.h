/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the caller's structs that begin with `struct_size`. */
#ifndef QUIPU_CORE_RECORDS_STRUCTS_H
#define QUIPU_CORE_RECORDS_STRUCTS_H

#include <quipu/types.h>

/*
 * Copies *given, which a caller of any age has filled, into the `known` bytes
 * at `local`; what an older caller does not know becomes zero, and
 * local->struct_size becomes `known`.  INVALID, naming `what`: NULL, a size
 * that cannot be meant, or a newer caller's member that is set and would be
 * ignored.
 */
int quipu_struct_take(void *local, uint32_t known, const void *given,
                      const char *what, quipu_error *error);

/*
 * The other way: fills the caller's *given from the `known` bytes at `local`,
 * as far as its struct_size reaches, which is kept; what is beyond `known`
 * becomes zero.  INVALID as above.
 */
int quipu_struct_give(void *given, const void *local, uint32_t known,
                      const char *what, quipu_error *error);

#endif
