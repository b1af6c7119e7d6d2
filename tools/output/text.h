/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that is built piece by piece, and escaping of text from a store.
 *
 * Text from a store is printed only after escaping: a control character would
 * let the content of an event drive the user's terminal.
 */
#ifndef QUIPU_TOOLS_TEXT_H
#define QUIPU_TOOLS_TEXT_H

#include <quipu/quipu.h>

/* A growing string; initialise it with zeros, release it with text_free. */
struct text {
    char *data; /* NUL-terminated, or NULL while nothing was added */
    size_t size;
    size_t capacity;
};

/* Appends bytes. */
void text_add(struct text *text, const void *data, size_t size);
/* Appends formatted output. */
void text_print(struct text *text, const char *format, ...) QUIPU_PRINTF(2, 3);
/* Appends lower-case hexadecimal digits, two for each byte. */
void text_add_hex(struct text *text, const void *data, size_t size);
/* Appends a sequence id: a UUID in its usual form, or the escaped text. */
void text_add_id(struct text *text, const quipu_schema *schema, quipu_bytes id);
/* Appends a span in its largest unit of which there are at least two: "90 s",
 * "2 h"; whole seconds below a minute. */
void text_add_span(struct text *text, int64_t microseconds);
/* Empties the text and keeps its memory. */
void text_clear(struct text *text);
void text_free(struct text *text);
/* Returns the content, "" while there is none; valid until the next change. */
const char *text_content(const struct text *text);

/*
 * Appends text from a store.  Control characters, characters that change the
 * direction of writing, and bytes that are not UTF-8 are replaced by escapes:
 * \n, \u202e, \xff.
 */
void text_add_escaped(struct text *text, const void *data, size_t size);

/* The same for JSON from a JSON writer, which has escaped the C0 controls; the
 * remaining characters are written as \uXXXX, so that the JSON stays valid. */
void text_add_escaped_json(struct text *text, const char *json);

/* Returns the number of terminal columns that escaped text takes. */
size_t text_width(const char *text);

/* Returns the number of leading bytes that fit into `columns` columns. */
size_t text_fit(const char *text, size_t columns);

#endif
