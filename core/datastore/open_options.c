/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects the options of a URI and of settings, interprets those of the core,
 * and checks the others against the table that the driver publishes.
 *
 * Each option may be given once, either in the URI or in the settings'
 * `options`; the settings' `defaults` fill in what is missing.  An option that
 * neither the core nor the driver knows is an error, so that a misspelt option
 * is noticed; the message lists the names that exist.  Only a driver with
 * QUIPU_DRIVER_PASSES_OPTIONS accepts any name, because it hands the options to
 * its library.
 */
#include "datastore/open_options.h"

#include <stdio.h>
#include <string.h>

#include <quipu/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/structs.h"
#include "base/utf8.h"
#include "datastore/commit_queue.h"

enum { DEFAULT_TIMEOUT = 5000, NAMESPACE_MAX = 63 };

/* Applies the value of one of the core's own options. */
typedef int (*apply)(struct quipu_open_options *parsed, const char *value,
                     quipu_error *error);

static int apply_create(struct quipu_open_options *parsed, const char *value,
                        quipu_error *error)
{
    bool create = true;
    int status = quipu_option_bool("create", value, &create, error);

    if (!create) {
        parsed->how.flags &= ~(uint32_t)QUIPU_OPEN_CREATE;
    }
    return status;
}

static int apply_durability(struct quipu_open_options *parsed,
                            const char *value, quipu_error *error)
{
    if (strcmp(value, "relaxed") == 0) {
        parsed->how.flags |= QUIPU_OPEN_RELAXED;
    } else if (strcmp(value, "full") != 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "option \"durability\" must be full or "
                               "relaxed");
    }
    return QUIPU_OK;
}

static int apply_group(struct quipu_open_options *parsed, const char *value,
                       quipu_error *error)
{
    uint64_t most = QUIPU_COMMIT_QUEUE_GROUP;
    int status = quipu_option_count("group", value, &most, error);

    if (status == QUIPU_OK &&
        (most < 1 || most > QUIPU_COMMIT_QUEUE_GROUP_MAX)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "option \"group\" must be 1 to %d",
                               QUIPU_COMMIT_QUEUE_GROUP_MAX);
    }
    parsed->group = (size_t)most;
    return status;
}

static int apply_namespace(struct quipu_open_options *parsed, const char *value,
                           quipu_error *error)
{
    if (strlen(value) > NAMESPACE_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "option \"namespace\" must have 0 to %d bytes",
                               NAMESPACE_MAX);
    }
    if (strcmp(value, "*") == 0) {
        parsed->how.flags |= QUIPU_OPEN_ALL_NAMESPACES;
        value = "";
    }
    parsed->how.name_space = value;
    return QUIPU_OK;
}

static int apply_readonly(struct quipu_open_options *parsed, const char *value,
                          quipu_error *error)
{
    bool readonly = false;
    int status = quipu_option_bool("readonly", value, &readonly, error);

    if (readonly) {
        parsed->how.flags |= QUIPU_OPEN_READONLY;
    }
    return status;
}

static int apply_timeout(struct quipu_open_options *parsed, const char *value,
                         quipu_error *error)
{
    uint64_t milliseconds = DEFAULT_TIMEOUT;
    int status = quipu_option_count("timeout", value, &milliseconds, NULL);

    if (status != QUIPU_OK) {
        return quipu_error_set(error, status,
                               "option \"timeout\" must be a number of "
                               "milliseconds, without a unit, such as 5000");
    }
    parsed->timeout =
        milliseconds < INT64_MAX ? (int64_t)milliseconds : INT64_MAX;
    return QUIPU_OK;
}

/* The options that mean the same in every driver, by name; `appliers` below has
 * the same order. */
static const quipu_option_info own_options[] = {
    { .name = "create",
      .fallback = "yes",
      .help = "create a store that does not exist",
      .type = QUIPU_OPTION_BOOL },
    { .name = "durability",
      .fallback = "full",
      .help = "durability after a power cut: full or relaxed",
      .type = QUIPU_OPTION_TEXT },
    { .name = "group",
      .fallback = "256",
      .help = "largest number of appends of several threads in one "
              "commit; 1: each alone",
      .type = QUIPU_OPTION_COUNT },
    { .name = "namespace",
      .fallback = "",
      .help = "an independent set of schemas in the same store; *: list all",
      .type = QUIPU_OPTION_TEXT },
    { .name = "readonly",
      .fallback = "no",
      .help = "change no byte of the store",
      .type = QUIPU_OPTION_BOOL },
    { .name = "timeout",
      .fallback = "5000",
      .help = "limit of each call in milliseconds",
      .type = QUIPU_OPTION_COUNT },
};

enum { OWN_OPTIONS = sizeof(own_options) / sizeof(own_options[0]) };

static const apply appliers[OWN_OPTIONS] = { apply_create,   apply_durability,
                                             apply_group,    apply_namespace,
                                             apply_readonly, apply_timeout };

QUIPU_API const quipu_option_info *quipu_open_options(size_t *count)
{
    if (count) {
        *count = OWN_OPTIONS;
    }
    return own_options;
}

/* ------------------------------------------------------------- settings */

static int check_setting(const char *list, const quipu_option *option,
                         size_t index, quipu_error *error)
{
    if (!option->name || !option->value) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "settings: %s[%zu] has no %s", list, index,
                               option->name ? "value" : "name");
    }
    if (option->reserved[0] || option->reserved[1]) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "settings: %s[%zu] has a reserved member that "
                               "is not 0",
                               list, index);
    }
    if (!quipu_utf8_valid(
            (quipu_bytes){ option->name, strlen(option->name) }) ||
        !quipu_utf8_valid(
            (quipu_bytes){ option->value, strlen(option->value) })) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "settings: %s[%zu] is not UTF-8", list, index);
    }
    return QUIPU_OK;
}

static int check_list(const char *list, const quipu_option *options,
                      size_t count, quipu_error *error)
{
    int status = QUIPU_OK;

    if (count > QUIPU_URI_OPTIONS_MAX) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "settings: there are %zu %s; at most %d are allowed", count, list,
            QUIPU_URI_OPTIONS_MAX);
    }
    if (count > 0 && !options) {
        return quipu_error_set(error, QUIPU_INVALID, "settings: %s is NULL",
                               list);
    }
    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status = check_setting(list, &options[i], i, error);
    }
    return status;
}

static int check_settings(const quipu_settings *settings, quipu_error *error)
{
    int status;

    if (settings->reserved) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "settings: reserved is not 0");
    }
    status =
        check_list("options", settings->options, settings->option_count, error);
    return status == QUIPU_OK ? check_list("defaults", settings->defaults,
                                           settings->default_count, error)
                              : status;
}

/* --------------------------------------------------- options of all sources */

/* Appends options.  One that is given already is an error, or if these are
 * `defaults`, is left out. */
static int add(struct quipu_open_options *parsed, const quipu_option *options,
               size_t count, bool defaults, quipu_error *error)
{
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;

        while (j < parsed->option_count &&
               strcmp(parsed->options[j].name, options[i].name) != 0) {
            j++;
        }
        if (j == parsed->option_count) {
            parsed->options[parsed->option_count++] = options[i];
        } else if (!defaults) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "option \"%s\" is given twice",
                                   options[i].name);
        }
    }
    return QUIPU_OK;
}

/* Collects the options of the URI and the settings in one array. */
static int gather(struct quipu_open_options *parsed,
                  const quipu_settings *settings, quipu_error *error)
{
    const quipu_uri *uri = &parsed->uri;
    int status;

    parsed->options =
        quipu_allocate_array(uri->option_count + settings->option_count +
                                 settings->default_count + 1,
                             sizeof(*parsed->options));
    if (!parsed->options) {
        return quipu_error_no_memory(error);
    }
    status = add(parsed, uri->options, uri->option_count, false, error);
    if (status == QUIPU_OK) {
        status = add(parsed, settings->options, settings->option_count, false,
                     error);
    }
    return status == QUIPU_OK ? add(parsed, settings->defaults,
                                    settings->default_count, true, error)
                              : status;
}

/* Removes an option from the array and from the URI.  Returns its value, or
 * NULL. */
static const char *take(struct quipu_open_options *parsed, const char *name)
{
    for (size_t i = 0; i < parsed->option_count; i++) {
        if (strcmp(parsed->options[i].name, name) == 0) {
            const char *value = parsed->options[i].value;
            size_t after = --parsed->option_count - i;

            memmove(&parsed->options[i], &parsed->options[i + 1],
                    after * sizeof(*parsed->options));
            quipu_uri_take(&parsed->uri, name);
            return value;
        }
    }
    return NULL;
}

/* Removes the core's own options and applies them. */
static int take_own(struct quipu_open_options *parsed, quipu_error *error)
{
    int status = QUIPU_OK;

    parsed->how.flags = QUIPU_OPEN_CREATE;
    parsed->how.name_space = "";
    parsed->timeout = DEFAULT_TIMEOUT;
    parsed->group = QUIPU_COMMIT_QUEUE_GROUP;
    for (size_t i = 0; status == QUIPU_OK && i < OWN_OPTIONS; i++) {
        const char *value = take(parsed, own_options[i].name);

        if (value) {
            status = appliers[i](parsed, value, error);
        }
    }
    if (parsed->how.flags & (QUIPU_OPEN_READONLY | QUIPU_OPEN_ALL_NAMESPACES)) {
        parsed->how.flags &= ~(uint32_t)QUIPU_OPEN_CREATE;
    }
    return status;
}

int quipu_open_options_init(struct quipu_open_options *parsed, const char *uri,
                            const quipu_settings *given, quipu_error *error)
{
    quipu_settings settings = { .struct_size = sizeof(settings) };
    int status = QUIPU_OK;

    memset(parsed, 0, sizeof(*parsed));
    if (given) {
        status = quipu_struct_take(&settings, sizeof(settings), given,
                                   "settings", error);
    }
    if (status == QUIPU_OK) {
        status = check_settings(&settings, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_uri_parse(&parsed->uri, uri, error);
    }
    if (status == QUIPU_OK) {
        status = gather(parsed, &settings, error);
    }
    if (status == QUIPU_OK) {
        status = take_own(parsed, error);
    }
    parsed->how.struct_size = sizeof(parsed->how);
    parsed->how.scheme = parsed->uri.scheme;
    parsed->how.body = parsed->uri.body;
    parsed->how.rest = parsed->uri.rest;
    parsed->how.options = parsed->options;
    parsed->how.option_count = parsed->option_count;
    return status;
}

void quipu_open_options_finish(struct quipu_open_options *parsed)
{
    quipu_release(parsed->options);
    quipu_uri_finish(&parsed->uri);
}

/* ------------------------------------------------- the driver's options */

/* A list of names for a message, which ends before the name that does not
 * fit. */
struct names {
    size_t size;
    char text[768];
};

static void add_names(struct names *names, const quipu_option_info *options,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t room = sizeof(names->text) - names->size;
        int wrote = snprintf(names->text + names->size, room, "%s%s",
                             names->size > 0 ? ", " : "", options[i].name);

        if (wrote < 0 || (size_t)wrote >= room) {
            names->text[names->size] = '\0';
            return;
        }
        names->size += (size_t)wrote;
    }
}

static int refuse_unknown(const struct quipu_open_options *parsed,
                          const quipu_driver *driver, const char *name,
                          quipu_error *error)
{
    struct names names = { .size = 0 };

    if (!quipu_uri_redact_shows_name(&parsed->uri, name)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "driver \"%s\" does not have an option of the "
                               "URI, whose name is not shown, since it may be "
                               "part of a password (write %%3F for '?' and "
                               "%%26 for '&' in one)",
                               driver->name);
    }
    add_names(&names, own_options, OWN_OPTIONS);
    add_names(&names, driver->options, driver->option_count);
    return quipu_error_set(error, QUIPU_INVALID,
                           "driver \"%s\" has no option \"%.100s\"; known are: "
                           "%s",
                           driver->name, name, names.text);
}

static const quipu_option_info *find_published(const quipu_driver *driver,
                                               const char *name)
{
    for (uint32_t i = 0; i < driver->option_count; i++) {
        if (strcmp(driver->options[i].name, name) == 0) {
            return &driver->options[i];
        }
    }
    return NULL;
}

int quipu_open_options_check(const struct quipu_open_options *parsed,
                             const quipu_driver *driver, quipu_error *error)
{
    bool passes = (driver->flags & QUIPU_DRIVER_PASSES_OPTIONS) != 0;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < parsed->option_count; i++) {
        const quipu_option *option = &parsed->options[i];
        const quipu_option_info *info = find_published(driver, option->name);

        if (info) {
            status = quipu_option_check(info, option->value, error);
        } else if (!passes) {
            status = refuse_unknown(parsed, driver, option->name, error);
        }
    }
    return status;
}
