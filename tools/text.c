/* SPDX-License-Identifier: Apache-2.0 */
/* A growing text, its parts made safe for terminals. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
    if (!memory) {
        fputs("quipu: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void *quipu_tool_allocate(size_t count, size_t size)
{
    return need(calloc(count == 0 ? 1 : count, size));
}

void *quipu_tool_resize(void *memory, size_t count, size_t size)
{
    return need(reallocarray(memory, count, size));
}

char *quipu_tool_text_copy(const char *text)
{
    return need(strdup(text));
}

static void reserve(struct text *text, size_t more)
{
    size_t capacity = text->capacity == 0 ? 64 : text->capacity;

    while (capacity - text->size <= more) {
        capacity *= 2;
    }
    if (capacity > text->capacity) {
        text->data = quipu_tool_resize(text->data, capacity, 1);
        text->capacity = capacity;
    }
}

void quipu_tool_text_add(struct text *text, const void *data, size_t size)
{
    reserve(text, size);
    if (size > 0) {
        memcpy(text->data + text->size, data, size);
    }
    text->size += size;
    text->data[text->size] = '\0';
}

void quipu_tool_text_print(struct text *text, const char *format, ...)
{
    va_list arguments;
    char *made = NULL;
    int size;

    va_start(arguments, format);
    size = vasprintf(&made, format, arguments);
    va_end(arguments);
    if (size < 0) {
        need(NULL);
    }
    quipu_tool_text_add(text, made, (size_t)size);
    free(made);
}

void quipu_tool_text_clear(struct text *text)
{
    text->size = 0;
    if (text->data) {
        text->data[0] = '\0';
    }
}

void quipu_tool_text_free(struct text *text)
{
    free(text->data);
    memset(text, 0, sizeof(*text));
}

const char *quipu_tool_text(const struct text *text)
{
    return !text->data ? "" : text->data;
}

void quipu_tool_text_hex(struct text *text, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    reserve(text, size * 2);
    for (size_t i = 0; i < size; i++) {
        text->data[text->size++] = digits[bytes[i] >> 4];
        text->data[text->size++] = digits[bytes[i] & 15];
    }
    text->data[text->size] = '\0';
}
