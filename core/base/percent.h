/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes percent-encoding (RFC 3986, section 2.1): "%41" is "A".
 *
 * '+' stands for itself; it is not a blank.  A decoded text is never longer
 * than its encoding, so all functions can decode in place.  Any thread.
 */
#ifndef QUIPU_CORE_BASE_PERCENT_H
#define QUIPU_CORE_BASE_PERCENT_H

#include <quipu/types.h>

/*
 * Decodes `size` bytes of `text` into `decoded`, which has room for `size` + 1
 * bytes and may be `text` itself, and appends a NUL.
 *
 * Returns NULL on success.  Otherwise returns a static description of the
 * fault, to be put after "has " or "contains ": a '%' without two hexadecimal
 * digits, "%00" (text cannot contain NUL), or a result that is not UTF-8.
 * `decoded` is then undefined.
 */
const char *quipu_percent_decode(char *decoded, const char *text, size_t size);

/* Decodes the same way, but the result need not be UTF-8. */
const char *quipu_percent_decode_bytes(char *decoded, const char *text,
                                       size_t size);

/*
 * Decodes the same way, but never fails: a malformed encoding and "%00" are
 * copied unchanged, and the result need not be UTF-8.  For text that is only
 * searched, as by quipu_uri_redact.
 */
void quipu_percent_decode_leniently(char *decoded, const char *text,
                                    size_t size);

#endif
