/* SPDX-License-Identifier: Apache-2.0 */
/* How much room an array member has, which no member tells. */
#ifndef QUIPU_CORE_EVENT_CAPACITY_H
#define QUIPU_CORE_EVENT_CAPACITY_H

#include <stddef.h>
#include <stdint.h>

/* The elements that an array of `count` has room for, at least: the power of
 * two that is not below the count; SIZE_MAX if there is none. */
static inline size_t quipu_array_capacity(size_t count)
{
    size_t capacity = count > 0;

    while (capacity < count) {
        if (capacity > SIZE_MAX / 2) {
            return SIZE_MAX;
        }
        capacity *= 2;
    }
    return capacity;
}

#endif
