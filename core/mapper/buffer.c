/* SPDX-License-Identifier: Apache-2.0 */
/* A buffer that grows. */
#include <string.h>

#include <quipu/memory.h>

#include "mapper/buffer.h"

#define CAPACITY_MIN ((size_t)512)
#define CAPACITY_KEPT ((size_t)1 << 20)

void quipu_buffer_finish(quipu_buffer *buffer)
{
    quipu_release(buffer->data);
    *buffer = (quipu_buffer){ 0 };
}

void quipu_buffer_clear(quipu_buffer *buffer)
{
    if (buffer->capacity > CAPACITY_KEPT) {
        quipu_buffer_finish(buffer);
    }
    buffer->size = 0;
    buffer->failed = false;
}

static bool grow(quipu_buffer *buffer, size_t size)
{
    size_t capacity = buffer->capacity ? buffer->capacity : CAPACITY_MIN;
    char *grown;

    if (size > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4) {
        return false;
    }
    while (capacity < buffer->size + size) {
        capacity *= 2;
    }
    grown = quipu_reallocate(buffer->data, capacity);
    if (!grown) {
        return false;
    }
    buffer->data = grown;
    buffer->capacity = capacity;
    return true;
}

int quipu_buffer_write(void *opaque, const char *data, size_t size)
{
    quipu_buffer *buffer = opaque;

    if (buffer->capacity - buffer->size < size && !grow(buffer, size)) {
        buffer->failed = true;
        return -1;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return 0;
}
