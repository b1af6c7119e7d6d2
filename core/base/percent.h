/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding (RFC 3986, section 2.1). */
#ifndef QUIPU_CORE_BASE_PERCENT_H
#define QUIPU_CORE_BASE_PERCENT_H

#include <quipu/types.h>

/*
 * Decodes `size` bytes into `decoded`, which has room for as many and a NUL,
 * and may be the text itself.  Returns NULL, or what is wrong with the text,
 * to be said after "has " or "contains ": a bad encoding, %00, or no UTF-8.
 */
const char *quipu_percent_decode(char *decoded, const char *text, size_t size);

/* The same for any text: what is no encoding, or is %00, stays as it is. */
void quipu_percent_decode_leniently(char *decoded, const char *text,
                                    size_t size);

#endif
