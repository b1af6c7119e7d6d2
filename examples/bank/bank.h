/* SPDX-License-Identifier: Apache-2.0 */
/* A bank: accounts, tellers, payments that customers order, a read model of
 * balances, a follower of the log, and an audit. */
#ifndef BANK_H
#define BANK_H

#include <quipu/quipu.h>

/* ------------------------------------------------------------- the domain */

QUIPU_EVENT_DECLARE(opened, QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DECLARE(deposited, QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DECLARE(withdrawn, QUIPU_VALUE(int64_t, cents),
                    QUIPU_VALUE(const char *, to));

QUIPU_EVENT_DECLARE(ordered, QUIPU_VALUE(quipu_id, from),
                    QUIPU_VALUE(quipu_id, to), QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DECLARE(paid, QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DECLARE(refused, QUIPU_VALUE(const char *, reason));
QUIPU_EVENT_DECLARE(expired, QUIPU_VALUE(int64_t, cents));

struct account {
    quipu_aggregate base;
    int64_t cents;
};

enum { ACCOUNTS = 20, ACCOUNT_CENTS = 100000, ACCOUNT_NAME_SIZE = 16 };

/* A transfer that a customer orders, and the bank makes later. */
struct payment {
    quipu_aggregate base;
    quipu_id from;
    quipu_id to;
    int64_t cents;
    bool has_ended; /* it was paid or refused, or has expired */
};

extern const quipu_aggregate_type account_type, payment_type;

/* The process that makes the payments; its context is the bank. */
extern const quipu_process_type payments;

/* Returns the id of an account: "account-07". */
quipu_id account_id(int number);

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
    quipu_repository *payments;
};

/* Opens a bank.  Its tables, and its accounts with ACCOUNT_CENTS in each, are
 * created if they do not exist. */
int bank_open(struct bank *bank, const char *uri, quipu_error *error);
void bank_close(struct bank *bank);

/* Moves money from one account to another by their numbers, in one append.
 * DENIED: there is not so much in the account. */
int bank_transfer(struct bank *bank, int from, int to, int64_t cents,
                  quipu_error *error);

/* The timer of each payment. */
#define PAYMENT_TIMER "expiry"

/* Orders a payment, which expires after that time unless it was made. */
int payment_order(struct bank *bank, int from, int to, int64_t cents,
                  int seconds, quipu_error *error);

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
int customer_run(struct bank *bank, int seconds, quipu_error *error);
int payments_run(struct bank *bank, int unused, quipu_error *error);
int timers_run(struct bank *bank, int unused, quipu_error *error);
int balances_run(struct bank *bank, int version, quipu_error *error);
int balances_promote(struct bank *bank, int version, quipu_error *error);
int balances_retire(struct bank *bank, int version, quipu_error *error);
int follow_run(struct bank *bank, int least, quipu_error *error);
/* From now on writes the metrics of this process to the file every second. */
int metrics_keep(char *file, quipu_error *error);

int audit_run(struct bank *bank, int unused, quipu_error *error);

#endif
