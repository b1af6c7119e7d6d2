/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes the caller's structs that begin with `struct_size`.
 *
 * Such a struct grows at its end from release to release.  A program may have
 * been compiled against an older header, in which the struct is shorter, or
 * against a newer one, in which it is longer; `struct_size`, which the program
 * sets, gives its size.  The core therefore never reads the caller's struct
 * member by member: it copies what both sides know into a struct of its own
 * size, and works on that copy.
 *
 * All functions may be called from any thread and allocate nothing.
 */
#ifndef QUIPU_CORE_BASE_STRUCTS_H
#define QUIPU_CORE_BASE_STRUCTS_H

#include <quipu/types.h>

/*
 * Copies the caller's struct *given into the `known` bytes at `local`.
 * Members that an older caller does not know become zero, and
 * local->struct_size becomes `known`.  Pointers inside the struct are copied,
 * not what they point to.
 *
 * INVALID, with a message that calls the struct `name`: `given` is NULL; its
 * struct_size is implausible (below two 32-bit words, above 4096 bytes, or no
 * multiple of a pointer's size); or a newer caller set a member that this
 * version does not know and would ignore.
 */
int quipu_struct_take(void *local, uint32_t known, const void *given,
                      const char *name, quipu_error *error);

/*
 * The opposite direction: fills the caller's *given from the `known` bytes at
 * `local` as far as given->struct_size reaches.  struct_size keeps its value;
 * members that lie beyond `known` become zero.  INVALID: `given` is NULL or its
 * struct_size is implausible, as above.
 */
int quipu_struct_give(void *given, const void *local, uint32_t known,
                      const char *name, quipu_error *error);

#endif
