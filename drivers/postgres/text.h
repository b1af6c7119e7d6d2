/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, and names as SQL writes them. */
#ifndef POSTGRES_DRIVER_TEXT_H
#define POSTGRES_DRIVER_TEXT_H

#include <quipu/driver.h>

/* `failed` is set when memory is short. */
struct text {
    const quipu_host *host;
    char *data;
    size_t size;
    size_t room;
    bool failed;
};

void quipu_postgres_text_add(struct text *text, const char *piece);
/* A name in double quotes, those within doubled. */
void quipu_postgres_text_add_name(struct text *text, const char *name);
void quipu_postgres_text_finish(struct text *text);
#endif
