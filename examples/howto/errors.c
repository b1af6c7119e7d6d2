/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors that a program sets itself.  Prints:
 *
 *     DENIED: the account has only 100 cents
 *     INVALID: 100% is no amount
 */
#include "howto.h"

#include <stdio.h>

/* `message` is finished: a % in it is no directive. */
static int refuse(const char *message, quipu_error *error)
{
    return quipu_error_set_text(error, QUIPU_INVALID, message);
}

static int take(struct bank *bank, int64_t cents, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct account *account = quipu_repository_get(bank->accounts, &id, error);

    if (!account) {
        return error->code;
    }
    int status = account_withdraw(account, cents, error);

    quipu_aggregate_destroy(account);
    return status;
}

int errors_show(struct bank *bank, quipu_error *error)
{
    QUIPU_TRY(account_open(bank, "ann", 100, error));
    if (take(bank, 150, error) != QUIPU_OK) {
        printf("%s: %s\n", quipu_status_name(error->code), error->message);
    }
    if (refuse("100% is no amount", error) != QUIPU_OK) {
        printf("%s: %s\n", quipu_status_name(error->code), error->message);
    }
    return QUIPU_OK;
}
