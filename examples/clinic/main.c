/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu-clinic: patients who can be forgotten.  The events and the keys are in
 * two stores, and the environment variable CLINIC_MASTER_KEY names a file with
 * the master key of the vault:
 *
 *     head -c 48 /dev/urandom >master.key
 *     export CLINIC_MASTER_KEY=master.key
 *     quipu-clinic sqlite:///events.db sqlite:///keys.db register p1 Ada 1970
 */
#include "clinic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_register(struct clinic *clinic, char **words, quipu_error *error)
{
    return clinic_register(clinic, words[0], words[1],
                           (int)strtol(words[2], NULL, 10), error);
}

static int run_treat(struct clinic *clinic, char **words, quipu_error *error)
{
    return clinic_treat(clinic, words[0], words[1], words[2], error);
}

static int run_list(struct clinic *clinic, char **words, quipu_error *error)
{
    (void)words;
    return clinic_list(clinic, error);
}

static int run_forget(struct clinic *clinic, char **words, quipu_error *error)
{
    return clinic_forget(clinic, words[0], error);
}

static int run_statistics(struct clinic *clinic, char **words,
                          quipu_error *error)
{
    return clinic_statistics(clinic, (int)strtol(words[0], NULL, 10), error);
}

static const struct command {
    const char *name;
    int words;
    const char *usage;
    int (*run)(struct clinic *clinic, char **words, quipu_error *error);
} commands[] = {
    { "register", 3, "ID NAME BIRTH-YEAR", run_register },
    { "treat", 3, "ID WARD DIAGNOSIS", run_treat },
    { "list", 0, "", run_list },
    { "forget", 1, "ID", run_forget },
    { "statistics", 1, "YEAR", run_statistics },
};

static const struct command *find(const char *name, int words)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) == 0 && commands[i].words == words) {
            return &commands[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct command *command = argc > 3 ? find(argv[3], argc - 4) : NULL;
    struct clinic clinic;
    quipu_error error;

    if (!command) {
        puts("usage: quipu-clinic EVENTS-URI KEYS-URI COMMAND");
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
            printf("  %s %s\n", commands[i].name, commands[i].usage);
        }
        return argc > 1 ? 2 : 0;
    }
    int status = clinic_open(&clinic, argv[1], argv[2],
                             getenv("CLINIC_MASTER_KEY"), &error);

    if (status == QUIPU_OK) {
        status = command->run(&clinic, argv + 4, &error);
    }
    if (status != QUIPU_OK) {
        fprintf(stderr, "quipu-clinic: %s\n", error.message);
    }
    clinic_close(&clinic);
    return status == QUIPU_OK ? 0 : 1;
}
