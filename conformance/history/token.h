/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of a history's lines: ranges of the mapped file, scanned without
 * copying.  The functions that consume a prefix advance `at`.
 */
#ifndef QUIPU_HISTORY_TOKEN_H
#define QUIPU_HISTORY_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quipu_history_token {
    const char *at, *end;
};

/* Takes the line at *text, without its \n, and advances *text past it.
 * Returns false if no whole line is left: the last line of a session that was
 * killed may be incomplete. */
bool quipu_history_token_line(const char **text, const char *end,
                              struct quipu_history_token *line);

/* Takes the next word, which ends at a space; false at the end of the line. */
bool quipu_history_token_next(struct quipu_history_token *line,
                              struct quipu_history_token *word);

/* Consumes `text` if the word begins with it; returns true if it did. */
bool quipu_history_token_skip(struct quipu_history_token *word,
                              const char *text);

/* Consumes everything up to and including the character `stop`; `part` is the
 * text before it.  Returns false if the word does not contain it. */
bool quipu_history_token_until(struct quipu_history_token *word, char stop,
                               struct quipu_history_token *part);

/* Consumes a decimal (hexadecimal) number; false if the word does not begin
 * with one. */
bool quipu_history_token_number(struct quipu_history_token *word,
                                int64_t *number);
bool quipu_history_token_hex(struct quipu_history_token *word,
                             uint64_t *number);

/* Returns true if the word is exactly `text`. */
bool quipu_history_token_is(struct quipu_history_token word, const char *text);
size_t quipu_history_token_length(struct quipu_history_token word);

#endif
