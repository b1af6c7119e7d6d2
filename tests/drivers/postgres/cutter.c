/* SPDX-License-Identifier: Apache-2.0 */
/* A go-between that cuts connections. */
#include "cutter.h"

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
    size_t asked;   /* bytes of the client */
    char heard[12]; /* the server's last bytes */
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
} cutter;

void cutter_set(enum cut what)
{
    atomic_store(&cutter.what, (int)what);
}

enum cut cutter_get(void)
{
    return (enum cut)atomic_load(&cutter.what);
}

/* Whether it is to be cut now; once, if it is said so. */
static bool is_due(enum cut what, bool once)
{
    int expected = (int)what;
    return once ? atomic_compare_exchange_strong(&cutter.what, &expected,
                                                 (int)CUT_NOTHING)
                : atomic_load(&cutter.what) == expected;
}

/* Not a good-bye, which may come late from a connection that was closed. */
static bool cuts_request(struct pair *pair, const char *bytes, size_t size)
{
    pair->asked += size;
    if (bytes[0] != 'X' && is_due(CUT_REQUEST, true)) {
        return true;
    }
    return pair->asked > LONG &&
           (is_due(CUT_LONG, false) || is_due(CUT_LONG_ONCE, true));
}

/* The message that says that a COMMIT was done. */
static bool cuts_answer(struct pair *pair, const char *bytes, size_t size)
{
    static const char done[12] = "C\0\0\0\x0b"
                                 "COMMIT";
    for (size_t i = 0; i < size; i++) {
        memmove(pair->heard, pair->heard + 1, sizeof(pair->heard) - 1);
        pair->heard[sizeof(pair->heard) - 1] = bytes[i];
        if (memcmp(pair->heard, done, sizeof(done)) == 0 &&
            is_due(CUT_ANSWER, true)) {
            return true;
        }
    }
    return false;
}

static bool pass(struct pair *pair, bool asks, char *bytes)
{
    int from = asks ? pair->client : pair->server;
    int to = asks ? pair->server : pair->client;
    ssize_t size = recv(from, bytes, CHUNK, 0);
    if (size <= 0 || (asks ? cuts_request(pair, bytes, (size_t)size)
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
    bool going = bytes;
    while (going) {
        struct pollfd pollers[2] = { { .fd = pair->client, .events = POLLIN },
                                     { .fd = pair->server, .events = POLLIN } };
        (void)poll(pollers, 2, -1);
        for (int i = 1; i >= 0 && going; i--) {
            going = pollers[i].revents == 0 || pass(pair, i == 0, bytes);
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
        int client = accept(cutter.listener, NULL, NULL);
        if (client < 0 || cutter.count == CLIENTS) {
            return NULL;
        }
        struct pair *pair = &cutter.pairs[cutter.count++];
        int server = open_socket(&address, getenv("PGHOST"));
        *pair = (struct pair){ .client = client, .server = server };
        if (connect(server, (struct sockaddr *)&address, sizeof(address)) !=
            0) {
            (void)shutdown(client, SHUT_RDWR);
        }
        (void)pthread_create(&pair->thread, NULL, serve, pair);
    }
}

const char *cutter_start(void)
{
    struct sockaddr_un address;
    (void)snprintf(cutter.folder, sizeof(cutter.folder),
                   "/tmp/quipu-cut-XXXXXX");
    assert_non_null(mkdtemp(cutter.folder));
    cutter.listener = open_socket(&address, cutter.folder);
    assert_true(cutter.listener >= 0);
    (void)snprintf(cutter.path, sizeof(cutter.path), "%s", address.sun_path);
    assert_int_equal(
        bind(cutter.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(cutter.listener, CLIENTS), 0);
    assert_int_equal(pthread_create(&cutter.thread, NULL, listen_on, NULL), 0);
    return cutter.folder;
}

void cutter_stop(void)
{
    (void)shutdown(cutter.listener, SHUT_RDWR);
    (void)pthread_join(cutter.thread, NULL);
    (void)close(cutter.listener);
    for (size_t i = 0; i < cutter.count; i++) {
        struct pair *pair = &cutter.pairs[i];
        (void)shutdown(pair->client, SHUT_RDWR);
        (void)pthread_join(pair->thread, NULL);
        (void)close(pair->client);
        (void)close(pair->server);
    }
    (void)unlink(cutter.path);
    (void)rmdir(cutter.folder);
}
