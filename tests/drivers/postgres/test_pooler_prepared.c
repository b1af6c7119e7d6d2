/* SPDX-License-Identifier: Apache-2.0 */
/* A pooler that does not know prepared statements, with prepared=yes: the
 * sessions that it lends have other statements than the driver prepared. */
#include "fixture.h"

#define STORES 6

static void prepared_statements_that_are_lost_are_no_error(void **state)
{
    quipu_driver_datastore *datastores[STORES];
    quipu_driver_schema *bound[STORES];
    quipu_schema schema = fixture_schema("plain");
    (void)state;
    for (int i = 0; i < STORES; i++) {
        datastores[i] = fixture_open("schema=pooled&prepared=yes");
        bound[i] = fixture_bind(datastores[i], &schema);
        for (int j = 0; j <= i; j++) {
            fixture_append(datastores[j], bound[j], 1);
            (void)fixture_head(datastores[j], bound[j]);
        }
    }
    for (int i = 0; i < STORES; i++) {
        fixture_driver()->unbind(datastores[i], bound[i]);
        fixture_close(datastores[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepared_statements_that_are_lost_are_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
