/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a URI and the names of a schema from the command line. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: quipu-alternative-schema [OPTION]... [URI]\n"
    "\n"
    "Creates, reads, changes and discards an example, and shows the events\n"
    "that are then in the store. The default URI is sqlite:///:memory:.\n"
    "\n"
    "  --schema preset       the stored_events preset (the default)\n"
    "  --schema own          names of this program\n"
    "  --table NAME          the name of the table, and of its columns for\n"
    "  --id-column NAME        notification id\n"
    "  --sequence-column NAME  sequence id\n"
    "  --position-column NAME  position\n"
    "  --topic-column NAME     topic\n"
    "  --state-column NAME     state\n"
    "  --event-id-column NAME  event id\n"
    "  --no-event-id         leave that column out\n"
    "  --help                this text\n";

static const struct option table[] = {
    { "schema", required_argument, NULL, 's' },
    { "table", required_argument, NULL, 't' },
    { "id-column", required_argument, NULL, 'n' },
    { "sequence-column", required_argument, NULL, 'i' },
    { "position-column", required_argument, NULL, 'p' },
    { "topic-column", required_argument, NULL, 'o' },
    { "state-column", required_argument, NULL, 'd' },
    { "event-id-column", required_argument, NULL, 'e' },
    { "no-event-id", no_argument, NULL, 'x' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* Replaces the names of the preset. */
static void use_own_names(quipu_schema *schema)
{
    schema->table = "integer_sequenced_items";
    schema->notification_id = "nr";
    schema->sequence_id = "thing";
    schema->position = "step";
    schema->topic = "what";
    schema->state = "details";
    schema->event_id = "unique_id";
}

/* Returns the member of the schema that an option sets, or NULL. */
static const char **member_of(quipu_schema *schema, int option)
{
    switch (option) {
    case 't':
        return &schema->table;
    case 'n':
        return &schema->notification_id;
    case 'i':
        return &schema->sequence_id;
    case 'p':
        return &schema->position;
    case 'o':
        return &schema->topic;
    case 'd':
        return &schema->state;
    case 'e':
        return &schema->event_id;
    default:
        return NULL;
    }
}

/* Reports wrong usage. */
static bool refuse(int *status)
{
    fputs("Try 'quipu-alternative-schema --help'.\n", stderr);
    *status = 2;
    return false;
}

/* Applies one option; returns false if the program has to exit. */
static bool apply(int option, struct options *options, int *status)
{
    const char **member = member_of(&options->schema, option);

    if (member) {
        *member = optarg;
    } else if (option == 'x') {
        options->schema.event_id = NULL;
    } else if (option == 's' && strcmp(optarg, "own") == 0) {
        use_own_names(&options->schema);
    } else if (option == 'h') {
        fputs(usage, stdout);
        *status = 0;
        return false;
    } else if (option != 's' || strcmp(optarg, "preset") != 0) {
        return refuse(status);
    }
    return true;
}

bool options_read(int argc, char **argv, struct options *options, int *status)
{
    int option;

    options->uri = "sqlite:///:memory:";
    quipu_schema_init(&options->schema, sizeof(options->schema),
                      quipu_schema_stored_events());
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (!apply(option, options, status)) {
            return false;
        }
    }
    if (argc - optind > 1) {
        return refuse(status);
    }
    if (optind < argc) {
        options->uri = argv[optind];
    }
    return true;
}
