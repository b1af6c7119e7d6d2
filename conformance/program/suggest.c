/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suggestions for a mistyped case id, by a weighted edit distance.
 *
 * Ids are long and often abbreviated, so a letter that is left out costs
 * little, and a letter that the id does not have costs more.  An id that
 * contains the text is more similar than any other.
 */
#include "program.h"

#include "cases/case.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 127 /* letters that are compared */
#define WRONG 3     /* the cost of a letter that the id does not have there */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t d = a < b ? a : b;

    return d < c ? d : c;
}

/* The cost of turning the text `a` into the id `b`, ignoring case. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1], length = strnlen(b, LONGEST);

    for (size_t k = 0; k <= length; k++) {
        row[k] = k;
    }
    for (size_t i = 0; i < LONGEST && a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = (i + 1) * WRONG;
        for (size_t k = 1; k <= length; k++) {
            bool same = tolower((unsigned char)a[i]) ==
                        tolower((unsigned char)b[k - 1]);
            size_t now = least(row[k] + WRONG, row[k - 1] + 1,
                               diagonal + (same ? 0 : WRONG));

            diagonal = row[k];
            row[k] = now;
        }
    }
    return row[length];
}

static size_t dissimilarity(const char *text, const char *id)
{
    return strcasestr(id, text) ? 0 : distance(text, id);
}

size_t quipu_suggest(const char *text,
                     const char *ids[static QUIPU_SUGGESTIONS])
{
    const struct quipu_case *case_;
    size_t costs[QUIPU_SUGGESTIONS], count = 0;

    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        size_t cost = dissimilarity(text, case_->id), k = count;

        if (k == QUIPU_SUGGESTIONS && costs[k - 1] <= cost) {
            continue;
        }
        count += count < QUIPU_SUGGESTIONS;
        for (k = count - 1; k > 0 && costs[k - 1] > cost; k--) {
            costs[k] = costs[k - 1];
            ids[k] = ids[k - 1];
        }
        costs[k] = cost;
        ids[k] = case_->id;
    }
    return count;
}
