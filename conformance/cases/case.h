/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a conformance case is.  A case knows nothing but a URI and the public
 * headers.  It runs in a process of its own and ends it when a check fails, so
 * it needs no clean-up and may check in any thread.
 */
#ifndef QUIPU_CASE_H
#define QUIPU_CASE_H

#include "context/assertion.h"
#include "context/builder.h"
#include "context/context.h"
#include "context/item_list.h"
#include "context/workers.h"

#include <quipu/quipu.h>

struct quipu_case {
    const char *id;  /* "U1.race-at-one-position": the guarantee, the case */
    const char *why; /* one sentence: what it would mean to fail */
    void (*run)(struct quipu_context *ctx);
    uint32_t needs; /* enum quipu_capability, and enum quipu_trait */
    uint32_t lacks; /* the same: to be run where these are absent */
    unsigned limit; /* seconds until it counts as hanging; 0: the usual ones */
};

struct quipu_family {
    const char *name; /* of its file, too */
    const struct quipu_case *cases;
    size_t count;
    bool races; /* each case is run with the commit queue, and without */
};

#define QUIPU_FAMILY(name) QUIPU_FAMILY_AS(name, false)
/* Cases in which many append at once, through whatever quipu_context_open
 * gives: each, `X`, has a twin `X-without-queue`, in which the core gathers
 * nothing and the driver is called by all of them. */
#define QUIPU_FAMILY_OF_RACES(name) QUIPU_FAMILY_AS(name, true)

#define QUIPU_FAMILY_AS(name, races)                        \
    extern const struct quipu_family quipu_family_##name;   \
    const struct quipu_family quipu_family_##name = {       \
        #name, cases, sizeof(cases) / sizeof(*cases), races \
    }

/* All families, NULL-terminated. */
extern const struct quipu_family *const quipu_families[];

/* All cases in their order, from 0 on; NULL after the last.  For one thread. */
const struct quipu_case *quipu_case_at(size_t index);
/* Of one that it gave: its family's name, and whether it is a twin without
 * queue. */
const char *quipu_case_family(const struct quipu_case *case_);
bool quipu_case_is_ungrouped(const struct quipu_case *case_);

#endif
