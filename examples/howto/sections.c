/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log in sections.  Prints:
 *
 *     1,2: Account.Opened Account.Opened (final, then 3,4)
 *     3,4: Account.Opened
 */
#include "howto.h"

#include <stdio.h>
#include <string.h>

/* Prints a section, and copies the name of the next one. */
static int print(quipu_records *records, const char *name, char *next,
                 size_t size, quipu_error *error)
{
    quipu_section *section = NULL;

    QUIPU_TRY(quipu_section_open(records, name, 2, &section, error));
    printf("%s:", section->name);
    for (size_t i = 0; i < section->count; i++) {
        printf(" %.*s", (int)section->items[i].topic.size,
               (const char *)section->items[i].topic.data);
    }
    if (section->final) {
        printf(" (final, then %s)", section->next);
    }
    printf("\n");
    (void)snprintf(next, size, "%s", section->final ? section->next : "");
    quipu_section_close(section);
    return QUIPU_OK;
}

int sections_show(struct bank *bank, quipu_error *error)
{
    char name[64] = "1,2", next[64];

    QUIPU_TRY(account_open(bank, "ann", 1, error));
    QUIPU_TRY(account_open(bank, "bob", 2, error));
    QUIPU_TRY(account_open(bank, "eve", 3, error));
    while (*name) {
        QUIPU_TRY(print(quipu_store_records(bank->store), name, next,
                        sizeof(next), error));
        (void)memcpy(name, next, sizeof(name));
    }
    return QUIPU_OK;
}
