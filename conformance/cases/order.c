/* SPDX-License-Identifier: Apache-2.0 */
/* The order of all cases.  What races comes twice: with the core's commit queue
 * between it and the driver, and without. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

#define WITHOUT "-without-queue"

struct place {
    struct quipu_case case_;
    const char *family;
    bool alone;
};

static struct place *places;
static size_t count;

static const char *text_of(const char *first, const char *second)
{
    char *text;

    CHECK(asprintf(&text, "%s%s", first, second) > 0, "no memory for a case");
    return text;
}

static void add(const struct quipu_family *family, const struct quipu_case *c)
{
    places[count++] = (struct place){ *c, family->name, false };
    if (family->races) {
        struct place *twin = &places[count++];

        *twin = (struct place){ *c, family->name, true };
        twin->case_.id = text_of(c->id, WITHOUT);
        twin->case_.why =
            text_of(c->why, "  Here the driver is called by all at once.");
    }
}

/* Once; it stays. */
static void arrange(void)
{
    size_t most = 0;

    for (size_t i = 0; quipu_families[i]; i++) {
        most += 2 * quipu_families[i]->count;
    }
    places = calloc(most + 1, sizeof(*places));
    CHECK(places, "no memory for the cases");
    for (size_t i = 0; quipu_families[i]; i++) {
        for (size_t k = 0; k < quipu_families[i]->count; k++) {
            add(quipu_families[i], &quipu_families[i]->cases[k]);
        }
    }
}

const struct quipu_case *quipu_case_at(size_t index)
{
    if (!places) {
        arrange();
    }
    return index < count ? &places[index].case_ : NULL;
}

static const struct place *place_of(const struct quipu_case *case_)
{
    size_t i = 0;

    while (quipu_case_at(i) != case_) {
        i++;
    }
    return &places[i];
}

const char *quipu_case_family(const struct quipu_case *case_)
{
    return place_of(case_)->family;
}

bool quipu_case_alone(const struct quipu_case *case_)
{
    return place_of(case_)->alone;
}
