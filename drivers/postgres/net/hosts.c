/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts, tried one after the other, each for its share of the time.
 *
 * libpq accepts several hosts in one conninfo, and its blocking functions give
 * up on each after connect_timeout.  The driver cannot use them: that timeout
 * has whole seconds and is at least two, while a deadline has milliseconds.
 * PQconnectPoll, the non-blocking interface, has no timeout and no way to turn
 * to the next host, so a host that does not answer (a machine that is down, a
 * firewall) would use up the time of all others; and a failover, which this
 * list is for, begins with such a host.
 *
 * So the driver gives libpq one host at a time.  Each gets connect_timeout, or
 * an equal share of the time until the deadline.  Answers are treated as libpq
 * treats them: a server that refuses the login ends the search, unless it is
 * starting or stopping (57P03); target_session_attrs is checked by libpq, host
 * by host, and "prefer-standby" makes two rounds.
 *
 * libpq also supplies the list, since it reads the environment (PGHOST ...) and
 * service files.  Where its rules leave no simple list (a count of ports that
 * does not match, load_balance_hosts), the driver passes the conninfo to libpq
 * unchanged, as one host.
 */
#include "hosts.h"

#include "connection.h"
#include "errors.h"
#include "pipeline.h"

#include "common/clock.h"
#include "common/safeguard.h"
#include "common/text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ----------------------------------------------------------------- the list */

/* The options as libpq completes them from the environment and from the service
 * file.  PQconndefaults does not read the service that a conninfo names, so a
 * connection is begun with an sslmode that libpq refuses: it stops after it has
 * read everything, and before it connects. */
static PQconninfoOption *complete_options(const struct conninfo *conninfo)
{
    const char *keywords[CONNINFO_MAX + 2] = { NULL };
    const char *values[CONNINFO_MAX + 2] = { NULL };
    size_t count = 0;
    for (size_t i = 0; i < conninfo->count; i++) {
        if (strcmp(conninfo->keywords[i], "sslmode") != 0) {
            keywords[count] = conninfo->keywords[i];
            values[count++] = conninfo->values[i];
        }
    }
    keywords[count] = "sslmode";
    values[count] = "refuse";
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
                        struct hosts *hosts, quipu_error *error)
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
        hosts->timeout = seconds * CLOCK_SECOND;
    }
    return QUIPU_OK;
}

static size_t count_elements(const char *list)
{
    size_t count = *list != '\0' ? 1 : 0;
    for (; *list != '\0'; list++) {
        count += *list == ',';
    }
    return count;
}

/* Returns true if an element of a list is empty. */
static bool has_empty_element(const char *list)
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

/* The number of hosts; 1 if there is one, or if the list is left to libpq:
 * counts that do not match (libpq refuses them), empty elements (libpq's
 * defaults), and load_balance_hosts, which asks for a random order. */
static size_t count_hosts(const PQconninfoOption *all)
{
    const char *host = value_of(all, "host");
    const char *address = value_of(all, "hostaddr");
    const char *balance = value_of(all, "load_balance_hosts");
    size_t hosts = count_elements(host);
    size_t addresses = count_elements(address);
    size_t ports = count_elements(value_of(all, "port"));
    size_t count = addresses > 0 ? addresses : hosts;
    bool left = count < 2 || count > HOSTS_MAX ||
                (hosts > 0 && hosts != count) ||
                (ports > 1 && ports != count) ||
                (*balance != '\0' && strcmp(balance, "disable") != 0) ||
                has_empty_element(host);
    return left ? 1 : count;
}

/* Cuts the next of `count` elements off a list.  A list of one element serves
 * all hosts.  NULL: the element is empty. */
static const char *next_element(char **list, size_t count)
{
    char *element = *list;
    char *comma = count > 1 ? strchr(element, ',') : NULL;
    if (comma) {
        *comma = '\0';
        *list = comma + 1;
    }
    return *element != '\0' ? element : NULL;
}

static int split_lists(const quipu_host *host, const PQconninfoOption *all,
                       struct hosts *hosts, quipu_error *error)
{
    static const char *const keywords[] = { "host", "hostaddr", "port" };
    char *lists[3];
    size_t counts[3];
    struct text text = { .host = host };
    for (size_t i = 0; i < 3; i++) {
        quipu_common_text_add(&text, value_of(all, keywords[i]));
        quipu_common_text_add(&text, "\n");
    }
    if (text.failed) {
        quipu_common_text_finish(&text);
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for the hosts of a URI");
    }
    char *rest = hosts->memory = text.data;
    for (size_t i = 0; i < 3; i++) {
        lists[i] = strsep(&rest, "\n");
        counts[i] = count_elements(lists[i]);
    }
    for (size_t i = 0; i < hosts->count; i++) {
        hosts->at[i] =
            (struct host){ .name = next_element(&lists[0], counts[0]),
                           .address = next_element(&lists[1], counts[1]),
                           .port = next_element(&lists[2], counts[2]) };
    }
    return QUIPU_OK;
}

int quipu_postgres_hosts_find(const quipu_host *host,
                              const struct conninfo *conninfo,
                              struct hosts *hosts, quipu_error *error)
{
    *hosts = (struct hosts){ .count = 1 };
    PQconninfoOption *all = complete_options(conninfo);
    if (!all) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for the hosts of a URI");
    }
    hosts->count = count_hosts(all);
    hosts->prefer_standby =
        strcmp(value_of(all, "target_session_attrs"), "prefer-standby") == 0;
    int status =
        read_timeout(host, value_of(all, "connect_timeout"), hosts, error);
    if (status == QUIPU_OK && hosts->count > 1) {
        status = split_lists(host, all, hosts, error);
    }
    PQconninfoFree(all);
    return status;
}

void quipu_postgres_hosts_finish(struct hosts *hosts, const quipu_host *host)
{
    host->release(hosts->memory);
    *hosts = (struct hosts){ .count = 0 };
}

/* ----------------------------------------------------------- one host's time
 */

int64_t quipu_postgres_hosts_until(const struct hosts *hosts, size_t left,
                                   int64_t deadline)
{
    int64_t now = clock_now();
    if (SAFEGUARDED("contract.deadline-that-is-past", deadline <= now, false)) {
        return deadline;
    }
    if (hosts->timeout > 0) {
        return clock_after(hosts->timeout, deadline);
    }
    if (deadline == INT64_MAX || left < 2) {
        return deadline;
    }
    return SAFEGUARDED("contract.silent-host-leaves-time-for-the-next",
                       now + (deadline - now) / (int64_t)left, deadline);
}

/* Returns true for a keyword that is set for each host. */
static bool is_of_host(const char *keyword, const char *attributes)
{
    return strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 ||
           strcmp(keyword, "port") == 0 ||
           (attributes && strcmp(keyword, "target_session_attrs") == 0);
}

/* One search for a suitable host. */
struct search {
    const struct hosts *hosts;
    const struct conninfo *conninfo;
    struct connection *connection;
    struct hosts_failure *failure;
    const char *attributes; /* target_session_attrs; NULL: the conninfo's */
};

/* Begins to connect to a host.  NULL: no memory. */
static PGconn *start(const struct search *search, size_t index)
{
    const char *keywords[CONNINFO_MAX + 5] = { NULL };
    const char *values[CONNINFO_MAX + 5] = { NULL };
    const struct conninfo *conninfo = search->conninfo;
    const struct host *host = &search->hosts->at[index];
    size_t count = 0;
    if (search->hosts->count == 1) {
        return PQconnectStartParams(conninfo->keywords, conninfo->values, 0);
    }
    for (size_t i = 0; i < conninfo->count; i++) {
        if (!is_of_host(conninfo->keywords[i], search->attributes)) {
            keywords[count] = conninfo->keywords[i];
            values[count++] = conninfo->values[i];
        }
    }
    /* libpq ignores keywords whose value is NULL. */
    keywords[count] = "host";
    values[count++] = host->name;
    keywords[count] = "hostaddr";
    values[count++] = host->address;
    keywords[count] = "port";
    values[count++] = host->port;
    keywords[count] = "target_session_attrs";
    values[count++] = search->attributes;
    return PQconnectStartParams(keywords, values, 0);
}

/* ---------------------------------------------------------------- failures */

/* "canceling wait for synchronous replication": the server committed and then
 * stopped waiting for its standby, since it was told to or is shutting down.  A
 * commit that it confirms may be lost together with it (V5).
 *
 * The text is in the server's language, and the SQLSTATEs (01000, 57P01) are
 * those of many warnings.  The warning is known by the function of the server
 * that raises it, which each message names. */
static void on_notice(void *context, const PGresult *notice)
{
    struct connection *connection = context;
    const char *function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);
    if (connection->commit_sent && function &&
        SAFEGUARDED("V5.standby-that-was-not-waited-for",
                    strcmp(function, "SyncRepWaitForLSN") == 0, false)) {
        connection->standby_skipped = true;
    }
}

/* While connecting, the SQLSTATE is only in the text: "FATAL:  28P01: ...", as
 * PQERRORS_VERBOSE formats it. */
static void find_state(const char *message, char state[6])
{
    const char *at = strstr(message, ":  ");
    state[0] = '\0';
    if (at && strlen(at) > 9 && at[8] == ':') {
        memcpy(state, at + 3, 5);
        state[5] = '\0';
    }
}

/* Appends the first line of a message. */
static void add_message(struct hosts_failure *failure, const char *message)
{
    size_t size = strlen(failure->message);
    (void)snprintf(failure->message + size, sizeof(failure->message) - size,
                   "%s%.*s", size > 0 ? "; " : "", (int)strcspn(message, "\n"),
                   message);
}

static void add_timeout(struct hosts_failure *failure, const struct host *host)
{
    const char *name = host->name ? host->name : host->address;
    char message[300] = "no answer in time";
    if (name) {
        (void)snprintf(message, sizeof(message),
                       "no answer from \"%.200s\" in time", name);
    }
    failure->status = QUIPU_BUSY;
    add_message(failure, message);
}

/* Returns true if a message of libpq quotes the system's words for an error. */
static bool has_cause(const char *message, int code)
{
    char words[128];
    return strstr(message, strerror_r(code, words, sizeof(words)));
}

/* Returns true if nothing listens where a server could: its port, or its socket
 * in a folder that exists; or if it closed the connection, as one does that is
 * stopping.  Names that cannot be resolved and certificates that do not match
 * are not cured by time. */
static bool is_down(const PGconn *pg, const char *message)
{
    const char *host = PQhost(pg);
    struct stat folder;
    if (has_cause(message, ENOENT)) {
        return host && host[0] == '/' && stat(host, &folder) == 0;
    }
    return has_cause(message, ECONNREFUSED) || has_cause(message, ECONNRESET) ||
           has_cause(message, EPIPE) ||
           strstr(message, "server closed the connection unexpectedly");
}

/* As in libpq, an error of the server (one with a SQLSTATE) is final, unless
 * the server is starting or stopping (57P). */
static void add_refusal(struct hosts_failure *failure, const PGconn *pg)
{
    char state[6];
    const char *advice = NULL;
    const char *message = PQerrorMessage(pg);
    find_state(message, state);
    add_message(failure, message);
    if (state[0] == '\0') {
        failure->again = failure->again || is_down(pg, message);
        return;
    }
    bool stops = strncmp(state, "57P", 3) == 0;
    failure->again = failure->again || stops;
    failure->final = !stops;
    failure->status = quipu_postgres_error_status(state, &advice);
    failure->advice = advice;
    memcpy(failure->state, state, sizeof(state));
}

/* --------------------------------------------------------------- connecting */

static bool poll_until(PGconn *pg, int64_t deadline, bool *late)
{
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    *late = false;
    while (step == PGRES_POLLING_READING || step == PGRES_POLLING_WRITING) {
        short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!quipu_postgres_pipeline_wait_socket(PQsocket(pg), events,
                                                 deadline)) {
            *late = true;
            return false;
        }
        step = PQconnectPoll(pg);
    }
    return step == PGRES_POLLING_OK;
}

/* Sets connection->pg if the host is suitable, otherwise adds to the failure.
 */
static void try_host(const struct search *search, size_t index, int64_t until)
{
    struct hosts_failure *failure = search->failure;
    bool late = false;
    PGconn *pg = start(search, index);
    if (pg && PQstatus(pg) != CONNECTION_BAD) {
        (void)PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
        (void)PQsetNoticeReceiver(pg, on_notice, search->connection);
        if (poll_until(pg, until, &late)) {
            search->connection->pg = pg;
            return;
        }
    }
    if (!pg) {
        failure->status = QUIPU_NO_MEMORY;
        failure->final = true;
    } else if (late) {
        add_timeout(failure, &search->hosts->at[index]);
    } else {
        add_refusal(failure, pg);
    }
    PQfinish(pg);
}

/* One round over the hosts; `rounds` are still to come, this one included. */
static void try_hosts(const struct search *search, size_t rounds,
                      int64_t deadline)
{
    const struct hosts *hosts = search->hosts;
    size_t left = rounds * hosts->count;
    for (size_t i = 0; i < hosts->count; i++) {
        if (search->connection->pg || search->failure->final) {
            return;
        }
        try_host(search, i,
                 quipu_postgres_hosts_until(hosts, left--, deadline));
    }
}

bool quipu_postgres_hosts_connect(const struct hosts *hosts,
                                  const struct conninfo *conninfo,
                                  int64_t deadline,
                                  struct connection *connection,
                                  struct hosts_failure *failure)
{
    static const char reach_one[] = "check that the server is running and can "
                                    "be reached";
    static const char reach_any[] =
        "check that the servers are running and can be reached, and which of "
        "them target_session_attrs allows";
    struct search search = { .hosts = hosts,
                             .conninfo = conninfo,
                             .connection = connection,
                             .failure = failure };
    *failure = (struct hosts_failure){ .status = QUIPU_IO,
                                       .advice = hosts->count > 1 ? reach_any
                                                                  : reach_one };
    if (hosts->count > 1 && hosts->prefer_standby) {
        search.attributes = "standby";
        try_hosts(&search, 2, deadline);
        search.attributes = "any";
    }
    if (!connection->pg && !failure->final) {
        failure->message[0] = '\0'; /* this round repeats the messages */
        try_hosts(&search, 1, deadline);
    }
    if (!connection->pg) {
        return false;
    }
    if (PQsetnonblocking(connection->pg, 1) != 0 ||
        PQenterPipelineMode(connection->pg) != 1) {
        failure->status = QUIPU_NO_MEMORY;
        return false;
    }
    return true;
}
