/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of all cases, in the order in which they run.
 *
 * The order is that of quipu_families, which begins with single appends and
 * ends with power cuts: the first failure of a broken driver should be one that
 * is easy to understand.  A case of a family of races stands there twice: as
 * `X`, and behind it as `X-without-queue`.
 *
 * The list is built at the first call and lives until the process ends.
 */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>

#define UNGROUPED_SUFFIX "-without-queue"

struct entry {
    struct quipu_case case_;
    const char *family;
    bool ungrouped;
};

static struct entry *entries;
static size_t count;

/* Returns a new string, which lives until the process ends. */
static const char *concatenate(const char *first, const char *second)
{
    char *text;

    CHECK(asprintf(&text, "%s%s", first, second) > 0,
          "out of memory for the list of cases");
    return text;
}

static void add(const struct quipu_family *family, const struct quipu_case *c)
{
    entries[count++] = (struct entry){ *c, family->name, false };
    if (family->races) {
        struct entry *ungrouped = &entries[count++];

        *ungrouped = (struct entry){ *c, family->name, true };
        ungrouped->case_.id = concatenate(c->id, UNGROUPED_SUFFIX);
        ungrouped->case_.why = concatenate(
            c->why, "  Here the threads call the driver at the same time.");
    }
}

static void build_list(void)
{
    size_t room = 0;

    for (size_t i = 0; quipu_families[i]; i++) {
        room += 2 * quipu_families[i]->count;
    }
    entries = calloc(room + 1, sizeof(*entries));
    CHECK(entries, "out of memory for the list of cases");
    for (size_t i = 0; quipu_families[i]; i++) {
        for (size_t k = 0; k < quipu_families[i]->count; k++) {
            add(quipu_families[i], &quipu_families[i]->cases[k]);
        }
    }
}

const struct quipu_case *quipu_case_at(size_t index)
{
    if (!entries) {
        build_list();
    }
    return index < count ? &entries[index].case_ : NULL;
}

static const struct entry *entry_of(const struct quipu_case *case_)
{
    size_t i = 0;

    while (quipu_case_at(i) != case_) {
        i++;
    }
    return &entries[i];
}

const char *quipu_case_family(const struct quipu_case *case_)
{
    return entry_of(case_)->family;
}

bool quipu_case_is_ungrouped(const struct quipu_case *case_)
{
    return entry_of(case_)->ungrouped;
}
