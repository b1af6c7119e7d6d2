/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-bank: each command is a process of its own, which may be killed at any
 * time. */
#include "bank.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(const struct balance *row, void *context)
{
    (void)context;
    printf("%s %8lld cents %6lld transfers\n", row->account,
           (long long)row->cents, (long long)row->transfers);
}

static int show_run(struct bank *bank, int version, quipu_error *error)
{
    return balances_list(bank, version, print, NULL, error);
}

static const struct command {
    const char *name;
    int (*run)(struct bank *bank, int number, quipu_error *error);
    int number; /* if none is given */
    const char *help;
} commands[] = {
    { "teller", teller_run, 10, "make random transfers for 10 SECONDS" },
    { "customer", customer_run, 10, "order payments that expire in SECONDS" },
    { "payments", payments_run, 0, "make the payments that are ordered" },
    { "timers", timers_run, 0, "let payments expire that are late" },
    { "balances", balances_run, 1, "keep VERSION 1 of the read model" },
    { "promote", balances_promote, 1, "show VERSION 1 when it has caught up" },
    { "retire", balances_retire, 1, "remove VERSION 1" },
    { "show", show_run, 0, "print the balances as they are shown" },
    { "follow", follow_run, 40000, "print transfers of 40000 CENTS or more" },
    { "audit", audit_run, 0, "compare log and read model to the cent" },
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct command *command = argc > 2 ? find(argv[2]) : NULL;
    struct bank bank;
    quipu_error error;

    if (!command) {
        puts("usage: quipu-bank URI COMMAND [NUMBER [METRICS-FILE]]");
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
            printf("  %-8s  %s\n", commands[i].name, commands[i].help);
        }
        return argc > 1 ? 2 : 0;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int status = bank_open(&bank, argv[1], &error);

    if (status == QUIPU_OK && argc > 4) {
        status = metrics_keep(argv[4], &error);
    }
    if (status == QUIPU_OK) {
        status = command->run(
            &bank, argc > 3 ? (int)strtol(argv[3], NULL, 10) : command->number,
            &error);
    }
    if (status != QUIPU_OK) {
        fprintf(stderr, "quipu-bank: %s\n", error.message);
    }
    bank_close(&bank);
    return status == QUIPU_OK ? 0 : 1;
}
