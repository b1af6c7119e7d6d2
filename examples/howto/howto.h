/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and their store, which the programs of this folder share. */
#ifndef HOWTO_H
#define HOWTO_H

#include <quipu/quipu.h>

QUIPU_EVENT_DECLARE(opened, QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DECLARE(deposited, QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DECLARE(withdrawn, QUIPU_VALUE(int64_t, cents));

/* Somebody asks for a transfer; it belongs to no account. */
QUIPU_EVENT_DECLARE(requested, QUIPU_VALUE(quipu_id, from),
                    QUIPU_VALUE(quipu_id, to), QUIPU_VALUE(int64_t, cents));

/* All of these events. */
extern const quipu_mapping mapping_of_bank;

QUIPU_AGGREGATE(account, QUIPU_VALUE(int64_t, cents));
extern const quipu_aggregate_type account_type;

/* A store, and the handles of it that the programs use. */
struct bank {
    const char *uri;
    quipu_schema schema; /* "accounts": text ids, metadata, times */
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_repository *accounts;
};

/* Returns the id of an account: its name. */
quipu_id account_id(const char *name);

/* Opens an account in a unit of its own. */
int account_open(struct bank *bank, const char *name, int64_t cents,
                 quipu_error *error);

/* Takes money out of an account.  DENIED: there is not so much in it. */
int account_withdraw(struct account *account, int64_t cents,
                     quipu_error *error);

/* A projection, which keeps a table on SQLite (consumers.c), and a process,
 * which makes transfers; its context is the bank (process.c). */
extern const quipu_projection_type balances;
extern const quipu_process_type transfers;

/* The context of the projection. */
struct model {
    bool takes_withdrawals;
};

/* Prints the balance and the version of an account. */
int account_print(struct bank *bank, const char *name, quipu_error *error);

/* One program for each page: it gets a new, empty store. */
int backup_show(struct bank *bank, quipu_error *error);
int buckets_show(struct bank *bank, quipu_error *error);
int bus_show(struct bank *bank, quipu_error *error);
int casts_show(struct bank *bank, quipu_error *error);
int consumers_show(struct bank *bank, quipu_error *error);
int drivers_show(struct bank *bank, quipu_error *error);
int entries_show(struct bank *bank, quipu_error *error);
int erasure_show(struct bank *bank, quipu_error *error);
int errors_show(struct bank *bank, quipu_error *error);
int fields_show(struct bank *bank, quipu_error *error);
int group_show(struct bank *bank, quipu_error *error);
int ids_show(struct bank *bank, quipu_error *error);
int listings_show(struct bank *bank, quipu_error *error);
int memory_show(struct bank *bank, quipu_error *error);
int metadata_show(struct bank *bank, quipu_error *error);
int outbox_show(struct bank *bank, quipu_error *error);
int process_show(struct bank *bank, quipu_error *error);
int records_show(struct bank *bank, quipu_error *error);
int retries_show(struct bank *bank, quipu_error *error);
int scenarios_show(struct bank *bank, quipu_error *error);
int sections_show(struct bank *bank, quipu_error *error);
int snapshots_show(struct bank *bank, quipu_error *error);
int states_show(struct bank *bank, quipu_error *error);
int subscription_show(struct bank *bank, quipu_error *error);
int tables_show(struct bank *bank, quipu_error *error);
int timers_show(struct bank *bank, quipu_error *error);
int units_show(struct bank *bank, quipu_error *error);

#endif
