/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, which are bytes, as text and back to the eye. */
#ifndef PATH_H
#define PATH_H

#include <stddef.h>

/*
 * A path as text: itself, if it is UTF-8 and does not begin with a double
 * quote, else in double quotes with octal escapes, as git writes it.  So every
 * path has one text, and no other path has it.  To be freed; NULL: no memory.
 */
char *path_to_text(const char *path);

/* Any text as UTF-8: what is not becomes question marks. */
void text_repair(char *text);

/* Writes text to standard output, its control characters as escapes. */
void text_print(const char *text);

#endif
