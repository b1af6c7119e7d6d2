/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens an application by its environment.
 *
 * All variables are checked before anything is opened or set, so that a mistake
 * in one leaves no trace.
 */
#include <quipu/environment.h>
#include <quipu/memory.h>
#include <quipu/snapshot.h>

#include "base/error.h"
#include "base/option.h"
#include "base/status.h"
#include "base/uri.h"
#include "domain/application.h"
#include "driver/policy.h"
#include "environment/variable.h"

/* All settings of an application, by enum quipu_setting. */
struct environment {
    struct quipu_variable variables[QUIPU_SETTING_COUNT];
};

static int read_environment(struct environment *environment, const char *name,
                            quipu_error *error)
{
    int status = quipu_variable_check_name(name, error);

    if (status == QUIPU_OK) {
        status = quipu_variable_check_unknown(name, error);
    }
    for (unsigned i = 0; status == QUIPU_OK && i < QUIPU_SETTING_COUNT; i++) {
        quipu_variable_find(name, i, &environment->variables[i]);
        status = quipu_variable_check(i, &environment->variables[i], error);
    }
    if (status == QUIPU_OK &&
        !environment->variables[QUIPU_SETTING_URI].value) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "the environment variable %s is not set; it must be the URI of a "
            "store, such as sqlite:///events.db (QUIPU_URI is read, too; "
            "neither is in a set-user-id program)",
            environment->variables[QUIPU_SETTING_URI].name);
    }
    return status;
}

/* Copies *cause to *error, behind the name of the variable that the message is
 * about; returns the status. */
static int refuse(const struct quipu_variable *variable, int status,
                  const quipu_error *cause, quipu_error *error)
{
    return quipu_error_set_native(error, status, cause->native, cause->sqlstate,
                                  "%s: %s", variable->name, cause->message);
}

static int open_datastore(const struct environment *environment,
                          quipu_datastore **datastore, quipu_error *error)
{
    const struct quipu_variable *uri =
        &environment->variables[QUIPU_SETTING_URI];
    const char *schemes = environment->variables[QUIPU_SETTING_SCHEMES].value;
    int status = schemes ? quipu_policy_restrict(schemes, error) : QUIPU_OK;
    quipu_error cause;

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_status_begin(&cause);
    status = quipu_datastore_open(uri->value, NULL, datastore, &cause);
    return status == QUIPU_OK ? QUIPU_OK : refuse(uri, status, &cause, error);
}

/* Sets what the repositories of the application use.  The values are valid. */
static void set_repositories(const struct environment *environment,
                             quipu_application *application)
{
    const struct quipu_variable *variables = environment->variables;
    const char *every = variables[QUIPU_SETTING_SNAPSHOT_EVERY].value;
    const char *bytes = variables[QUIPU_SETTING_CACHE_BYTES].value;
    const char *trusted = variables[QUIPU_SETTING_CACHE_TRUSTED].value;
    bool is_trusted = false;
    uint64_t count = 0;

    if (every) {
        (void)quipu_option_count("", every, &count, NULL);
        application->snapshot_every = (uint32_t)count;
    }
    if (bytes) {
        (void)quipu_option_size("", bytes, &application->cache_bytes, NULL);
    }
    if (trusted) {
        (void)quipu_option_bool("", trusted, &is_trusted, NULL);
    }
    application->cache_flags = is_trusted ? QUIPU_CACHE_SOLE_WRITER : 0;
}

static int open_application(const struct environment *environment,
                            quipu_datastore *datastore,
                            const quipu_schema *schema,
                            const quipu_mapping *mapping,
                            quipu_application **application, quipu_error *error)
{
    const char *setup = environment->variables[QUIPU_SETTING_SETUP].value;
    bool must_set_up = true;
    int status = QUIPU_OK;

    if (setup) {
        (void)quipu_option_bool("", setup, &must_set_up, NULL); /* is checked */
    }
    if (must_set_up) {
        status = quipu_datastore_setup(datastore, schema, error);
    }
    return status == QUIPU_OK
               ? quipu_application_open(datastore, schema, mapping, application,
                                        error)
               : status;
}

int quipu_environment_open(const char *name, const quipu_schema *schema,
                           const quipu_mapping *mapping,
                           quipu_application **application, quipu_error *error)
{
    struct environment environment;
    quipu_datastore *datastore = NULL;

    if (!name || !application) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_environment_open: an argument is NULL");
    }
    int status = read_environment(&environment, name, error);

    if (status == QUIPU_OK) {
        status = open_datastore(&environment, &datastore, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status = open_application(&environment, datastore, schema, mapping,
                              application, error);
    if (status != QUIPU_OK) {
        quipu_datastore_close(datastore, NULL);
        return status;
    }
    (*application)->owns_datastore = true;
    set_repositories(&environment, *application);
    return QUIPU_OK;
}

/* ------------------------------------------------------------------ listing */

static int show(const struct quipu_variable *variable, bool is_valid,
                quipu_environment_visit visit, void *context,
                quipu_error *error)
{
    const char *value = variable->value;
    char *redacted = NULL;

    if (value && !is_valid) {
        value = "***";
    } else if (value && variable->is_secret) {
        redacted = quipu_uri_redact(value);
        if (!redacted) {
            return quipu_error_no_memory(error);
        }
        value = redacted;
    }
    visit(context, variable->name, value, variable->help);
    quipu_release(redacted);
    return QUIPU_OK;
}

int quipu_environment_list(const char *name, quipu_environment_visit visit,
                           void *context, quipu_error *error)
{
    if (!name || !visit) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_environment_list: an argument is NULL");
    }
    int status = quipu_variable_check_name(name, error);

    for (unsigned i = 0; status == QUIPU_OK && i < QUIPU_SETTING_COUNT; i++) {
        struct quipu_variable variable;

        quipu_variable_find(name, i, &variable);
        bool is_valid = quipu_variable_check(i, &variable, NULL) == QUIPU_OK;

        status = show(&variable, is_valid, visit, context, error);
    }
    return status;
}
