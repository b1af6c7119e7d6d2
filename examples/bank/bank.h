/* SPDX-License-Identifier: Apache-2.0 */
/* A bank: accounts, tellers, a read model of balances, a follower of the log,
 * and an audit. */
#ifndef BANK_H
#define BANK_H

#include <quipu/quipu.h>

/* ------------------------------------------------------------- the domain */

QUIPU_EVENT_DECLARE(opened, QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DECLARE(deposited, QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DECLARE(withdrawn, QUIPU_VALUE(int64_t, cents),
                    QUIPU_VALUE(const char *, to));

struct account {
    quipu_aggregate base;
    int64_t cents;
};

enum { ACCOUNTS = 20, ACCOUNT_CENTS = 100000, ACCOUNT_NAME_SIZE = 16 };

extern const quipu_aggregate_type account_type;

/* Takes money out of an account, for another one.  DENIED: there is not so much
 * in it. */
int account_withdraw(struct account *account, int64_t cents, const char *to,
                     quipu_error *error);

/* Returns by how much an event of an account changes its balance. */
int64_t account_change(const quipu_event *event);

struct bank {
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_repository *accounts;
};

/* Opens a bank.  Its tables, and its accounts with ACCOUNT_CENTS in each, are
 * created if they do not exist. */
int bank_open(struct bank *bank, const char *uri, quipu_error *error);
void bank_close(struct bank *bank);

/* Moves money from one account to another by their numbers, in one append.
 * DENIED: there is not so much in the account. */
int bank_transfer(struct bank *bank, int from, int to, int64_t cents,
                  quipu_error *error);

/* --------------------------------------------------------- the read model */

/* A row. Version 1 has no number of transfers. */
struct balance {
    char account[ACCOUNT_NAME_SIZE];
    int64_t cents;
    int64_t transfers;
};
typedef void (*balances_visit)(const struct balance *row, void *context);

/* The tables of a back end.  Functions get its handle, in a transaction, and
 * the first three as context a struct model. */
struct tables {
    quipu_projection_model create, drop, show;
    /* Adds to a row, which is created if it does not exist. */
    int (*add)(void *native, int version, const struct balance *change,
               quipu_error *error);
    /* Lists the rows of a version; 0: of the version that is shown. */
    int (*list)(void *native, int version, balances_visit visit, void *context,
                quipu_error *error);
};
extern const struct tables sqlite_tables, postgres_tables, lmdb_tables;

struct model {
    const struct tables *tables;
    int version; /* 1 or 2 */
};

int balances_list(struct bank *bank, int version, balances_visit visit,
                  void *context, quipu_error *error);

/* ------------------------------------------------------------ the commands */

int teller_run(struct bank *bank, int seconds, quipu_error *error);
int balances_run(struct bank *bank, int version, quipu_error *error);
int balances_promote(struct bank *bank, int version, quipu_error *error);
int balances_retire(struct bank *bank, int version, quipu_error *error);
int follow_run(struct bank *bank, int least, quipu_error *error);
int audit_run(struct bank *bank, int unused, quipu_error *error);

#endif
