/* SPDX-License-Identifier: Apache-2.0 */
/* A buffer that grows, into which msgpack-c packs. */
#ifndef QUIPU_CORE_MAPPER_BUFFER_H
#define QUIPU_CORE_MAPPER_BUFFER_H

#include <quipu/types.h>

/* Zeroed it is ready for use. */
typedef struct quipu_buffer {
    char *data;
    size_t size;
    size_t capacity;
    bool failed; /* there was no memory: what was written since is lost */
} quipu_buffer;

void quipu_buffer_finish(quipu_buffer *buffer);

/* Makes it empty; keeps the memory, unless that is unusually much. */
void quipu_buffer_clear(quipu_buffer *buffer);

/* Appends bytes to the quipu_buffer that `buffer` points to; a
 * msgpack_packer_write.  -1 when there is no memory. */
int quipu_buffer_write(void *opaque, const char *data, size_t size);

#endif
