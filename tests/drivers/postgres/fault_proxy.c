/* SPDX-License-Identifier: Apache-2.0 */
/* A proxy that cuts connections. */
#include "fault_proxy.h"

#include "fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LONG ((size_t)1 << 20)
#define CHUNK ((size_t)1 << 16)
#define CLIENTS 64

struct pair {
    int client;
    int server;
    size_t sent;   /* bytes of the client */
    char last[17]; /* bytes of the server */
    pthread_t thread;
};

static struct {
    char folder[64];
    char path[128];
    int listener;
    pthread_t thread;
    _Atomic int what;
    struct pair pairs[CLIENTS];
    size_t count;
} proxy;

void fault_proxy_set(enum cut what)
{
    atomic_store(&proxy.what, (int)what);
}

enum cut fault_proxy_get(void)
{
    return (enum cut)atomic_load(&proxy.what);
}

/* Returns true if the cut is to be made; with `once` it is not made again. */
static bool is_due(enum cut what, bool once)
{
    int expected = (int)what;
    return once ? atomic_compare_exchange_strong(&proxy.what, &expected,
                                                 (int)CUT_NOTHING)
                : atomic_load(&proxy.what) == expected;
}

/* A Terminate message ("X") does not count: it may come late, from a connection
 * that has been closed. */
static bool cuts_request(struct pair *pair, const char *bytes, size_t size)
{
    pair->sent += size;
    if (bytes[0] != 'X' && is_due(CUT_REQUEST, true)) {
        return true;
    }
    return pair->sent > LONG &&
           (is_due(CUT_LONG, false) || is_due(CUT_LONG_ONCE, true));
}

/* Answers with an error instead of the server, which does not get the bytes. */
static void end_session(const struct pair *pair)
{
    static const char fatal[] = "E\0\0\0\x2f" /* the length without the E */
                                "SFATAL\0"
                                "VFATAL\0"
                                "C58030\0"
                                "Mcould not read file\0";
    _Static_assert(sizeof(fatal) == 1 + 0x2f, "its length");
    (void)send(pair->client, fatal, sizeof(fatal), MSG_NOSIGNAL);
}

/* Sends the error by which PgBouncer says that it has lost the server. */
static void send_by_pooler(const struct pair *pair)
{
    static const char fatal[] = "E\0\0\0\x29"
                                "SFATAL\0"
                                "C08P01\0"
                                "Mserver conn crashed?\0";
    _Static_assert(sizeof(fatal) == 1 + 0x29, "its length");
    (void)send(pair->client, fatal, sizeof(fatal), MSG_NOSIGNAL);
}

/* Returns true at the CommandComplete message of a COMMIT, and at that of an
 * INSERT which ReadyForQuery follows: no transaction is under way. */
static bool cuts_answer(struct pair *pair, const char *bytes, size_t size)
{
    static const char commit[12] = "C\0\0\0\x0b"
                                   "COMMIT";
    static const char insert[17] = "INSERT 0 1\0"
                                   "Z\0\0\0\x05"
                                   "I";
    for (size_t i = 0; i < size; i++) {
        memmove(pair->last, pair->last + 1, sizeof(pair->last) - 1);
        pair->last[sizeof(pair->last) - 1] = bytes[i];
        bool done = memcmp(pair->last + sizeof(pair->last) - sizeof(commit),
                           commit, sizeof(commit)) == 0 ||
                    memcmp(pair->last, insert, sizeof(insert)) == 0;
        if (done && is_due(CUT_ANSWER, true)) {
            return true;
        }
        if (done && is_due(CUT_BY_POOLER, true)) {
            send_by_pooler(pair);
            return true;
        }
    }
    return false;
}

static bool pass(struct pair *pair, bool from_client, char *bytes)
{
    int from = from_client ? pair->client : pair->server;
    int to = from_client ? pair->server : pair->client;
    ssize_t size = recv(from, bytes, CHUNK, 0);
    if (size > 0 && from_client && bytes[0] != 'X' && is_due(CUT_FATAL, true)) {
        end_session(pair);
        return true;
    }
    if (size <= 0 || (from_client ? cuts_request(pair, bytes, (size_t)size)
                                  : cuts_answer(pair, bytes, (size_t)size))) {
        return false;
    }
    for (ssize_t sent = 0; sent < size;) {
        ssize_t n = send(to, bytes + sent, (size_t)(size - sent), MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        sent += n;
    }
    return true;
}

static void *serve(void *context)
{
    struct pair *pair = context;
    char *bytes = malloc(CHUNK);
    bool open = bytes;
    while (open) {
        struct pollfd pollers[2] = { { .fd = pair->client, .events = POLLIN },
                                     { .fd = pair->server, .events = POLLIN } };
        (void)poll(pollers, 2, -1);
        for (int i = 1; i >= 0 && open; i--) {
            open = pollers[i].revents == 0 || pass(pair, i == 0, bytes);
        }
    }
    free(bytes);
    (void)shutdown(pair->client, SHUT_RDWR);
    (void)shutdown(pair->server, SHUT_RDWR);
    return NULL;
}

static int open_socket(struct sockaddr_un *address, const char *folder)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    (void)snprintf(address->sun_path, sizeof(address->sun_path),
                   "%s/.s.PGSQL.5432", folder);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void *listen_on(void *context)
{
    (void)context;
    for (;;) {
        struct sockaddr_un address;
        int client = accept(proxy.listener, NULL, NULL);
        if (client < 0 || proxy.count == CLIENTS) {
            return NULL;
        }
        struct pair *pair = &proxy.pairs[proxy.count++];
        int server = open_socket(&address, getenv("PGHOST"));
        *pair = (struct pair){ .client = client, .server = server };
        if (server < 0 || connect(server, (struct sockaddr *)&address,
                                  sizeof(address)) != 0) {
            (void)shutdown(client, SHUT_RDWR);
        }
        (void)pthread_create(&pair->thread, NULL, serve, pair);
    }
}

const char *fault_proxy_start(void)
{
    struct sockaddr_un address;
    (void)snprintf(proxy.folder, sizeof(proxy.folder), "/tmp/quipu-cut-XXXXXX");
    assert_non_null(mkdtemp(proxy.folder));
    proxy.listener = open_socket(&address, proxy.folder);
    assert_true(proxy.listener >= 0);
    (void)snprintf(proxy.path, sizeof(proxy.path), "%s", address.sun_path);
    assert_int_equal(
        bind(proxy.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(proxy.listener, CLIENTS), 0);
    assert_int_equal(pthread_create(&proxy.thread, NULL, listen_on, NULL), 0);
    return proxy.folder;
}

void fault_proxy_stop(void)
{
    (void)shutdown(proxy.listener, SHUT_RDWR);
    (void)pthread_join(proxy.thread, NULL);
    (void)close(proxy.listener);
    for (size_t i = 0; i < proxy.count; i++) {
        struct pair *pair = &proxy.pairs[i];
        (void)shutdown(pair->client, SHUT_RDWR);
        (void)pthread_join(pair->thread, NULL);
        (void)close(pair->client);
        (void)close(pair->server);
    }
    (void)unlink(proxy.path);
    (void)rmdir(proxy.folder);
}
