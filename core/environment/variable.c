/* SPDX-License-Identifier: Apache-2.0 */
/* Looks environment variables up, and refuses those that are mistakes. */
#include "environment/variable.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/error.h"
#include "base/option.h"
#include "driver/policy.h"

static bool is_truth(const char *value)
{
    bool truth;

    return quipu_option_bool("", value, &truth, NULL) == QUIPU_OK;
}

static bool is_size(const char *value)
{
    uint64_t size;

    return quipu_option_size("", value, &size, NULL) == QUIPU_OK && size > 0;
}

static bool is_count(const char *value)
{
    uint64_t count;

    return quipu_option_count("", value, &count, NULL) == QUIPU_OK &&
           count > 0 && count <= UINT32_MAX;
}

static bool is_scheme_list(const char *value)
{
    return quipu_policy_check_list(value, NULL) == QUIPU_OK;
}

/* quipu_datastore_open says what is wrong with a URI. */
static bool is_text(const char *value)
{
    (void)value;
    return true;
}

/* By enum quipu_setting, in alphabetical order. */
static const struct {
    const char *name;
    const char *takes; /* "<variable> must be ..." */
    const char *help;
    bool (*is_valid)(const char *value); /* of a value that is not empty */
} settings[QUIPU_SETTING_COUNT] = {
    [QUIPU_SETTING_CACHE_BYTES] = { "CACHE_BYTES",
                                    "a number of bytes above 0, such as 64m",
                                    "size of the cache of each repository; "
                                    "default: no cache",
                                    is_size },
    [QUIPU_SETTING_CACHE_TRUSTED] = { "CACHE_TRUSTED", "yes or no",
                                      "no other process writes the "
                                      "aggregates, so that a state in the "
                                      "cache is the newest: yes or no; "
                                      "default: no",
                                      is_truth },
    [QUIPU_SETTING_SCHEMES] = { "SCHEMES",
                                "a comma-separated list of schemes, such as "
                                "sqlite,lmdb",
                                "the drivers that the process accepts, by "
                                "their schemes; default: all that the program "
                                "accepts",
                                is_scheme_list },
    [QUIPU_SETTING_SETUP] = { "SETUP", "yes or no",
                              "create the tables of the schema if they do not "
                              "exist: yes or no; default: yes",
                              is_truth },
    [QUIPU_SETTING_SNAPSHOT_EVERY] = { "SNAPSHOT_EVERY",
                                       "a number of events from 1 to "
                                       "4294967295",
                                       "take a snapshot of an aggregate after "
                                       "this number of events; default: no "
                                       "snapshots",
                                       is_count },
    [QUIPU_SETTING_URI] = { "URI",
                            "the URI of a store, such as sqlite:///events.db",
                            "the URI of the store; required", is_text },
};

/* Further variables that begin with QUIPU_ and are read by the library, by
 * quipu-conformance, or by the tests of quipu and of drivers.  One that ends
 * with '_' stands for all that begin so.  tests/checks/variables.sh compares
 * this list with the sources. */
static const char *const others[] = {
    "CONFORMANCE_",
    "DRIVER_PATH",
    "FAULTS",
    "FAULT_",
    "FLIPS",
    "HISTORIES",
    "MUTANT",
    "PAGER",
    "PATIENCE",
    "PG_EXTRA",
    "SAFEGUARD",
    "SAFEGUARD_SQL",
    "SAFEGUARD_SQL_BY",
    "SCENARIO_URI",
    "SOAK",
    "TEST_",
};

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

int quipu_variable_check_name(const char *application, quipu_error *error)
{
    size_t size = strspn(application, CAPITALS "0123456789_");

    if (size < 1 || size > QUIPU_ENVIRONMENT_NAME_MAX || application[size] ||
        !strchr(CAPITALS, application[0]) ||
        strncmp(application, "QUIPU", 5) == 0) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "the name of an application in environment variables must be 1 to "
            "%d of A-Z, 0-9 and _, begin with a letter, and not with QUIPU",
            QUIPU_ENVIRONMENT_NAME_MAX);
    }
    return QUIPU_OK;
}

/* As secure_getenv, which some C libraries lack. */
static bool is_privileged(void)
{
    return getauxval(AT_SECURE) != 0;
}

/* Sets the name of a variable, and its value if it is set. */
static void look_up(struct quipu_variable *variable, const char *application,
                    const char *setting)
{
    (void)snprintf(variable->name, sizeof(variable->name), "%s%sQUIPU_%s",
                   application, *application ? "_" : "", setting);
    variable->value = is_privileged() ? NULL : getenv(variable->name);
}

void quipu_variable_find(const char *application, enum quipu_setting setting,
                         struct quipu_variable *variable)
{
    const char *name = settings[setting].name;
    struct quipu_variable common;

    variable->help = settings[setting].help;
    variable->is_secret = setting == QUIPU_SETTING_URI;
    look_up(variable, application, name);
    if (variable->value) {
        return;
    }
    look_up(&common, "", name);
    if (common.value) {
        memcpy(variable->name, common.name, sizeof(common.name));
        variable->value = common.value;
    }
}

int quipu_variable_check(enum quipu_setting setting,
                         const struct quipu_variable *variable,
                         quipu_error *error)
{
    if (!variable->value || (variable->value[0] != '\0' &&
                             settings[setting].is_valid(variable->value))) {
        return QUIPU_OK;
    }
    return quipu_error_set(
        error, QUIPU_INVALID, "the environment variable %s %s; it must be %s",
        variable->name,
        variable->value[0] == '\0' ? "is empty" : "has a wrong value",
        settings[setting].takes);
}

/* ------------------------------------------------------ unknown variables */

/* Whether the setting, of `size` bytes, is one of the table. */
static bool is_known(const char *setting, size_t size)
{
    for (size_t i = 0; i < QUIPU_SETTING_COUNT; i++) {
        if (strlen(settings[i].name) == size &&
            memcmp(settings[i].name, setting, size) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_other(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        size_t known = strlen(others[i]);
        bool is_prefix = others[i][known - 1] == '_';

        if ((size == known || (is_prefix && size > known)) &&
            memcmp(others[i], name, known) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns the part of an entry of the environment behind the prefix
 * [<application>_]QUIPU_, or NULL. */
static const char *behind_prefix(const char *entry, const char *application)
{
    size_t size = strlen(application);

    if (strncmp(entry, application, size) != 0) {
        return NULL;
    }
    entry += size;
    if (size > 0) {
        if (*entry != '_') {
            return NULL;
        }
        entry++;
    }
    return strncmp(entry, "QUIPU_", 6) == 0 ? entry + 6 : NULL;
}

/* Returns the number of characters to insert, remove or replace (Levenshtein)
 * to get from a text of `size` bytes to a name.  Letters of both cases are
 * equal. */
static size_t distance(const char *text, size_t size, const char *name)
{
    size_t row[32]; /* of the prefix of the text: to each prefix of the name */
    size_t length = strlen(name);

    for (size_t j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= size; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t replaced =
                diagonal + (toupper((unsigned char)text[i - 1]) != name[j - 1]);

            diagonal = row[j];
            if (row[j - 1] < row[j]) {
                row[j] = row[j - 1];
            }
            row[j]++;
            if (replaced < row[j]) {
                row[j] = replaced;
            }
        }
    }
    return row[length];
}

static const char *nearest(const char *text, size_t size)
{
    size_t best = 0;

    for (size_t i = 1; i < QUIPU_SETTING_COUNT; i++) {
        if (distance(text, size, settings[i].name) <
            distance(text, size, settings[best].name)) {
            best = i;
        }
    }
    return settings[best].name;
}

/* `name` is the unknown variable, up to its '='; `setting` is the part of it
 * behind the prefix. */
static int refuse(const char *application, const char *name,
                  const char *setting, quipu_error *error)
{
    size_t size = strcspn(setting, "=");
    int shown = (int)(setting - name) + (int)strspn(setting, CAPITALS
                                                    "abcdefghijklmnopqrstuvwxyz"
                                                    "0123456789_");
    char known[QUIPU_SETTING_COUNT * 24] = "";
    size_t used = 0;

    for (size_t i = 0; i < QUIPU_SETTING_COUNT; i++) {
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
                                 i > 0 ? ", " : "", settings[i].name);
    }
    return quipu_error_set(
        error, QUIPU_INVALID,
        "there is no setting for the environment variable %.*s; did you mean "
        "%.*s%s?  Known after %s_QUIPU_ and QUIPU_ are %s",
        shown < 127 ? shown : 127, name, (int)(setting - name), name,
        nearest(setting, size < 64 ? size : 64), application, known);
}

int quipu_variable_check_unknown(const char *application, quipu_error *error)
{
    if (!environ || is_privileged()) {
        return QUIPU_OK;
    }
    for (char **entry = environ; *entry; entry++) {
        const char *own = behind_prefix(*entry, application);
        const char *setting = own ? own : behind_prefix(*entry, "");
        size_t size = setting ? strcspn(setting, "=") : 0;

        if (setting && !is_known(setting, size) &&
            (own || !is_other(setting, size))) {
            return refuse(application, *entry, setting, error);
        }
    }
    return QUIPU_OK;
}
