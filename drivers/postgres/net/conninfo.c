/* SPDX-License-Identifier: Apache-2.0 */
/* A URI as libpq's connection parameters. */
#include "conninfo.h"

#include "options.h"

#include "common/text.h"

#include <libpq-fe.h>
#include <string.h>

/* --------------------------------------------------------------- unknown */

static void add_known(struct text *list, const char *name)
{
    if (list->size > 0) {
        quipu_common_text_add(list, ", ");
    }
    quipu_common_text_add(list, name);
}

/* The same message that the core has for drivers whose options it knows. */
static int unknown(const quipu_host *host, const PQconninfoOption *libpq,
                   const char *name, quipu_error *error)
{
    static const char *const common[] = {
        "create", "durability", "group", "namespace", "readonly", "timeout"
    };
    struct text list = { .host = host };
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        add_known(&list, common[i]);
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        add_known(&list, quipu_postgres_option_table[i].name);
    }
    for (; libpq->keyword; libpq++) {
        if (!strchr(libpq->dispchar, 'D')) {
            add_known(&list, libpq->keyword);
        }
    }
    int status = host->error_set(
        error, QUIPU_INVALID, 0, NULL,
        "driver \"postgres\" has no option \"%.100s\"; known are: %s", name,
        list.failed ? "too many to name" : list.data);
    quipu_common_text_finish(&list);
    return status;
}

/* The same as the core's message about an option behind a password: a password
 * with '&' continues in what looks like options. */
static int unknown_behind_password(const quipu_host *host, quipu_error *error)
{
    return host->error_set(
        error, QUIPU_INVALID, 0, NULL,
        "driver \"postgres\" does not have an option of the URI, whose name is "
        "not shown, since it may be part of a password (write %%3F for '?' and "
        "%%26 for '&' in one)");
}

/* ------------------------------------------------------------- gathering */

/* libpq's keywords and the values found so far. */
struct gathering {
    const quipu_host *host;
    PQconninfoOption *libpq;
    const char *values[CONNINFO_MAX]; /* of libpq[i], or NULL */
    size_t count;
};

static bool set(struct gathering *all, const char *keyword, const char *value)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->libpq[i].keyword, keyword) == 0) {
            all->values[i] = value;
            return true;
        }
    }
    return false;
}

/* In a URI libpq accepts "ssl=true", as the JDBC driver has it, for
 * "sslmode=require". */
static bool set_option(struct gathering *all, const quipu_option *option)
{
    if (strcmp(option->name, "ssl") == 0 &&
        strcmp(option->value, "true") == 0) {
        return set(all, "sslmode", "require");
    }
    return set(all, option->name, option->value);
}

static int gather(struct gathering *all, const quipu_open *how,
                  quipu_error *error)
{
    for (all->count = 0;
         all->libpq[all->count].keyword && all->count < CONNINFO_MAX;
         all->count++) {
        all->values[all->count] = all->libpq[all->count].val;
    }
    bool behind_password = false;
    for (size_t i = 0; i < how->option_count; i++) {
        const quipu_option *option = &how->options[i];
        if (!quipu_postgres_option_is_own(option->name) &&
            !set_option(all, option)) {
            return behind_password
                       ? unknown_behind_password(all->host, error)
                       : unknown(all->host, all->libpq, option->name, error);
        }
        behind_password |= strstr(option->name, "password") != NULL;
    }
    (void)set(all, "client_encoding", "UTF8");
    (void)set(all, "fallback_application_name", "quipu");
    return QUIPU_OK;
}

/* --------------------------------------------------------------- the result */

static size_t size_of(const struct gathering *all)
{
    size_t size = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (all->values[i]) {
            size += strlen(all->libpq[i].keyword) + 1;
            size += strlen(all->values[i]) + 1;
        }
    }
    return size;
}

/* Copies a string to *at and moves *at behind it. */
static const char *copy_to(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = *at;
    *at += size;
    return memcpy(copy, text, size);
}

static char *show(const struct conninfo *conninfo, const quipu_host *host)
{
    const char *where = quipu_postgres_conninfo_value(conninfo, "host");
    const char *name = quipu_postgres_conninfo_value(conninfo, "dbname");
    struct text text = { .host = host };
    if (!where) {
        where = quipu_postgres_conninfo_value(conninfo, "service");
    }
    if (name && strchr(name, '=')) {
        name = "***"; /* parameters, perhaps with a password, in its place */
    }
    quipu_common_text_add(&text, "postgresql://");
    quipu_common_text_add(&text, where ? where : "");
    quipu_common_text_add(&text, "/");
    quipu_common_text_add(&text, name ? name : "");
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}

static int no_memory(const quipu_host *host, quipu_error *error)
{
    return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for a URI");
}

static int keep(const struct gathering *all, struct conninfo *conninfo,
                quipu_error *error)
{
    const quipu_host *host = all->host;
    char *at = conninfo->memory = host->allocate(size_of(all));
    for (size_t i = 0; at && i < all->count; i++) {
        if (all->values[i]) {
            conninfo->keywords[conninfo->count] =
                copy_to(&at, all->libpq[i].keyword);
            conninfo->values[conninfo->count++] = copy_to(&at, all->values[i]);
        }
    }
    conninfo->shown = at ? show(conninfo, host) : NULL;
    return conninfo->shown ? QUIPU_OK : no_memory(host, error);
}

/* libpq's message may quote the part that it cannot parse, which may be the
 * password: only the text before the first quotation mark is used. */
static int refuse_body(const quipu_host *host, const char *words,
                       quipu_error *error)
{
    int size = words ? (int)strcspn(words, "\"\n:") : 0;
    return host->error_set(error, QUIPU_INVALID, 0, NULL,
                           "libpq cannot parse the URI (%.*s), which is not "
                           "shown since it may hold a password; write "
                           "postgresql://user@host:port/database",
                           size, words ? words : "");
}

/* A '/', '?' or '@' in a password ends it for libpq, and the rest becomes a
 * part of the URI that messages show: host, port, database or the name of an
 * option.  Such a URI has an '@' where none belongs, or a port that is no
 * number. */
static const char *find_misplaced(const quipu_open *how,
                                  const PQconninfoOption *libpq)
{
    const char *body = how->body + 2;
    const char *path = body + strcspn(body, "/");
    const char *at = strchr(body, '@');
    if (at && (at > path || strchr(at + 1, '@'))) {
        return "an @ stands behind the host or twice before it";
    }
    for (size_t i = 0; i < how->option_count; i++) {
        if (strchr(how->options[i].name, '@') ||
            strchr(how->options[i].name, '/')) {
            return "the name of an option has an @ or a /";
        }
    }
    for (; libpq->keyword; libpq++) {
        if (strcmp(libpq->keyword, "port") == 0 && libpq->val &&
            libpq->val[strspn(libpq->val, "0123456789,")] != '\0') {
            return "the port is not a number";
        }
    }
    return NULL;
}

static int refuse_misplaced(const quipu_host *host, const char *what,
                            quipu_error *error)
{
    return host->error_set(
        error, QUIPU_INVALID, 0, NULL,
        "in the URI %s; it is not shown since that may be part of a password. "
        "Write / as %%2F, ? as %%3F, @ as %%40, # as %%23 and %% as %%25 in "
        "user, password and database",
        what);
}

static PQconninfoOption *parse(const quipu_host *host, const char *body,
                               char **words)
{
    struct text uri = { .host = host };
    PQconninfoOption *parsed = NULL;
    quipu_common_text_add(&uri, "postgresql:");
    quipu_common_text_add(&uri, body);
    if (!uri.failed) {
        parsed = PQconninfoParse(uri.data, words);
    }
    quipu_common_text_finish(&uri);
    return parsed;
}

int quipu_postgres_conninfo_parse(const quipu_host *host, const quipu_open *how,
                                  struct conninfo *conninfo, quipu_error *error)
{
    struct gathering all = { .host = host };
    char *words = NULL;
    *conninfo = (struct conninfo){ .count = 0 };
    if (strncmp(how->body, "//", 2) != 0) {
        return refuse_body(host, "it does not begin with //", error);
    }
    all.libpq = parse(host, how->body, &words);
    if (!all.libpq) {
        bool no_room = !words || strncmp(words, "out of memory", 13) == 0;
        int refused =
            no_room ? no_memory(host, error) : refuse_body(host, words, error);
        PQfreemem(words);
        return refused;
    }
    const char *misplaced = find_misplaced(how, all.libpq);
    int status = misplaced ? refuse_misplaced(host, misplaced, error)
                           : gather(&all, how, error);
    if (status == QUIPU_OK) {
        status = keep(&all, conninfo, error);
    }
    PQconninfoFree(all.libpq);
    return status;
}

void quipu_postgres_conninfo_finish(struct conninfo *conninfo,
                                    const quipu_host *host)
{
    host->release(conninfo->memory);
    host->release(conninfo->shown);
    *conninfo = (struct conninfo){ .count = 0 };
}

const char *quipu_postgres_conninfo_value(const struct conninfo *conninfo,
                                          const char *keyword)
{
    for (size_t i = 0; i < conninfo->count; i++) {
        if (strcmp(conninfo->keywords[i], keyword) == 0) {
            return conninfo->values[i];
        }
    }
    return NULL;
}
