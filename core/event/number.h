/* SPDX-License-Identifier: Apache-2.0 */
/* Integer members of 1, 2, 4 or 8 bytes. */
#ifndef QUIPU_CORE_EVENT_NUMBER_H
#define QUIPU_CORE_EVENT_NUMBER_H

#include <quipu/types.h>

int64_t quipu_int_load(const void *member, size_t size);
uint64_t quipu_uint_load(const void *member, size_t size);

/* False: the member is too small for the number, and as it was. */
bool quipu_int_store(void *member, size_t size, int64_t number);
bool quipu_uint_store(void *member, size_t size, uint64_t number);

#endif
