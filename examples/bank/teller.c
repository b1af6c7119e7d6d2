/* SPDX-License-Identifier: Apache-2.0 */
/* A teller makes transfers between random accounts. */
#include "bank.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int teller_run(struct bank *bank, int seconds, quipu_error *error)
{
    const time_t end = time(NULL) + seconds;
    unsigned seed = (unsigned)getpid();
    int status = QUIPU_OK;
    int transfers = 0;

    while (status == QUIPU_OK && time(NULL) < end) {
        int from = rand_r(&seed) % ACCOUNTS;
        int to = (from + 1 + rand_r(&seed) % (ACCOUNTS - 1)) % ACCOUNTS;

        status =
            bank_transfer(bank, from, to, 1 + rand_r(&seed) % 50000, error);
        transfers += status == QUIPU_OK;
        if (status == QUIPU_DENIED) { /* there was not so much */
            status = QUIPU_OK;
        }
    }
    printf("%d transfers\n", transfers);
    return status;
}
