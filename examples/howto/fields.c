/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event, described in two ways.  Prints:
 *
 *     the tables have 2 fields each, and the same names
 *     both types are right
 */
#include "howto.h"

#include <stdio.h>
#include <string.h>

/* By declare.h: */
QUIPU_EVENT(agreed, "Account.Agreed", QUIPU_VALUE(const char *, owner),
            QUIPU_DEFAULT(int64_t, limit, 100));

/* By hand: */
struct signed_by_hand {
    quipu_event base;
    const char *owner;
    int64_t limit;
};

static const quipu_field by_hand_fields[] = {
    QUIPU_FIELD(struct signed_by_hand, owner),
    QUIPU_FIELD_DEFAULT(struct signed_by_hand, limit, 100),
    { 0 },
};
static const quipu_event_type by_hand =
    QUIPU_EVENT_TYPE(struct signed_by_hand, "Account.Agreed", by_hand_fields);

/* With a personal member: */
QUIPU_EVENT(treated, "Patient.Treated", QUIPU_VALUE(quipu_id, patient),
            QUIPU_VALUE(const char *, ward),
            QUIPU_PERSONAL(const char *, diagnosis, patient, "(gone)"));

int fields_show(struct bank *bank, quipu_error *error)
{
    const quipu_field *a = agreed.fields, *b = by_hand.fields;
    size_t count = 0;

    (void)bank;
    while (a[count].name && strcmp(a[count].name, b[count].name) == 0) {
        count++;
    }
    if (!b[count].name) {
        printf("the tables have %zu fields each, and the same names\n", count);
    }
    QUIPU_TRY(quipu_event_type_check(&agreed, error));
    QUIPU_TRY(quipu_event_type_check(&treated, error));
    QUIPU_TRY(quipu_event_type_check(&by_hand, error));
    printf("both types are right\n");
    return QUIPU_OK;
}
