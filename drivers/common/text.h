/* SPDX-License-Identifier: Apache-2.0 */
/* Text: strings that grow, names quoted for SQL, and copies. */
#ifndef QUIPU_DRIVERS_COMMON_TEXT_H
#define QUIPU_DRIVERS_COMMON_TEXT_H

#include <quipu/driver.h>

/* A string that grows. It starts with only `host` set. If memory is short,
 * `failed` is set and nothing more is added; so a caller may add all pieces and
 * check once. `data` ends with a NUL and is NULL until something is added. The
 * caller may take it over, and releases it with the host then. */
struct text {
    const quipu_host *host;
    char *data;
    size_t size; /* without the NUL */
    size_t room; /* bytes allocated */
    bool failed;
};

/* Adds a string. */
void quipu_common_text_add(struct text *text, const char *piece);

/* Adds a name in double quotes, with the double quotes in it doubled, as SQL
 * requires. */
void quipu_common_text_add_name(struct text *text, const char *name);

/* Releases the string; the text is empty afterwards. */
void quipu_common_text_finish(struct text *text);

/* Returns a copy, to be released with the host, or NULL if memory is short. */
char *quipu_common_text_copy(const quipu_host *host, const char *text);

/* Returns both texts as one, to be released with the host, or NULL if memory is
 * short. */
char *quipu_common_text_join(const quipu_host *host, const char *first,
                             const char *second);

#endif
