/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options in a URI; all others are libpq's
 * (net/conninfo.c). */
#include "options.h"

#include <string.h>
#include <strings.h>

#define POOL_MAX 1000

const quipu_option_info quipu_postgres_option_table[OPTION_COUNT] = {
    { .name = "distribute",
      .fallback = "auto",
      .type = QUIPU_OPTION_TEXT,
      .help = "how a store that is created on a Citus cluster is distributed: "
              "schema, namespace, or auto: not by quipu" },
    { .name = "idle_check",
      .fallback = "30000",
      .type = QUIPU_OPTION_COUNT,
      .help =
          "milliseconds after which an idle connection is checked before it "
          "is used" },
    { .name = "lock_timeout",
      .fallback = "0",
      .type = QUIPU_OPTION_COUNT,
      .help = "milliseconds that an append waits for a lock; 0: until the "
              "deadline of the call" },
    { .name = "notify",
      .fallback = "yes",
      .type = QUIPU_OPTION_BOOL,
      .help = "wake calls that wait for the log with NOTIFY and LISTEN" },
    { .name = "poll",
      .fallback = "250",
      .type = QUIPU_OPTION_COUNT,
      .help = "milliseconds, at most, between two queries of a call that waits "
              "for the log" },
    { .name = "pool",
      .fallback = "8",
      .type = QUIPU_OPTION_COUNT,
      .help = "connections at a time, at most, beside the one that listens" },
    { .name = "prepared",
      .fallback = "auto",
      .type = QUIPU_OPTION_TEXT,
      .help = "keep prepared statements on the server: yes, no, or auto, "
              "unless a pooler stands between" },
    { .name = "schema",
      .fallback = NULL,
      .type = QUIPU_OPTION_TEXT,
      .help = "the PostgreSQL schema of quipu's tables; by default the first "
              "of the search path" },
    { .name = "shared_flush",
      .fallback = NULL,
      .type = QUIPU_OPTION_BOOL,
      .help = "of a namespace that is made: appends of many processes share a "
              "sync of the disk, and reads wait for it; by default, as the "
              "namespace was made, and no for a new one" },
    { .name = "statement_timeout",
      .fallback = "0",
      .type = QUIPU_OPTION_COUNT,
      .help = "milliseconds that a statement of an append may take; 0: until "
              "the deadline of the call" },
    { .name = "trust_server",
      .fallback = "no",
      .type = QUIPU_OPTION_BOOL,
      .help = "accept fsync=off and full_page_writes=off of a server that "
              "keeps its commits by other means" },
};

static const struct option_slot {
    const char *name;
    size_t offset;
} numbers[] = {
    { "idle_check", offsetof(struct options, idle_check) },
    { "lock_timeout", offsetof(struct options, lock_timeout) },
    { "poll", offsetof(struct options, poll) },
    { "pool", offsetof(struct options, pool) },
    { "statement_timeout", offsetof(struct options, statement_timeout) },
};

/* Larger numbers are cut to INT32_MAX, which is more than anything can use. */
static int64_t number(const quipu_host *host, const char *value)
{
    int64_t n = host->option_number(value);
    return n > INT32_MAX ? INT32_MAX : n;
}

static int set_prepared(const quipu_host *host, struct options *options,
                        const char *value, quipu_error *error)
{
    static const char *const no[] = { "0", "false", "no", "off" };
    if (strcasecmp(value, "auto") == 0) {
        options->prepared = PREPARED_AUTO;
        return QUIPU_OK;
    }
    if (host->option_bool(value)) {
        options->prepared = PREPARED_YES;
        return QUIPU_OK;
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        if (strcasecmp(value, no[i]) == 0) {
            options->prepared = PREPARED_NO;
            return QUIPU_OK;
        }
    }
    return host->error_set(error, QUIPU_INVALID, 0, NULL,
                           "option \"prepared\" must be auto, yes or no (also "
                           "true, on, 1 and false, off, 0)");
}

const char *const quipu_postgres_option_distribute[DISTRIBUTE_COUNT] = {
    [DISTRIBUTE_AUTO] = "auto",
    [DISTRIBUTE_SCHEMA] = "schema",
    [DISTRIBUTE_NAMESPACE] = "namespace",
};

static int set_distribute(const quipu_host *host, struct options *options,
                          const char *value, quipu_error *error)
{
    for (size_t i = 0; i < DISTRIBUTE_COUNT; i++) {
        if (strcasecmp(value, quipu_postgres_option_distribute[i]) == 0) {
            options->distribute = (enum distribute)i;
            return QUIPU_OK;
        }
    }
    return host->error_set(error, QUIPU_INVALID, 0, NULL,
                           "option \"distribute\" must be auto, schema or "
                           "namespace");
}

static int set(const quipu_host *host, struct options *options,
               const char *name, const char *value, quipu_error *error)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            int64_t n = number(host, value);
            memcpy((char *)options + numbers[i].offset, &n, sizeof(n));
            return QUIPU_OK;
        }
    }
    if (strcmp(name, "notify") == 0) {
        options->notify = host->option_bool(value);
    } else if (strcmp(name, "schema") == 0) {
        options->schema = value;
    } else if (strcmp(name, "shared_flush") == 0) {
        options->shared_flush =
            host->option_bool(value) ? SHARED_FLUSH_YES : SHARED_FLUSH_NO;
    } else if (strcmp(name, "prepared") == 0) {
        return set_prepared(host, options, value, error);
    } else if (strcmp(name, "distribute") == 0) {
        return set_distribute(host, options, value, error);
    } else if (strcmp(name, "trust_server") == 0) {
        options->trust_server = host->option_bool(value);
    }
    return QUIPU_OK;
}

static int check(const quipu_host *host, const struct options *options,
                 quipu_error *error)
{
    if (options->pool < 1 || options->pool > POOL_MAX) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "option \"pool\" must be 1 to %d", POOL_MAX);
    }
    if (options->poll < 1) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "option \"poll\" must be 1 or more");
    }
    if (options->schema && (options->schema[0] == '\0' ||
                            strlen(options->schema) > QUIPU_NAME_MAX)) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "option \"schema\" must have 1 to %d bytes, "
                               "the most that PostgreSQL keeps of a name",
                               QUIPU_NAME_MAX);
    }
    if (options->distribute == DISTRIBUTE_SCHEMA && !options->schema) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "distribute=schema needs schema=, the "
                               "PostgreSQL schema to create");
    }
    return QUIPU_OK;
}

int quipu_postgres_options_read(const quipu_host *host, const quipu_open *how,
                                struct options *options, quipu_error *error)
{
    int status = QUIPU_OK;
    *options = (struct options){ 0 };
    for (size_t i = 0; status == QUIPU_OK && i < OPTION_COUNT; i++) {
        const quipu_option_info *info = &quipu_postgres_option_table[i];
        if (info->fallback) {
            status = set(host, options, info->name, info->fallback, error);
        }
    }
    for (size_t i = 0; status == QUIPU_OK && i < how->option_count; i++) {
        status = set(host, options, how->options[i].name, how->options[i].value,
                     error);
    }
    return status == QUIPU_OK ? check(host, options, error) : status;
}

bool quipu_postgres_option_is_own(const char *name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(name, quipu_postgres_option_table[i].name) == 0) {
            return true;
        }
    }
    return false;
}
