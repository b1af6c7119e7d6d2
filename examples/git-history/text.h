/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from git as text.
 *
 * Paths and names in git are bytes in no particular encoding, while a text of
 * an event is UTF-8.  Paths must be recovered exactly and are quoted; authors
 * are only shown, so invalid bytes in them are replaced.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

/*
 * Returns a path as text: the path itself if it is UTF-8 and does not begin
 * with a double quote; otherwise in double quotes with octal escapes, as git
 * writes it.  Each path has one text, and different paths have different texts.
 * The caller frees it; NULL: no memory.
 */
char *text_of_path(const char *path);

/* Makes any bytes UTF-8: if they are not, replaces each byte above 127 by a
 * question mark. */
void text_repair(char *text);

/* Writes text to standard output, with control characters as octal escapes, so
 * that a path cannot control the terminal. */
void text_print(const char *text);

#endif
