/* SPDX-License-Identifier: Apache-2.0 */
/* quipu info: what a store is, and what is set up in it. */
#include "info.h"
#include "output.h"
#include "store.h"

static enum outcome describe(const struct args *args, const struct store *store)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_error error;
    int status = quipu_datastore_describe(store->datastore, &info, &error);

    if (status == QUIPU_OK) {
        status = args->json ? quipu_tool_info_json(store, &info, &error)
                            : quipu_tool_info_text(store, &info, &error);
    }
    if (status != QUIPU_OK) {
        quipu_tool_fail(&error);
        return FINDING;
    }
    for (size_t i = 0; i < store->count; i++) {
        if (!store->schemas[i].records) {
            return FINDING; /* it was said where the schema is described */
        }
    }
    return DONE;
}

static enum outcome run(const struct args *args)
{
    struct store store;
    enum outcome outcome = quipu_tool_store_open(args, &store);

    if (outcome == DONE) {
        outcome = describe(args, &store);
        quipu_tool_store_close(&store);
    }
    return outcome;
}

const struct command quipu_tool_info = {
    .name = "info",
    .arguments = "URI",
    .summary = "tell what a store is and holds",
    .help =
        "Tells which driver serves the URI, what the store can do and how\n"
        "large things may be, and for each schema the names of its columns,\n"
        "the kind of its ids and the head of its log.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_JSON | OPTION_HELP,
    .run = run,
};
