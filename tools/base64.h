/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 as in RFC 4648, section 4. */
#ifndef QUIPU_TOOLS_BASE64_H
#define QUIPU_TOOLS_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Characters that so many bytes become, with padding, without a NUL. */
size_t quipu_tool_base64_size(size_t bytes);
void quipu_tool_base64_encode(const void *data, size_t size, char *text);

/*
 * Decodes to `data`, which has room for size / 4 * 3 bytes.  False: it is not
 * the one text that these bytes become; nothing is skipped or made good.
 */
bool quipu_tool_base64_decode(const char *text, size_t size, void *data,
                              size_t *decoded);

#endif
