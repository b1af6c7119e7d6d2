/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, and text that a terminal can be trusted with. */
#ifndef QUIPU_TOOLS_TEXT_H
#define QUIPU_TOOLS_TEXT_H

#include <quipu/quipu.h>

/* Memory for the command itself, zeroed; ends the program when there is none.
 */
void *quipu_tool_allocate(size_t count, size_t size);
void *quipu_tool_resize(void *memory, size_t count, size_t size);
char *quipu_tool_text_copy(const char *text);

/* Zero-initialise it; `data` is NUL-terminated, or NULL while empty. */
struct text {
    char *data;
    size_t size;
    size_t capacity;
};

void quipu_tool_text_add(struct text *text, const void *data, size_t size);
void quipu_tool_text_print(struct text *text, const char *format, ...)
    QUIPU_PRINTF(2, 3);
void quipu_tool_text_clear(struct text *text);
void quipu_tool_text_free(struct text *text);
/* Its content, "" while it is empty. */
const char *quipu_tool_text(const struct text *text);

void quipu_tool_text_hex(struct text *text, const void *data, size_t size);

/*
 * Adds text from a store so that it cannot drive a terminal: control
 * characters, those that reorder a line, and bytes that are not UTF-8 become
 * escapes (\n, \u202e, \xff).
 */
void quipu_tool_text_safe(struct text *text, const void *data, size_t size);

/* The same for JSON, which has escaped the C0 controls already and in which
 * any other character may be written as \uXXXX. */
void quipu_tool_text_safe_json(struct text *text, const char *json);

/* Terminal columns that safe text takes. */
size_t quipu_tool_text_width(const char *text);

/* The number of bytes at the beginning that take at most so many columns. */
size_t quipu_tool_text_fit(const char *text, size_t columns);

/* One character of UTF-8 at `data`, which holds `size` > 0 bytes: its length,
 * or 0 if the bytes are not UTF-8. */
size_t quipu_tool_character(const void *data, size_t size, uint32_t *character);

#endif
