/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a line: scanning without copying. */
#ifndef QUIPU_SCAN_H
#define QUIPU_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quipu_scan {
    const char *at, *end;
};

/* The line at *text, without its \n; *text goes on to the next.  False: no
 * whole line is left (the last one of a killed session may be cut). */
bool quipu_scan_line(const char **text, const char *end,
                     struct quipu_scan *line);

/* The next word, up to a space; false at the end. */
bool quipu_scan_next(struct quipu_scan *line, struct quipu_scan *word);

/* Takes `text` from the word's beginning, if it is there. */
bool quipu_scan_take(struct quipu_scan *word, const char *text);

/* Takes all up to the character, and the character. */
bool quipu_scan_until(struct quipu_scan *word, char mark,
                      struct quipu_scan *part);

/* Takes a number that begins the word. */
bool quipu_scan_number(struct quipu_scan *word, int64_t *number);
bool quipu_scan_hex(struct quipu_scan *word, uint64_t *number);

/* Whether the word is just this text. */
bool quipu_scan_is(struct quipu_scan word, const char *text);
size_t quipu_scan_length(struct quipu_scan word);

#endif
