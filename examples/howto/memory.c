/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the allocator of quipu.  Prints:
 *
 *     ann, bob, eve
 */
#include "howto.h"

#include <stdio.h>
#include <string.h>

/* A text that grows; its memory counts among that of quipu. */
struct text {
    char *bytes;
    size_t size;
};

static int add(struct text *text, const char *more, quipu_error *error)
{
    const size_t size = strlen(more);
    char *grown = quipu_reallocate(text->bytes, text->size + size + 1);

    if (!grown) { /* text->bytes is as before */
        return quipu_error_set(error, QUIPU_NO_MEMORY, "no memory for a text");
    }
    (void)memcpy(grown + text->size, more, size + 1);
    text->bytes = grown;
    text->size += size;
    return QUIPU_OK;
}

int memory_show(struct bank *bank, quipu_error *error)
{
    struct text text = { .bytes = quipu_allocate(1), .size = 0 };

    (void)bank;
    int status = text.bytes ? add(&text, "ann", error)
                            : quipu_error_set(error, QUIPU_NO_MEMORY, "none");

    if (status == QUIPU_OK) {
        status = add(&text, ", bob, eve", error);
    }
    if (status == QUIPU_OK) {
        printf("%s\n", text.bytes);
    }
    quipu_release(text.bytes);
    return status;
}
