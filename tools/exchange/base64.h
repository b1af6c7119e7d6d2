/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 as in RFC 4648, section 4: the standard alphabet, with padding.
 *
 * The decoder is strict.  It accepts exactly one text for each sequence of
 * bytes: white space, missing padding and unused bits that are set are errors.
 * An export that is imported and exported again is therefore the same text.
 */
#ifndef QUIPU_TOOLS_BASE64_H
#define QUIPU_TOOLS_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the number of characters of encoded bytes, with padding and without a
 * NUL. */
size_t base64_size(size_t bytes);

/* Encodes `size` bytes.  Writes base64_size(size) characters to `text`, without
 * a NUL. */
void base64_encode(const void *data, size_t size, char *text);

/*
 * Decodes `size` characters to `data`, which has room for size / 4 * 3 bytes,
 * and sets *decoded to the number of bytes.  Returns false if the text is not
 * base64, or not in the one form that base64_encode writes.
 */
bool base64_decode(const char *text, size_t size, void *data, size_t *decoded);

#endif
