/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a line: scanning without copying. */
#ifndef QUIPU_WORDS_H
#define QUIPU_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quipu_words {
    const char *at, *end;
};

/* The line at *text, without its \n; *text goes on to the next.  False: no
 * whole line is left (the last one of a killed session may be cut). */
bool quipu_words_line(const char **text, const char *end,
                      struct quipu_words *line);

/* The next word, up to a space; false at the end. */
bool quipu_words_next(struct quipu_words *line, struct quipu_words *word);

/* Takes `text` from the word's beginning, if it is there. */
bool quipu_words_take(struct quipu_words *word, const char *text);

/* Takes all up to the character, and the character. */
bool quipu_words_until(struct quipu_words *word, char mark,
                       struct quipu_words *part);

/* Takes a number that begins the word. */
bool quipu_words_number(struct quipu_words *word, int64_t *number);
bool quipu_words_hex(struct quipu_words *word, uint64_t *number);

/* Whether the word is just this text. */
bool quipu_words_is(struct quipu_words word, const char *text);
size_t quipu_words_length(struct quipu_words word);

#endif
