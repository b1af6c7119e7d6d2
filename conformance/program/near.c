/* SPDX-License-Identifier: Apache-2.0 */
/* Which ids somebody may have meant. */
#include "near.h"

#include "cases/case.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 127

#define WRONG 3 /* a letter that the id does not have there */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t d = a < b ? a : b;

    return d < c ? d : c;
}

/* How much must be done to the text `a` to have `b`: ids are long, so what was
 * left out costs little.  Case does not count; of texts that are too long only
 * the beginning is looked at. */
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

/* A part of an id is nearer than anything that is merely like it. */
static size_t farness(const char *text, const char *id)
{
    return strcasestr(id, text) ? 0 : distance(text, id);
}

size_t quipu_near(const char *text, const char *near[static QUIPU_NEAR])
{
    const struct quipu_case *case_;
    size_t far[QUIPU_NEAR], count = 0;

    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        size_t now = farness(text, case_->id), k = count;

        if (k == QUIPU_NEAR && far[k - 1] <= now) {
            continue;
        }
        count += count < QUIPU_NEAR;
        for (k = count - 1; k > 0 && far[k - 1] > now; k--) {
            far[k] = far[k - 1];
            near[k] = near[k - 1];
        }
        far[k] = now;
        near[k] = case_->id;
    }
    return count;
}
