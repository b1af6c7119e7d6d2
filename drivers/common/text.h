/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, names as SQL writes them, and copies. */
#ifndef SHARED_DRIVER_TEXT_H
#define SHARED_DRIVER_TEXT_H

#include <quipu/driver.h>

/* Begins with its host alone.  `failed` is set when memory is short, and then
 * nothing more is added.  `data` ends with NUL; NULL until something is added;
 * it may be kept, and then belongs to who keeps it. */
struct text {
    const quipu_host *host;
    char *data;
    size_t size;
    size_t room;
    bool failed;
};

void quipu_common_text_add(struct text *text, const char *piece);
/* A name in double quotes, those within doubled. */
void quipu_common_text_add_name(struct text *text, const char *name);
/* Releases it. */
void quipu_common_text_finish(struct text *text);

/* A copy, to be released with the host; NULL when memory is short. */
char *quipu_common_text_copy(const quipu_host *host, const char *text);

/* Decodes in place; false for a '%' without two digits, or %00. */
bool quipu_common_text_decode_percent(char *text);

/* Of QUIPU_OPTION_BOOL. */
bool quipu_common_text_to_bool(const char *value);

/* Of QUIPU_OPTION_SIZE and QUIPU_OPTION_COUNT; INT64_MAX for what is larger. */
int64_t quipu_common_text_to_number(const char *value);

#endif
