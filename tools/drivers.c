/* SPDX-License-Identifier: Apache-2.0 */
/* quipu drivers: lists the drivers, and explains the search for one. */
#include "args.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/table.h"
#include "output/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct found {
    char *scheme;
    char *place;
};

struct listing {
    struct found *drivers;
    size_t count;
};

static char *copy(const char *text, size_t size)
{
    return memcpy(memory_allocate(size + 1, 1), text, size);
}

static void add_driver(void *context, const char *scheme, const char *place)
{
    struct listing *listing = context;

    for (size_t i = 0; i < listing->count; i++) {
        if (strcmp(listing->drivers[i].scheme, scheme) == 0) {
            return; /* the search ends at the first driver of a scheme */
        }
    }
    listing->drivers = memory_resize(listing->drivers, listing->count + 1,
                                     sizeof(*listing->drivers));
    listing->drivers[listing->count++] = (struct found){
        .scheme = copy(scheme, strlen(scheme)),
        .place = copy(place, strlen(place)),
    };
}

static const char *type_name(int32_t type)
{
    static const char *const names[] = { "?", "TEXT", "yes|no", "SIZE",
                                         "NUMBER" };

    return names[type >= QUIPU_OPTION_TEXT && type <= QUIPU_OPTION_COUNT ? type
                                                                         : 0];
}

/* ----------------------------------------------------------------- text */

static void print_options(const quipu_option_info *options, size_t count)
{
    struct text line = { 0 };

    for (size_t i = 0; i < count; i++) {
        text_clear(&line);
        text_print(&line, "%s=%s  %s", options[i].name,
                   type_name(options[i].type), options[i].help);
        if (options[i].fallback && options[i].fallback[0] != '\0') {
            text_print(&line, " (default: %s)", options[i].fallback);
        }
        output_field(i == 0 ? "  options" : "", text_content(&line));
    }
    text_free(&line);
}

static void print_driver_options(const quipu_driver *driver)
{
    print_options(driver->options, driver->option_count);
    if ((driver->flags & QUIPU_DRIVER_PASSES_OPTIONS) != 0) {
        output_field(driver->option_count == 0 ? "  options" : "",
                     "(other options are passed to the back end)");
    }
}

/* The options that every driver has. */
static void print_common_options(void)
{
    size_t count = 0;
    const quipu_option_info *common = quipu_open_options(&count);

    puts("every driver:");
    print_options(common, count);
}

static void print_driver(const struct found *found, const quipu_driver *driver,
                         const quipu_error *error)
{
    struct text version = { 0 };

    printf("%s:\n", found->scheme);
    output_field("  place", found->place);
    if (!driver) {
        output_field("  unusable", error->message);
        return;
    }
    text_print(&version, "%s %s", driver->name, driver->version);
    output_field("  driver", text_content(&version));
    output_field("  library", driver->library());
    print_driver_options(driver);
    text_free(&version);
}

/* ----------------------------------------------------------------- JSON */

static json_t *json_of_options(const quipu_option_info *options, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *option = json_object();

        jsonl_set(option, "name", jsonl_string(options[i].name));
        jsonl_set(option, "type", json_string(type_name(options[i].type)));
        jsonl_set(option, "default", jsonl_string(options[i].fallback));
        jsonl_set(option, "help", jsonl_string(options[i].help));
        json_array_append_new(list, option);
    }
    return list;
}

static void json_driver(const struct found *found, const quipu_driver *driver,
                        const quipu_error *error)
{
    json_t *line = json_object();
    size_t count = 0;
    const quipu_option_info *common = quipu_open_options(&count);

    jsonl_set(line, "scheme", jsonl_string(found->scheme));
    jsonl_set(line, "place", jsonl_string(found->place));
    if (!driver) {
        jsonl_set(line, "error", jsonl_string(error->message));
    } else {
        jsonl_set(line, "driver", jsonl_string(driver->name));
        jsonl_set(line, "version", jsonl_string(driver->version));
        jsonl_set(line, "library", jsonl_string(driver->library()));
        jsonl_set(line, "options",
                  json_of_options(driver->options, driver->option_count));
        jsonl_set(line, "common_options", json_of_options(common, count));
        jsonl_set(line, "passes_options",
                  json_boolean(driver->flags & QUIPU_DRIVER_PASSES_OPTIONS));
    }
    jsonl_print(line);
}

static enum outcome list(const struct args *args)
{
    struct listing listing = { 0 };
    enum outcome outcome = DONE;

    quipu_drivers_list(add_driver, &listing);
    for (size_t i = 0; i < listing.count; i++) {
        const quipu_driver *driver = NULL;
        quipu_error error;

        if (quipu_drivers_find(listing.drivers[i].scheme, &driver, &error) !=
            QUIPU_OK) {
            driver = NULL;
            outcome = FINDING;
        }
        if (args->json) {
            json_driver(&listing.drivers[i], driver, &error);
        } else {
            print_driver(&listing.drivers[i], driver, &error);
        }
        free(listing.drivers[i].scheme);
        free(listing.drivers[i].place);
    }
    if (listing.count > 0 && !args->json) {
        print_common_options();
    }
    free(listing.drivers);
    if (listing.count == 0) {
        fputs("quipu: no driver found; 'quipu drivers --explain sqlite' shows "
              "where drivers are searched\n",
              stderr);
        outcome = FINDING;
    }
    return outcome;
}

/* ------------------------------------------------------------- --explain */

static void explain_json(void *context, const char *place, const char *finding)
{
    json_t *line = json_object();

    (void)context;
    jsonl_set(line, "place", jsonl_string(place));
    jsonl_set(line, "finding", jsonl_string(finding));
    jsonl_print(line);
}

static void explain_row(void *context, const char *place, const char *finding)
{
    table_add_text(context, place);
    table_add_text(context, finding);
}

static enum outcome explain(const struct args *args)
{
    static const struct heading headings[] = { { .title = "place" },
                                               { .title = "finding" } };
    char *scheme = copy(args->explain, strcspn(args->explain, ":"));
    struct table *table = args->json ? NULL : table_open(headings, 2, true);
    const quipu_driver *driver = NULL;
    quipu_error error;
    int status = quipu_drivers_explain(
        scheme, args->json ? explain_json : explain_row, table, &error);

    if (status == QUIPU_INVALID) {
        table_discard(table); /* the search was refused */
    } else {
        table_close(table);
        status = quipu_drivers_find(scheme, &driver, &error);
    }
    if (status != QUIPU_OK) {
        free(scheme);
        return output_error(&error);
    }
    if (!args->json) {
        printf("\n%s: %s %s, %s\n", scheme, driver->name, driver->version,
               driver->library());
    }
    free(scheme);
    return DONE;
}

static enum outcome run(const struct args *args)
{
    return args->explain ? explain(args) : list(args);
}

const struct command drivers_command = {
    .name = "drivers",
    .arguments = "",
    .summary = "list the drivers that can be loaded",
    .help =
        "Lists the drivers in the folders of the driver search, with their\n"
        "versions and the options of their URIs, and the options that every\n"
        "driver has. With --explain, prints each place that is searched, in\n"
        "order, and the finding there.",
    .options = OPTION_EXPLAIN | OPTION_COLOR | OPTION_NO_PAGER | OPTION_JSON |
               OPTION_HELP,
    .run = run,
};
