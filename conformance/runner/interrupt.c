/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and its like end a run in order. */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof(signals) / sizeof(*signals))

static struct sigaction before[SIGNALS];
static volatile sig_atomic_t came;

static void note(int number)
{
    came = number;
}

void quipu_interrupt_begin(void)
{
    struct sigaction ours = { .sa_handler = note };

    came = 0;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) {
            sigaction(signals[i], &ours, NULL);
        }
    }
}

void quipu_interrupt_end(void)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &before[i], NULL);
    }
}

int quipu_interrupted(void)
{
    return came;
}
