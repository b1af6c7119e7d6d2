/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that transfers money between accounts, on all back ends, and an
 * audit of the log that shows transfers that were made twice, in part, or not
 * at all.
 *
 * A transfer is requested by an event of a sequence of its own, "t-N".  The
 * process withdraws from one account, deposits to the other, and completes the
 * transfer, in one append.
 */
#ifndef QUIPU_TESTS_TRANSFERS_FIXTURE_H
#define QUIPU_TESTS_TRANSFERS_FIXTURE_H

#include "core/consumer/model_fixture.h"

enum { ACCOUNTS = 10, OPENING_CENTS = 100000 };

struct account {
    quipu_aggregate base;
    int64_t cents;
};

/* A store with accounts and requested transfers. */
struct bank {
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_repository *accounts;
    int64_t requested; /* transfers, by this bank */
};

/* The back end, which the program sets. */
extern const struct model *backend;

/* Opens the store of that name, for models' `prepare`; the rest as open_log. */
void open_bank(struct bank *bank, const char *name);
void close_bank(struct bank *bank);

/* Opens a new store with accounts, each with OPENING_CENTS. */
void open_new_bank(struct bank *bank, char name[96]);

/* Requests transfers of 1 to 5 cents. */
void request_transfers(struct bank *bank, int count);

/* Deposits to an account, or withdraws from it, beside the process. */
void change_account(struct bank *bank, int number, int64_t cents);

int64_t balance(struct bank *bank, int number);

/* ------------------------------------------------------------- the process */

/* The context of the process. */
struct transfers {
    struct bank *bank; /* to which it writes */
    int64_t refused;   /* each transfer whose number this divides; 0: none */
    int refusal;       /* with this status */
    atomic_bool is_mended;  /* no transfer is refused any more */
    bool refuses_overdraft; /* instead of an account below 0 */
    bool is_plain;          /* no metadata, entries or guards of its own */
    void (*meanwhile)(struct transfers *transfers); /* once, in a reaction */
    int conflicts;                                  /* of `meanwhile` */
    atomic_int calls;
};

extern const quipu_process_type transfers_type; /* "transfers" */

quipu_process *open_transfers(struct bank *bank, struct transfers *transfers,
                              quipu_process_options options);

/* Runs steps until the end of the log is reached; returns the status of the
 * first step that fails. */
int catch_up(quipu_process *process, quipu_error *error);

/* Runs steps until the tracking record is where the head of the log is now. */
void run_to_head(quipu_process *process, struct bank *bank);

/* --------------------------------------------------------------- the audit */

struct audit {
    int64_t requested;
    int64_t completed;
    int64_t parked;
    int64_t twice;   /* an event of a transfer comes again */
    int64_t torn;    /* completed without both accounts, or the reverse */
    int64_t missing; /* requested up to the record, not completed or parked */
    int64_t beyond;  /* completed above the record */
    int64_t strange; /* of a wrong amount, cause or event id */
    int64_t cents;   /* in all accounts */
    int64_t items;   /* of the log */
    int64_t head;
    int64_t record; /* of the process */
};

/* Reads the log.  `record` below 0: that of the process. */
struct audit audit(struct bank *bank, int64_t record);

/* Fails with all counts unless all is exact, and the money is what it was. */
void assert_audit(const struct audit *audit);

#endif
