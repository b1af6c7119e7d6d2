/* SPDX-License-Identifier: Apache-2.0 */
/* Words for what the suite knows by number. */
#ifndef QUIPU_WORDS_H
#define QUIPU_WORDS_H

#include "runner/runner.h"

/* "quick" */
const char *quipu_profile_word(enum quipu_profile profile);
/* False: there is none of that name. */
bool quipu_profile_find(const char *name, enum quipu_profile *profile);

/* "passed" */
const char *quipu_verdict_word(enum quipu_verdict verdict);
/* "unfit", "profile", "unshown": for programs. */
const char *quipu_skip_word(enum quipu_skip skip);
/* For people: "not for this store". */
const char *quipu_skip_phrase(enum quipu_skip skip);

/* The capabilities and what else a case may need, from 0 on; the name NULL
 * after the last.  `declared`: a URI declares it. */
struct quipu_trait_word {
    uint32_t bit;
    const char *name;
    bool declared;
};
struct quipu_trait_word quipu_trait_word_at(size_t index);

#endif
