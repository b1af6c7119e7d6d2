/* SPDX-License-Identifier: Apache-2.0 */
/* Setting the members of an aggregate, which own what they point to. */
#include <string.h>

#include <quipu/aggregate.h>
#include <quipu/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "event/access.h"
#include "event/capacity.h"

int quipu_text_set(char **member, const char *value, quipu_error *error)
{
    char *copy = NULL;

    if (value) {
        copy = quipu_text_copy(value);
        if (!copy) {
            return quipu_error_no_memory(error);
        }
    }
    quipu_release(*member); /* only now: `value` may be the member itself */
    *member = copy;
    return QUIPU_OK;
}

int quipu_bytes_set(quipu_bytes *member, quipu_bytes value, quipu_error *error)
{
    quipu_bytes copy = { NULL, 0 };

    if (value.data) {
        copy.data = quipu_text_copy_bytes(value.data, value.size);
        copy.size = value.size;
        if (!copy.data) {
            return quipu_error_no_memory(error);
        }
    }
    quipu_release(quipu_pointer_load(&member->data));
    *member = copy;
    return QUIPU_OK;
}

/* Makes room for one more than a full array has. */
static int grow(void **member, size_t count, size_t size, quipu_error *error)
{
    size_t capacity = quipu_array_capacity(count + 1);
    void *grown;

    if (count == SIZE_MAX || capacity > SIZE_MAX / size) {
        return quipu_error_no_memory(error);
    }
    grown = quipu_reallocate(*member, capacity * size);
    if (!grown) {
        return quipu_error_no_memory(error);
    }
    *member = grown;
    return QUIPU_OK;
}

void *quipu_array_add(void **member, size_t *count, size_t size,
                      quipu_error *error)
{
    char *element;

    if (quipu_array_capacity(*count) == *count &&
        grow(member, *count, size, error) != QUIPU_OK) {
        return NULL;
    }
    element = (char *)*member + *count * size;
    memset(element, 0, size);
    ++*count;
    return element;
}
