/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conformance cases.
 *
 * A case knows nothing of the store but its URI, and uses the public headers
 * only.  It runs in a process of its own, which a failed assertion ends, so it
 * needs no clean-up and may assert in any thread.
 *
 * To add a case, add a function and a row to the family that fits; to add a
 * family, list it in families.c.  The id of a case begins with the guarantee
 * that it tests (docs/guarantees.md) and names the required behaviour.
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
    const char *id;  /* "U1.race-at-one-position" */
    const char *why; /* one sentence: why the guarantee matters here */
    void (*run)(struct quipu_context *ctx);
    uint32_t needs; /* enum quipu_capability and QUIPU_TRAIT_*: the case runs
                     * only on stores that have all of them, */
    uint32_t lacks; /* and none of these */
    unsigned limit; /* time limit in seconds; 0: the default (runner.c) */
};

/* The cases of one file. */
struct quipu_family {
    const char *name; /* path of its file below cases/, without ".c" */
    const struct quipu_case *cases;
    size_t count;
    bool races; /* each case runs with the core's commit queue and without */
};

/* Defines quipu_family_NAME, of the file NAME.c, from its array `cases`. */
#define QUIPU_FAMILY(name) QUIPU_FAMILY_AS(name, #name, false)
/* The same for the file FOLDER/NAME.c: quipu_family_FOLDER_NAME. */
#define QUIPU_FAMILY_IN(folder, name) \
    QUIPU_FAMILY_AS(folder##_##name, #folder "/" #name, false)
/* The same for races/NAME.c: cases in which several threads append at the same
 * time through quipu_context_open.  Each case X also runs as "X-without-queue",
 * in which the core groups nothing, and all threads call the driver. */
#define QUIPU_FAMILY_OF_RACES(name) \
    QUIPU_FAMILY_AS(races_##name, "races/" #name, true)

#define QUIPU_FAMILY_AS(symbol, path, races)                \
    extern const struct quipu_family quipu_family_##symbol; \
    const struct quipu_family quipu_family_##symbol = {     \
        path, cases, sizeof(cases) / sizeof(*cases), races  \
    }

/* All families, and the jobs of subprocesses (context/subprocess.h) that cases
 * start; both NULL-terminated and defined in families.c. */
extern const struct quipu_family *const quipu_families[];
extern const struct quipu_subprocess_job *const quipu_subprocess_jobs[];

/* Returns the case with this index, from 0 in the order in which cases run;
 * NULL after the last.  Not thread-safe. */
const struct quipu_case *quipu_case_at(size_t index);
/* For a case that quipu_case_at has returned: the name of its family, and
 * whether it is an "X-without-queue". */
const char *quipu_case_family(const struct quipu_case *case_);
bool quipu_case_is_ungrouped(const struct quipu_case *case_);

#endif
