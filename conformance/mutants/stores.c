/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants whose stores have wrong properties: persistence, identity,
 * namespaces. */
#include "mutant.h"

#include <stdatomic.h>

/* M11: tear-down deletes nothing, so that the items are there after the next
 * set-up. */
static int delete_nothing(quipu_driver_datastore *datastore,
                          const quipu_schema *schema, int64_t deadline,
                          quipu_error *error)
{
    (void)datastore;
    (void)schema;
    (void)deadline;
    (void)error;
    return QUIPU_OK;
}

/* M21: declares to be persistent, and is not. */
static int claim_persistence(const quipu_host *host, const quipu_open *how,
                             int64_t deadline,
                             quipu_driver_datastore **datastore,
                             quipu_opened *opened, quipu_error *error)
{
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    if (status == QUIPU_OK) {
        opened->capabilities |= QUIPU_CAN_PERSIST;
    }
    return status;
}

/* M26: all namespaces are one. */
static int ignore_namespace(const quipu_host *host, const quipu_open *how,
                            int64_t deadline,
                            quipu_driver_datastore **datastore,
                            quipu_opened *opened, quipu_error *error)
{
    quipu_open changed = *how;

    changed.name_space = "";
    return mutant_base_driver()->open(host, &changed, deadline, datastore,
                                      opened, error);
}

/* M33: the identity changes each time the store is opened. */
static int change_identity(const quipu_host *host, const quipu_open *how,
                           int64_t deadline, quipu_driver_datastore **datastore,
                           quipu_opened *opened, quipu_error *error)
{
    static atomic_uint opens;
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    if (status == QUIPU_OK) {
        opened->identity.bytes[0] ^= (uint8_t)atomic_fetch_add(&opens, 1);
    }
    return status;
}

static const struct mutant mutants[] = {
    { "M11", "deleted-schema-comes-back",
      "the Akka persistence TCK's deletions: numbers wrong after a delete",
      "F4.teardown-removes-all", .replaced = { .teardown = delete_nothing } },
    { "M21", "acknowledged-is-not-durable",
      "NATS 2.12.1 (Jepsen): acknowledged before it is synced",
      "V3.reopened-store-is-complete",
      .replaced = { .open = claim_persistence } },
    { "M26", "namespaces-are-one",
      "NEventStore#413, Eventuous#202: schemas and tenants confused",
      "F3.namespaces-are-separate", .replaced = { .open = ignore_namespace } },
    { "M33", "identity-changes",
      "Emmett: positions that mean nothing after dump and restore",
      "L5.identity-is-of-store-and-namespace",
      .replaced = { .open = change_identity } },
};
MUTANT_FAMILY(stores);
