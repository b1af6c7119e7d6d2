/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a URI and settings, and takes quipu's own options out. */
#include "records/opening.h"

#include <string.h>

#include <quipu/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/structs.h"
#include "base/utf8.h"
#include "records/handles.h"

enum { DEFAULT_TIMEOUT = 5000, NAMESPACE_MAX = 63 };

/* Sets in an opening what the option's value says. */
typedef int (*choose)(struct quipu_opening *opening, const char *value,
                      quipu_error *error);

static int choose_create(struct quipu_opening *opening, const char *value,
                         quipu_error *error)
{
    bool create = true;
    int status = quipu_option_bool("create", value, &create, error);

    if (!create) {
        opening->how.flags &= ~(uint32_t)QUIPU_OPEN_CREATE;
    }
    return status;
}

static int choose_durability(struct quipu_opening *opening, const char *value,
                             quipu_error *error)
{
    if (strcmp(value, "relaxed") == 0) {
        opening->how.flags |= QUIPU_OPEN_RELAXED;
    } else if (strcmp(value, "full") != 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "option \"durability\" must be full or "
                               "relaxed");
    }
    return QUIPU_OK;
}

static int choose_group(struct quipu_opening *opening, const char *value,
                        quipu_error *error)
{
    uint64_t most = QUIPU_QUEUE_BOUND;
    int status = quipu_option_count("group", value, &most, error);

    if (status == QUIPU_OK && (most < 1 || most > QUIPU_QUEUE_BOUND_MAX)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "option \"group\" must be 1 to %d",
                               QUIPU_QUEUE_BOUND_MAX);
    }
    opening->group = (size_t)most;
    return status;
}

static int choose_namespace(struct quipu_opening *opening, const char *value,
                            quipu_error *error)
{
    if (strlen(value) > NAMESPACE_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "option \"namespace\" must have 0 to %d bytes",
                               NAMESPACE_MAX);
    }
    opening->how.name_space = value;
    return QUIPU_OK;
}

static int choose_readonly(struct quipu_opening *opening, const char *value,
                           quipu_error *error)
{
    bool readonly = false;
    int status = quipu_option_bool("readonly", value, &readonly, error);

    if (readonly) {
        opening->how.flags |= QUIPU_OPEN_READONLY;
    }
    return status;
}

static int choose_timeout(struct quipu_opening *opening, const char *value,
                          quipu_error *error)
{
    uint64_t milliseconds = DEFAULT_TIMEOUT;
    int status = quipu_option_count("timeout", value, &milliseconds, error);

    opening->timeout =
        milliseconds < INT64_MAX ? (int64_t)milliseconds : INT64_MAX;
    return status;
}

static const quipu_option_info own_options[] = {
    { .name = "create",
      .fallback = "yes",
      .help = "create a store that is not there",
      .type = QUIPU_OPTION_BOOL },
    { .name = "durability",
      .fallback = "full",
      .help = "what survives a power cut: full or relaxed",
      .type = QUIPU_OPTION_TEXT },
    { .name = "group",
      .fallback = "256",
      .help = "appends of several threads in one commit, at most; 1: each "
              "alone",
      .type = QUIPU_OPTION_COUNT },
    { .name = "namespace",
      .fallback = "",
      .help = "an independent set of schemas in the same store",
      .type = QUIPU_OPTION_TEXT },
    { .name = "readonly",
      .fallback = "no",
      .help = "change no byte of the store",
      .type = QUIPU_OPTION_BOOL },
    { .name = "timeout",
      .fallback = "5000",
      .help = "milliseconds for each call as a whole",
      .type = QUIPU_OPTION_COUNT },
};

enum { OWN_OPTIONS = sizeof(own_options) / sizeof(own_options[0]) };

static const choose choices[OWN_OPTIONS] = { choose_create,   choose_durability,
                                             choose_group,    choose_namespace,
                                             choose_readonly, choose_timeout };

const quipu_option_info *quipu_opening_options(size_t *count)
{
    *count = OWN_OPTIONS;
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
        return quipu_error_set(error, QUIPU_INVALID,
                               "settings: %zu %s; at most %d are possible",
                               count, list, QUIPU_URI_OPTIONS_MAX);
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

/* --------------------------------------------------------- both together */

/* Adds options, each at most once; a default only if it is not there. */
static int add(struct quipu_opening *opening, const quipu_option *options,
               size_t count, bool defaults, quipu_error *error)
{
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;

        while (j < opening->option_count &&
               strcmp(opening->options[j].name, options[i].name) != 0) {
            j++;
        }
        if (j == opening->option_count) {
            opening->options[opening->option_count++] = options[i];
        } else if (!defaults) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "option \"%s\" is given twice",
                                   options[i].name);
        }
    }
    return QUIPU_OK;
}

/* Puts the options of both into one array. */
static int gather(struct quipu_opening *opening, const quipu_settings *settings,
                  quipu_error *error)
{
    const quipu_uri *uri = &opening->uri;
    int status;

    opening->options =
        quipu_allocate_array(uri->option_count + settings->option_count +
                                 settings->default_count + 1,
                             sizeof(*opening->options));
    if (!opening->options) {
        return quipu_error_no_memory(error);
    }
    status = add(opening, uri->options, uri->option_count, false, error);
    if (status == QUIPU_OK) {
        status = add(opening, settings->options, settings->option_count, false,
                     error);
    }
    return status == QUIPU_OK ? add(opening, settings->defaults,
                                    settings->default_count, true, error)
                              : status;
}

/* Removes an option from the gathered ones; its value, or NULL. */
static const char *take(struct quipu_opening *opening, const char *name)
{
    for (size_t i = 0; i < opening->option_count; i++) {
        if (strcmp(opening->options[i].name, name) == 0) {
            const char *value = opening->options[i].value;
            size_t after = --opening->option_count - i;

            memmove(&opening->options[i], &opening->options[i + 1],
                    after * sizeof(*opening->options));
            quipu_uri_take(&opening->uri, name);
            return value;
        }
    }
    return NULL;
}

static int take_own(struct quipu_opening *opening, quipu_error *error)
{
    int status = QUIPU_OK;

    opening->how.flags = QUIPU_OPEN_CREATE;
    opening->how.name_space = "";
    opening->timeout = DEFAULT_TIMEOUT;
    opening->group = QUIPU_QUEUE_BOUND;
    for (size_t i = 0; status == QUIPU_OK && i < OWN_OPTIONS; i++) {
        const char *value = take(opening, own_options[i].name);

        if (value) {
            status = choices[i](opening, value, error);
        }
    }
    if (opening->how.flags & QUIPU_OPEN_READONLY) {
        opening->how.flags &= ~(uint32_t)QUIPU_OPEN_CREATE;
    }
    return status;
}

int quipu_opening_init(struct quipu_opening *opening, const char *uri,
                       const quipu_settings *given, quipu_error *error)
{
    quipu_settings settings = { .struct_size = sizeof(settings) };
    int status = QUIPU_OK;

    memset(opening, 0, sizeof(*opening));
    if (given) {
        status = quipu_struct_take(&settings, sizeof(settings), given,
                                   "settings", error);
    }
    if (status == QUIPU_OK) {
        status = check_settings(&settings, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_uri_parse(&opening->uri, uri, error);
    }
    if (status == QUIPU_OK) {
        status = gather(opening, &settings, error);
    }
    if (status == QUIPU_OK) {
        status = take_own(opening, error);
    }
    opening->how.struct_size = sizeof(opening->how);
    opening->how.scheme = opening->uri.scheme;
    opening->how.body = opening->uri.body;
    opening->how.rest = opening->uri.rest;
    opening->how.options = opening->options;
    opening->how.option_count = opening->option_count;
    return status;
}

void quipu_opening_finish(struct quipu_opening *opening)
{
    quipu_release(opening->options);
    quipu_uri_finish(&opening->uri);
}
