/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The known name that a mistyped word most likely means, for error messages.
 *
 * Two words are compared by the number of letters that have to be inserted,
 * removed, replaced or exchanged with their neighbour to turn one into the
 * other (the edit distance of Damerau and Levenshtein).  A name is suggested if
 * it differs in at most a third of its letters, or begins with the word: a
 * suggestion that is far away helps less than none.
 */
#ifndef QUIPU_TOOLS_SUGGESTION_H
#define QUIPU_TOOLS_SUGGESTION_H

#include <stddef.h>

/*
 * Returns the nearest of `count` names, or NULL if none is near.
 *
 *     near = suggestion_find("lgo", names, count); // "log"
 *
 * The first one is returned if several are equally near.  Words and names of
 * more than 31 letters are near to none.  The caller keeps the names; the
 * result is one of them.
 *
 * Letters are compared as they are, since commands and options have no capital
 * ones.
 */
const char *suggestion_find(const char *word, const char *const *names,
                            size_t count);

#endif
