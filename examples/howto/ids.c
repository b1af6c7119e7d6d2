/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids, UUIDs and bytes.  Prints:
 *
 *     INVALID for "not a UUID"
 *     the nil UUID means none
 *     the same customer, the same id
 *     equal bytes, and absent ones are not empty
 */
#include "howto.h"

#include <stdio.h>
#include <string.h>

/* The id of a customer of another system, which knows only its number: the same
 * number gives the same UUID, in each program and at any time. */
static int customer_id(const char *number, quipu_uuid *uuid, quipu_error *error)
{
    quipu_uuid customers; /* made once, by quipu_uuid_random */

    QUIPU_TRY(quipu_uuid_parse(&customers,
                               "6f2c0c1e-0c1f-4c53-9f55-2d1f1a9c1f07", error));
    quipu_uuid_of_name(uuid, &customers, number, strlen(number));
    return QUIPU_OK;
}

int ids_show(struct bank *bank, quipu_error *error)
{
    const quipu_bytes absent = { 0 }, empty = quipu_bytes_of_text("");
    quipu_uuid uuid, first, second;

    (void)bank;
    int status = quipu_uuid_parse(&uuid, "not a UUID", NULL);

    printf("%s for \"not a UUID\"\n", quipu_status_name(status));
    QUIPU_TRY(
        quipu_uuid_parse(&uuid, "00000000-0000-0000-0000-000000000000", error));
    if (quipu_uuid_is_nil(&uuid)) {
        printf("the nil UUID means none\n");
    }
    quipu_uuid_random(&uuid);
    QUIPU_TRY(customer_id("4711", &first, error));
    QUIPU_TRY(customer_id("4711", &second, error));
    if (!quipu_uuid_is_nil(&uuid) &&
        memcmp(&first, &second, sizeof(first)) == 0) {
        printf("the same customer, the same id\n");
    }
    if (quipu_bytes_equal(empty, quipu_bytes_of_text("")) &&
        !quipu_bytes_equal(absent, empty)) {
        printf("equal bytes, and absent ones are not empty\n");
    }
    return QUIPU_OK;
}
