/* SPDX-License-Identifier: Apache-2.0 */
/* quipu namespaces: lists the logs of all namespaces of a store. */
#include "args.h"
#include "output/jsonl.h"
#include "output/output.h"
#include "output/table.h"
#include "store.h"

static const struct heading headings[] = { { .title = "namespace" },
                                           { .title = "schema" },
                                           { .title = "head", .right = true } };

static void print_json(const quipu_log *log)
{
    json_t *line = json_object();

    jsonl_set(line, "namespace", jsonl_string(log->name_space));
    jsonl_set(line, "schema",
              log->table ? jsonl_string(log->table) : json_null());
    jsonl_set(line, "head", log->table ? json_integer(log->head) : json_null());
    jsonl_print(line);
}

static void print_row(struct table *table, const quipu_log *log)
{
    table_add_text(table, *log->name_space ? log->name_space : "\"\"");
    table_add_text(table, log->table ? log->table : "");
    if (log->table) {
        table_add_int(table, log->head);
    } else {
        table_add(table, "");
    }
}

static int list(quipu_datastore *datastore, struct table *table,
                quipu_error *error)
{
    quipu_logs *logs = NULL;
    const quipu_log *log = NULL;
    int status = quipu_logs_open(datastore, &logs, error);

    if (status == QUIPU_OK) {
        status = quipu_logs_next(logs, &log, error);
    }
    while (status == QUIPU_OK && log) {
        if (table) {
            print_row(table, log);
        } else {
            print_json(log);
        }
        status = quipu_logs_next(logs, &log, error);
    }
    quipu_logs_close(logs);
    return status;
}

static enum outcome run(const struct args *args)
{
    struct table *table = NULL;
    quipu_datastore *datastore = NULL;
    quipu_error error;
    int status = store_open_namespaces(args->uri, &datastore, &error);

    if (status != QUIPU_OK) {
        return output_error(&error);
    }
    if (!args->json) {
        table = table_open(headings, sizeof(headings) / sizeof(*headings),
                           args->full);
    }
    status = list(datastore, table, &error);
    table_close(table);
    (void)quipu_datastore_close(datastore, NULL);
    return status == QUIPU_OK ? DONE : output_error(&error);
}

const struct command namespaces_command = {
    .name = "namespaces",
    .arguments = "URI",
    .summary = "list the namespaces, with the heads of their logs",
    .help =
        "Lists the schemas of all namespaces of a store, by namespace, each\n"
        "with the last notification id of its log. The default namespace,\n"
        "which has no name, is shown as \"\".",
    .argument_count = 1,
    .options = OPTIONS_OF_LISTS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
