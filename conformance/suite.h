/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a conformance case is.  A case knows nothing but a URI and the public
 * headers.  It runs in a process of its own and ends it when a check fails, so
 * it needs no clean-up and may check in any thread.
 */
#ifndef QUIPU_SUITE_H
#define QUIPU_SUITE_H

#include "batch.h"
#include "check.h"
#include "crowd.h"
#include "seen.h"
#include "trial.h"

#include <quipu/quipu.h>

struct quipu_case {
    const char *id;  /* "U1.race-at-one-position": the guarantee, the case */
    const char *why; /* one sentence: what it would mean to fail */
    void (*run)(struct quipu_trial *t);
    uint32_t needs; /* enum quipu_capability, and enum quipu_trait */
    uint32_t lacks; /* the same: to be run where these are absent */
    unsigned limit; /* seconds until it counts as hanging; 0: the usual ones */
};

struct quipu_family {
    const char *name;
    const struct quipu_case *cases;
    size_t count;
};

#define QUIPU_FAMILY(name)                                \
    extern const struct quipu_family quipu_family_##name; \
    const struct quipu_family quipu_family_##name = {     \
        #name, cases, sizeof cases / sizeof *cases        \
    }

/* All families, NULL-terminated. */
extern const struct quipu_family *const quipu_families[];

/* All cases in their order, from 0 on; NULL after the last. */
const struct quipu_case *quipu_case_at(size_t index);

#endif
