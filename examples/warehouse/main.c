/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-warehouse: each command is a process of its own. */
#include "warehouse.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int word_count; /* at least */
    int (*run)(struct warehouse *warehouse, char **words, quipu_error *error);
    const char *help;
} commands[] = {
    { "add", 2, warehouse_add, "PRODUCT TITLE" },
    { "receive", 2, warehouse_receive, "PRODUCT UNITS" },
    { "register", 2, warehouse_register, "CUSTOMER EMAIL" },
    { "order", 4, warehouse_order, "ORDER CUSTOMER PRODUCT UNITS [...]" },
    { "pay", 2, warehouse_pay, "ORDER CENTS" },
    { "ship", 2, warehouse_ship, "ORDER PARCEL" },
    { "cancel", 2, warehouse_cancel, "ORDER REASON" },
    { "board", 1, stock_follow, "PRODUCT: show it for a second" },
    { "stock", 0, stock_run, "keep the read model of the stock" },
    { "show", 0, stock_show, "print it: product, available, reserved" },
    { "mail", 0, mailer_run, "send mails" },
};

int main(int argc, char **argv)
{
    struct warehouse warehouse;
    quipu_error error;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (argc < 2 + commands[i].word_count ||
            strcmp(argv[1], commands[i].name) != 0) {
            continue;
        }
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        int status = warehouse_open(&warehouse, &error);

        if (status == QUIPU_OK) {
            status = commands[i].run(&warehouse, argv + 2, &error);
        }
        if (status != QUIPU_OK) {
            fprintf(stderr, "quipu-warehouse: %s\n", error.message);
        }
        warehouse_close(&warehouse);
        return status == QUIPU_OK ? 0 : 1;
    }
    puts("usage: WAREHOUSE_QUIPU_URI=URI quipu-warehouse COMMAND");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        printf("  %-8s  %s\n", commands[i].name, commands[i].help);
    }
    return argc > 1 ? 2 : 0;
}
