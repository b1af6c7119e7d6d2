/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: the words for values of enumerations and for bits of a mask, for
 * people and in reports. */
#ifndef QUIPU_REPORT_LABELS_H
#define QUIPU_REPORT_LABELS_H

#include "runner/runner.h"

/* "quick", "full", "soak". */
const char *quipu_labels_profile(enum quipu_profile profile);

/* Returns false if there is no profile with the name. */
bool quipu_labels_find_profile(const char *name, enum quipu_profile *profile);

/* "passed", "failed", "skipped". */
const char *quipu_labels_verdict(enum quipu_verdict verdict);

/* The kind of a skip: a word for programs ("inapplicable", "profile",
 * "untested", "unwritten"), and a phrase for people ("not for this store"). */
const char *quipu_labels_skip(enum quipu_skip skip);
const char *quipu_labels_skip_phrase(enum quipu_skip skip);

/* A capability of a store, or something else that a case needs. */
struct quipu_trait_label {
    uint32_t bit;
    const char *name; /* NULL: past the last one */
    bool declared;    /* the store declares it; otherwise the run has it */
};

/* The label at an index from 0 on. */
struct quipu_trait_label quipu_labels_trait(size_t index);

#endif
