/* SPDX-License-Identifier: Apache-2.0 */
/* Where a URI leads: what libpq is told. */
#include "uri.h"

#include "common/text.h"
#include "options.h"

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

/* Says it as the core does where it knows all options itself. */
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

/* ------------------------------------------------------------- gathering */

/* What libpq knows, and what it has been given so far. */
struct gathering {
    const quipu_host *host;
    PQconninfoOption *libpq;
    const char *values[TARGET_MAX]; /* of libpq[i]; NULL: none */
    size_t count;
};

static bool give(struct gathering *all, const char *keyword, const char *value)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->libpq[i].keyword, keyword) == 0) {
            all->values[i] = value;
            return true;
        }
    }
    return false;
}

/* libpq takes the JDBC driver's "ssl=true" for its own "sslmode=require". */
static bool give_option(struct gathering *all, const quipu_option *option)
{
    if (strcmp(option->name, "ssl") == 0 &&
        strcmp(option->value, "true") == 0) {
        return give(all, "sslmode", "require");
    }
    return give(all, option->name, option->value);
}

static int gather(struct gathering *all, const quipu_open *how,
                  quipu_error *error)
{
    for (all->count = 0;
         all->libpq[all->count].keyword && all->count < TARGET_MAX;
         all->count++) {
        all->values[all->count] = all->libpq[all->count].val;
    }
    for (size_t i = 0; i < how->option_count; i++) {
        const quipu_option *option = &how->options[i];
        if (!quipu_postgres_option_is_own(option->name) &&
            !give_option(all, option)) {
            return unknown(all->host, all->libpq, option->name, error);
        }
    }
    (void)give(all, "client_encoding", "UTF8");
    (void)give(all, "fallback_application_name", "quipu");
    return QUIPU_OK;
}

/* ------------------------------------------------------------- the target */

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

static const char *put(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = *at;
    *at += size;
    return memcpy(copy, text, size);
}

static char *show(const struct target *target, const quipu_host *host)
{
    const char *where = quipu_postgres_target_value(target, "host");
    const char *name = quipu_postgres_target_value(target, "dbname");
    struct text text = { .host = host };
    if (!where) {
        where = quipu_postgres_target_value(target, "service");
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

static int keep(const struct gathering *all, struct target *target,
                quipu_error *error)
{
    const quipu_host *host = all->host;
    char *at = target->memory = host->allocate(size_of(all));
    for (size_t i = 0; at && i < all->count; i++) {
        if (all->values[i]) {
            target->keywords[target->count] = put(&at, all->libpq[i].keyword);
            target->values[target->count++] = put(&at, all->values[i]);
        }
    }
    target->shown = at ? show(target, host) : NULL;
    return target->shown ? QUIPU_OK
                         : host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                           "no memory for a URI");
}

/* libpq quotes what it cannot read, which may be the password: only what it
 * says before the first quotation mark is handed on. */
static int refuse_body(const quipu_host *host, const char *words,
                       quipu_error *error)
{
    int size = words ? (int)strcspn(words, "\"\n:") : 0;
    return host->error_set(error, QUIPU_INVALID, 0, NULL,
                           "libpq cannot read the URI (%.*s), which is not "
                           "shown since it may hold a password; write "
                           "postgresql://user@host:port/database",
                           size, words ? words : "");
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

int quipu_postgres_target_make(const quipu_host *host, const quipu_open *how,
                               struct target *target, quipu_error *error)
{
    struct gathering all = { .host = host };
    char *words = NULL;
    *target = (struct target){ .count = 0 };
    if (strncmp(how->body, "//", 2) != 0) {
        return refuse_body(host, "it does not begin with //", error);
    }
    all.libpq = parse(host, how->body, &words);
    if (!all.libpq) {
        bool short_of = !words || strncmp(words, "out of memory", 13) == 0;
        int refused =
            short_of ? no_memory(host, error) : refuse_body(host, words, error);
        PQfreemem(words);
        return refused;
    }
    int status = gather(&all, how, error);
    if (status == QUIPU_OK) {
        status = keep(&all, target, error);
    }
    PQconninfoFree(all.libpq);
    return status;
}

void quipu_postgres_target_finish(struct target *target, const quipu_host *host)
{
    host->release(target->memory);
    host->release(target->shown);
    *target = (struct target){ .count = 0 };
}

const char *quipu_postgres_target_value(const struct target *target,
                                        const char *keyword)
{
    for (size_t i = 0; i < target->count; i++) {
        if (strcmp(target->keywords[i], keyword) == 0) {
            return target->values[i];
        }
    }
    return NULL;
}
