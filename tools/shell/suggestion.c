/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions for mistyped words, by their edit distance. */
#include "suggestion.h"

#include <string.h>

#define LETTERS_MAX 31

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The distance of two words of at most LETTERS_MAX letters. */
static size_t distance(const char *a, const char *b)
{
    const size_t width = strlen(b);
    size_t rows[LETTERS_MAX + 1][LETTERS_MAX + 1];

    for (size_t k = 0; k <= width; k++) {
        rows[0][k] = k;
    }
    for (size_t i = 1; i <= strlen(a); i++) {
        rows[i][0] = i;
        for (size_t k = 1; k <= width; k++) {
            const size_t differs = a[i - 1] != b[k - 1];

            rows[i][k] = least(least(rows[i - 1][k], rows[i][k - 1]) + 1,
                               rows[i - 1][k - 1] + differs);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
                a[i - 2] == b[k - 1]) {
                rows[i][k] = least(rows[i][k], rows[i - 2][k - 2] + 1);
            }
        }
    }
    return rows[strlen(a)][width];
}

const char *suggestion_find(const char *word, const char *const *names,
                            size_t count)
{
    const char *nearest = NULL;
    size_t best = LETTERS_MAX;

    if (strlen(word) > LETTERS_MAX || word[0] == '\0') {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t letters = strlen(names[i]);
        size_t cost = LETTERS_MAX;

        if (strncmp(names[i], word, strlen(word)) == 0) {
            cost = 0;
        } else if (letters <= LETTERS_MAX) {
            cost = distance(word, names[i]);
        }
        if (cost <= (letters + 2) / 3 && cost < best) {
            best = cost;
            nearest = names[i];
        }
    }
    return nearest;
}
