/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of a history's lines. */
#include "token.h"

#include <string.h>

bool quipu_history_token_line(const char **text, const char *end,
                              struct quipu_history_token *line)
{
    const char *newline =
        *text < end ? memchr(*text, '\n', (size_t)(end - *text)) : NULL;

    if (!newline) {
        return false;
    }
    *line = (struct quipu_history_token){ *text, newline };
    *text = newline + 1;
    return true;
}

size_t quipu_history_token_length(struct quipu_history_token word)
{
    return (size_t)(word.end - word.at);
}

bool quipu_history_token_next(struct quipu_history_token *line,
                              struct quipu_history_token *word)
{
    while (line->at < line->end && *line->at == ' ') {
        line->at++;
    }
    word->at = line->at;
    while (line->at < line->end && *line->at != ' ') {
        line->at++;
    }
    word->end = line->at;
    return word->at < word->end;
}

bool quipu_history_token_skip(struct quipu_history_token *word,
                              const char *text)
{
    size_t size = strlen(text);

    if (quipu_history_token_length(*word) < size ||
        memcmp(word->at, text, size) != 0) {
        return false;
    }
    word->at += size;
    return true;
}

bool quipu_history_token_until(struct quipu_history_token *word, char origin,
                               struct quipu_history_token *part)
{
    const char *found =
        memchr(word->at, origin, quipu_history_token_length(*word));

    if (!found) {
        return false;
    }
    *part = (struct quipu_history_token){ word->at, found };
    word->at = found + 1;
    return true;
}

bool quipu_history_token_number(struct quipu_history_token *word,
                                int64_t *number)
{
    bool negative = quipu_history_token_skip(word, "-");
    const char *begin = word->at;
    uint64_t value = 0;

    while (word->at < word->end && *word->at >= '0' && *word->at <= '9') {
        value = value * 10 + (uint64_t)(*word->at - '0');
        word->at++;
    }
    if (word->at == begin || word->at - begin > 19 || value > INT64_MAX) {
        return false;
    }
    *number = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

bool quipu_history_token_hex(struct quipu_history_token *word, uint64_t *number)
{
    const char *begin = word->at;

    *number = 0;
    while (word->at < word->end && digit_of(*word->at) >= 0) {
        *number = *number << 4 | (uint64_t)digit_of(*word->at);
        word->at++;
    }
    return word->at > begin && word->at - begin <= 16;
}

bool quipu_history_token_is(struct quipu_history_token word, const char *text)
{
    return quipu_history_token_skip(&word, text) && word.at == word.end;
}
