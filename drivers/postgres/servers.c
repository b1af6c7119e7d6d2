/* SPDX-License-Identifier: Apache-2.0 */
/* The servers that a URI, the environment or a service file name. */
#include "servers.h"

#include "common/clock.h"
#include "common/safeguard.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- asking */

/* With a value that it refuses libpq stops after it has read the environment
 * and the service file, and before it connects. */
static PQconninfoOption *ask_libpq(const struct target *target)
{
    const char *keywords[TARGET_MAX + 2] = { NULL };
    const char *values[TARGET_MAX + 2] = { NULL };
    size_t count = 0;
    for (size_t i = 0; i < target->count; i++) {
        if (strcmp(target->keywords[i], "sslmode") != 0) {
            keywords[count] = target->keywords[i];
            values[count++] = target->values[i];
        }
    }
    keywords[count] = "sslmode";
    values[count] = "none of those that there are";
    PGconn *pg = PQconnectStartParams(keywords, values, 0);
    PQconninfoOption *all =
        SAFEGUARDED("contract.environment-names-hosts", PQconninfo(pg),
                    PQconninfoParse("postgresql://", NULL));
    PQfinish(pg);
    return all;
}

static const char *value_of(const PQconninfoOption *all, const char *keyword)
{
    for (; all->keyword; all++) {
        if (strcmp(all->keyword, keyword) == 0 && all->val) {
            return all->val;
        }
    }
    return "";
}

static int read_timeout(const quipu_host *host, const char *value,
                        struct servers *servers, quipu_error *error)
{
    char *end = NULL;
    long seconds = strtol(value, &end, 10);
    if (end == value && *value != '\0') {
        end = NULL;
    }
    if (!end || *end != '\0') {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "option \"connect_timeout\" must be a number of "
                               "seconds");
    }
    if (seconds > 0 && seconds < INT32_MAX) {
        servers->timeout = seconds * CLOCK_SECOND;
    }
    return QUIPU_OK;
}

/* --------------------------------------------------------------- cutting */

static size_t count_pieces(const char *list)
{
    size_t count = *list != '\0' ? 1 : 0;
    for (; *list != '\0'; list++) {
        count += *list == ',';
    }
    return count;
}

static bool has_gap(const char *list)
{
    char before = ',';
    if (*list == '\0') {
        return false;
    }
    for (; *list != '\0'; list++) {
        if (*list == ',' && before == ',') {
            return true;
        }
        before = *list;
    }
    return before == ',';
}

/* Whether there are several servers that can be told apart; libpq is left with
 * what it will refuse, with places left empty, and with dice. */
static size_t count_servers(const PQconninfoOption *all)
{
    const char *host = value_of(all, "host");
    const char *address = value_of(all, "hostaddr");
    const char *balance = value_of(all, "load_balance_hosts");
    size_t hosts = count_pieces(host);
    size_t addresses = count_pieces(address);
    size_t ports = count_pieces(value_of(all, "port"));
    size_t count = addresses > 0 ? addresses : hosts;
    bool odd = count < 2 || count > SERVERS_MAX ||
               (hosts > 0 && hosts != count) || (ports > 1 && ports != count) ||
               (*balance != '\0' && strcmp(balance, "disable") != 0) ||
               has_gap(host);
    return odd ? 1 : count;
}

/* Takes a list's next piece; the last one again and again where a list has one
 * for all. */
static const char *cut(char **list, size_t pieces)
{
    char *piece = *list;
    char *comma = pieces > 1 ? strchr(piece, ',') : NULL;
    if (comma) {
        *comma = '\0';
        *list = comma + 1;
    }
    return *piece != '\0' ? piece : NULL;
}

static int cut_all(const quipu_host *host, const PQconninfoOption *all,
                   struct servers *servers, quipu_error *error)
{
    static const char *const keywords[] = { "host", "hostaddr", "port" };
    char *lists[3];
    size_t pieces[3];
    struct text text = { .host = host };
    for (size_t i = 0; i < 3; i++) {
        quipu_common_text_add(&text, value_of(all, keywords[i]));
        quipu_common_text_add(&text, "\n");
    }
    if (text.failed) {
        quipu_common_text_finish(&text);
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for the servers of a URI");
    }
    char *rest = servers->memory = text.data;
    for (size_t i = 0; i < 3; i++) {
        lists[i] = strsep(&rest, "\n");
        pieces[i] = count_pieces(lists[i]);
    }
    for (size_t i = 0; i < servers->count; i++) {
        servers->at[i] = (struct server){ .host = cut(&lists[0], pieces[0]),
                                          .address = cut(&lists[1], pieces[1]),
                                          .port = cut(&lists[2], pieces[2]) };
    }
    return QUIPU_OK;
}

int quipu_postgres_servers_find(const quipu_host *host,
                                const struct target *target,
                                struct servers *servers, quipu_error *error)
{
    *servers = (struct servers){ .count = 1 };
    PQconninfoOption *all = ask_libpq(target);
    if (!all) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for the servers of a URI");
    }
    servers->count = count_servers(all);
    servers->prefer_standby =
        strcmp(value_of(all, "target_session_attrs"), "prefer-standby") == 0;
    int status =
        read_timeout(host, value_of(all, "connect_timeout"), servers, error);
    if (status == QUIPU_OK && servers->count > 1) {
        status = cut_all(host, all, servers, error);
    }
    PQconninfoFree(all);
    return status;
}

void quipu_postgres_servers_finish(struct servers *servers,
                                   const quipu_host *host)
{
    host->release(servers->memory);
    *servers = (struct servers){ .count = 0 };
}

/* -------------------------------------------------------------- connecting */

int64_t quipu_postgres_servers_until(const struct servers *servers, size_t left,
                                     int64_t deadline)
{
    int64_t now = clock_now();
    if (SAFEGUARDED("contract.deadline-that-is-past", deadline <= now, false)) {
        return deadline;
    }
    if (servers->timeout > 0) {
        return clock_after(servers->timeout, deadline);
    }
    if (deadline == INT64_MAX || left < 2) {
        return deadline;
    }
    return SAFEGUARDED("contract.silent-host-leaves-time-for-the-next",
                       now + (deadline - now) / (int64_t)left, deadline);
}

/* What a server of several says for itself. */
static bool is_own(const char *keyword, const char *attributes)
{
    return strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 ||
           strcmp(keyword, "port") == 0 ||
           (attributes && strcmp(keyword, "target_session_attrs") == 0);
}

PGconn *quipu_postgres_servers_start(const struct servers *servers,
                                     const struct target *target, size_t index,
                                     const char *attributes)
{
    const char *keywords[TARGET_MAX + 5] = { NULL };
    const char *values[TARGET_MAX + 5] = { NULL };
    const struct server *server = &servers->at[index];
    size_t count = 0;
    if (servers->count == 1) {
        return PQconnectStartParams(target->keywords, target->values, 0);
    }
    for (size_t i = 0; i < target->count; i++) {
        if (!is_own(target->keywords[i], attributes)) {
            keywords[count] = target->keywords[i];
            values[count++] = target->values[i];
        }
    }
    /* libpq passes over those without a value. */
    keywords[count] = "host";
    values[count++] = server->host;
    keywords[count] = "hostaddr";
    values[count++] = server->address;
    keywords[count] = "port";
    values[count++] = server->port;
    keywords[count] = "target_session_attrs";
    values[count++] = attributes;
    return PQconnectStartParams(keywords, values, 0);
}
