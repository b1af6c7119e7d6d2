/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the program's own in the transaction of an append.  On SQLite.
 * Prints:
 *
 *     ann: 100 cents, version 1
 *     rows: ann
 *     DENIED: the name bob is reserved
 *     rows: ann
 *     NOT_FOUND for the account of bob
 */
#include "howto.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* --------------------------------------------------------------- the rows */

static int create(void *native, void *context, quipu_error *error)
{
    (void)context;
    if (sqlite3_exec(native, "CREATE TABLE customers (name TEXT UNIQUE)", NULL,
                     NULL, NULL) != SQLITE_OK) {
        return quipu_error_set(error, QUIPU_IO, "%s", sqlite3_errmsg(native));
    }
    return QUIPU_OK;
}

/* Runs after the conditions of the append were found to hold, and before the
 * commit; again, if the append is tried again. */
static int insert(void *native, void *context, quipu_error *error)
{
    const char *name = context;
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(native, "INSERT INTO customers VALUES ($1)",
                                  -1, &row, NULL);

    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
        code = sqlite3_step(row);
    }
    (void)sqlite3_finalize(row);
    if (code != SQLITE_DONE) {
        return quipu_error_set(error, QUIPU_IO, "%s", sqlite3_errmsg(native));
    }
    if (strcmp(name, "bob") == 0) { /* any status rolls all of it back */
        return quipu_error_set(error, QUIPU_DENIED, "the name bob is reserved");
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------ with a unit of work */

struct customer {
    quipu_repository *accounts;
    char *name;
};

static int enter(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct customer *customer = context;
    const quipu_id id = account_id(customer->name);
    struct account *account =
        quipu_unit_new(unit, customer->accounts, &id, error);

    if (!account) {
        return error->code;
    }
    QUIPU_TRY(quipu_unit_work(unit, insert, customer->name, error));
    return QUIPU_TRIGGER(account, opened, error, .cents = 100);
}

static int add(struct bank *bank, char *name, quipu_error *error)
{
    struct customer customer = { bank->accounts, name };

    return quipu_unit_run(bank->store, NULL, enter, &customer, NULL, error);
}

/* ------------------------------------------------------------- the program */

static int print(void *native, void *context, quipu_error *error)
{
    sqlite3_stmt *row = NULL;

    (void)context;
    if (sqlite3_prepare_v2(native, "SELECT name FROM customers", -1, &row,
                           NULL) != SQLITE_OK) {
        return quipu_error_set(error, QUIPU_IO, "%s", sqlite3_errmsg(native));
    }
    printf("rows:");
    while (sqlite3_step(row) == SQLITE_ROW) {
        printf(" %s", (const char *)sqlite3_column_text(row, 0));
    }
    printf("\n");
    (void)sqlite3_finalize(row);
    return QUIPU_OK;
}

int tables_show(struct bank *bank, quipu_error *error)
{
    quipu_records *records = quipu_store_records(bank->store);
    const quipu_append nothing = { .struct_size = sizeof(nothing) };
    char ann[] = "ann", bob[] = "bob";

    QUIPU_TRY(
        quipu_records_transact(records, &nothing, create, NULL, NULL, error));
    QUIPU_TRY(add(bank, ann, error));
    QUIPU_TRY(account_print(bank, "ann", error));
    QUIPU_TRY(
        quipu_records_transact(records, &nothing, print, NULL, NULL, error));
    if (add(bank, bob, error) == QUIPU_DENIED) {
        printf("DENIED: %s\n", error->message);
    }
    QUIPU_TRY(
        quipu_records_transact(records, &nothing, print, NULL, NULL, error));
    printf("%s for the account of bob\n",
           quipu_status_name(account_print(bank, "bob", error)));
    return QUIPU_OK;
}
