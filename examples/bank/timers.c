/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the timers of the bank: appends the event that a payment has expired
 * when its time is over. */
#include "bank.h"

#include <signal.h>

static quipu_timer_runner *runner;

static void stop_runner(int number)
{
    (void)number;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): made for it. */
    quipu_timer_runner_request_stop(runner);
}

int timers_run(struct bank *bank, int unused, quipu_error *error)
{
    int status = quipu_timer_runner_open(bank->store, NULL, &runner, error);
    (void)unused;

    if (status == QUIPU_OK) {
        (void)signal(SIGTERM, stop_runner);
        status = quipu_timer_runner_run(runner, error);
        (void)signal(SIGTERM, SIG_DFL); /* it would use what is closed */
        (void)quipu_timer_runner_close(runner, NULL);
    }
    return status;
}
