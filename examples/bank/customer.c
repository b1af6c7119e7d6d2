/* SPDX-License-Identifier: Apache-2.0 */
/* A customer orders payments between random accounts, until it is killed. */
#include "bank.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int customer_run(struct bank *bank, int seconds, quipu_error *error)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    unsigned seed = (unsigned)getpid();
    int status = QUIPU_OK;

    while (status == QUIPU_OK) {
        int from = rand_r(&seed) % ACCOUNTS;
        int to = (from + 1 + rand_r(&seed) % (ACCOUNTS - 1)) % ACCOUNTS;

        status = payment_order(bank, from, to, 1 + rand_r(&seed) % 50000,
                               seconds, error);
        (void)nanosleep(&pause, NULL);
    }
    return status;
}
