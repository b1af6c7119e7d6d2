/* SPDX-License-Identifier: Apache-2.0 */
/* quipu drivers: what there is to open stores with, and where it was found. */
#include "output.h"
#include "text.h"

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
    return memcpy(quipu_tool_allocate(size + 1, 1), text, size);
}

static void remember(void *context, const char *scheme, const char *place)
{
    struct listing *listing = context;

    for (size_t i = 0; i < listing->count; i++) {
        if (strcmp(listing->drivers[i].scheme, scheme) == 0) {
            return; /* the first one found serves the scheme */
        }
    }
    listing->drivers = quipu_tool_resize(listing->drivers, listing->count + 1,
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

/* ---------------------------------------------------------- for people */

static void print_options(const quipu_driver *driver)
{
    struct text line = { 0 };

    for (uint32_t i = 0; i < driver->option_count; i++) {
        const quipu_option_info *option = &driver->options[i];

        quipu_tool_text_clear(&line);
        quipu_tool_text_print(&line, "%s=%s  %s", option->name,
                              type_name(option->type), option->help);
        if (option->fallback) {
            quipu_tool_text_print(&line, " (default: %s)", option->fallback);
        }
        quipu_tool_field(i == 0 ? "  options" : "", quipu_tool_text(&line));
    }
    if ((driver->flags & QUIPU_DRIVER_PASSES_OPTIONS) != 0) {
        quipu_tool_field(driver->option_count == 0 ? "  options" : "",
                         "(others go to the back end)");
    }
    quipu_tool_text_free(&line);
}

static void print_driver(const struct found *found, const quipu_driver *driver,
                         const quipu_error *error)
{
    struct text version = { 0 };

    printf("%s:\n", found->scheme);
    quipu_tool_field("  place", found->place);
    if (!driver) {
        quipu_tool_field("  unusable", error->message);
        return;
    }
    quipu_tool_text_print(&version, "%s %s", driver->name, driver->version);
    quipu_tool_field("  driver", quipu_tool_text(&version));
    quipu_tool_field("  library", driver->library());
    print_options(driver);
    quipu_tool_text_free(&version);
}

/* -------------------------------------------------------- for programs */

static json_t *json_of_text(const char *text)
{
    return !text ? json_null() : quipu_tool_json_text(text, strlen(text));
}

static json_t *json_of_options(const quipu_driver *driver)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < driver->option_count; i++) {
        json_t *option = json_object();

        quipu_tool_json_set(option, "name",
                            json_of_text(driver->options[i].name));
        quipu_tool_json_set(option, "type",
                            json_string(type_name(driver->options[i].type)));
        quipu_tool_json_set(option, "default",
                            json_of_text(driver->options[i].fallback));
        quipu_tool_json_set(option, "help",
                            json_of_text(driver->options[i].help));
        json_array_append_new(list, option);
    }
    return list;
}

static void json_driver(const struct found *found, const quipu_driver *driver,
                        const quipu_error *error)
{
    json_t *line = json_object();

    quipu_tool_json_set(line, "scheme", json_of_text(found->scheme));
    quipu_tool_json_set(line, "place", json_of_text(found->place));
    if (!driver) {
        quipu_tool_json_set(line, "error", json_of_text(error->message));
    } else {
        quipu_tool_json_set(line, "driver", json_of_text(driver->name));
        quipu_tool_json_set(line, "version", json_of_text(driver->version));
        quipu_tool_json_set(line, "library", json_of_text(driver->library()));
        quipu_tool_json_set(line, "options", json_of_options(driver));
        quipu_tool_json_set(
            line, "passes_options",
            json_boolean(driver->flags & QUIPU_DRIVER_PASSES_OPTIONS));
    }
    quipu_tool_json_line(line);
}

static enum outcome list(const struct args *args)
{
    struct listing listing = { 0 };
    enum outcome outcome = DONE;

    quipu_drivers_list(remember, &listing);
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
    free(listing.drivers);
    if (listing.count == 0) {
        fputs("quipu: no driver found; 'quipu drivers --explain sqlite' shows "
              "where they are looked for\n",
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
    quipu_tool_json_set(line, "place", json_of_text(place));
    quipu_tool_json_set(line, "finding", json_of_text(finding));
    quipu_tool_json_line(line);
}

static void explain_row(void *context, const char *place, const char *finding)
{
    struct text safe = { 0 };

    quipu_tool_text_safe(&safe, place, strlen(place));
    quipu_tool_table_add(context, quipu_tool_text(&safe));
    quipu_tool_text_clear(&safe);
    quipu_tool_text_safe(&safe, finding, strlen(finding));
    quipu_tool_table_add(context, quipu_tool_text(&safe));
    quipu_tool_text_free(&safe);
}

static enum outcome explain(const struct args *args)
{
    static const struct heading headings[] = { { .title = "place" },
                                               { .title = "finding" } };
    char *scheme = copy(args->explain, strcspn(args->explain, ":"));
    struct table *table =
        args->json ? NULL : quipu_tool_table_open(headings, 2, true);
    const quipu_driver *driver = NULL;
    quipu_error error;
    int status = quipu_drivers_explain(
        scheme, args->json ? explain_json : explain_row, table, &error);

    if (status == QUIPU_INVALID) {
        quipu_tool_table_discard(table); /* nothing was looked for */
    } else {
        quipu_tool_table_close(table);
        status = quipu_drivers_find(scheme, &driver, &error);
    }
    if (status != QUIPU_OK) {
        free(scheme);
        return quipu_tool_fail(&error);
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

const struct command quipu_tool_drivers = {
    .name = "drivers",
    .arguments = "",
    .summary = "list the drivers that can be loaded",
    .help =
        "Lists the drivers in the folders of the search, with their versions\n"
        "and the options that their URIs take. With --explain: each place\n"
        "that the search looks at, in order, and what it finds there.",
    .options = OPTION_EXPLAIN | OPTION_JSON | OPTION_HELP,
    .run = run,
};
