/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validates UTF-8 (RFC 3629), and cuts it between characters.
 *
 * In quipu, text is UTF-8 without NUL, because drivers and language bindings
 * pass it on as C strings.  Overlong forms, surrogates (U+D800 to U+DFFF) and
 * code points above U+10FFFF are not UTF-8.
 *
 * The validation runs over every topic, text id and text column that is
 * appended, and takes eight bytes at a time where they are ASCII.  Any thread.
 */
#ifndef QUIPU_CORE_BASE_UTF8_H
#define QUIPU_CORE_BASE_UTF8_H

#include <quipu/types.h>

/* Returns true if the bytes are UTF-8 and contain no NUL.  Empty and absent
 * bytes are valid.  Reads each byte once, and stops at the first that is no
 * part of a character. */
bool quipu_utf8_valid(quipu_bytes text);

/*
 * Finds the place at which text that is too long for a message can be cut.
 * Returns the largest size of at most `room` bytes to which `text`, of `size`
 * bytes, can be cut without splitting a character; `size` itself if it fits.
 * Text that is not UTF-8 is cut at `room`.
 */
size_t quipu_utf8_cut(const char *text, size_t size, size_t room);

/* Copies `size` bytes to `to`, which has `room` bytes, at least 1, and ends
 * with a NUL. A byte that is no part of a character becomes "\xFF", so that the
 * result is UTF-8. The end is left out if there is no room for it. */
void quipu_utf8_escape(char *to, size_t room, const char *text, size_t size);

#endif
