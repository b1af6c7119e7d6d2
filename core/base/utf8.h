/* SPDX-License-Identifier: Apache-2.0 */
/* The check that text is UTF-8. */
#ifndef QUIPU_CORE_BASE_UTF8_H
#define QUIPU_CORE_BASE_UTF8_H

#include <quipu/types.h>

/* Whether the bytes are UTF-8 as RFC 3629 has it (nothing overlong, no
 * surrogate, nothing above U+10FFFF) and contain no NUL.  Empty and absent
 * bytes are. */
bool quipu_utf8_valid(quipu_bytes text);

/* The largest size, at most `room`, to which `text` of `size` bytes can be cut
 * without splitting a character. */
size_t quipu_utf8_cut(const char *text, size_t size, size_t room);

#endif
