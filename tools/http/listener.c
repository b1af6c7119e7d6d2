/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket of the server, and the check of the Host header. */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

/* ---------------------------------------------------------------- addresses */

static bool is_loopback4(struct in_addr address)
{
    return ntohl(address.s_addr) >> 24 == 127;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 of6;

        memcpy(&of6, address, sizeof(of6));
        return IN6_IS_ADDR_LOOPBACK(&of6.sin6_addr);
    }
    struct sockaddr_in of4;

    memcpy(&of4, address, sizeof(of4));
    return is_loopback4(of4.sin_addr);
}

bool listener_is_local_host(const char *host)
{
    char name[64];
    struct in_addr of4;
    struct in6_addr of6;

    if (!host) {
        return true;
    }
    bool bracket = host[0] == '[';
    size_t size = bracket ? strcspn(++host, "]") : strcspn(host, ":");

    if (size >= sizeof(name)) {
        return false;
    }
    memcpy(name, host, size);
    name[size] = '\0';
    /* Behind the name there is nothing, or a port. */
    const char *rest = host + size;

    if (bracket && *rest++ != ']') {
        return false;
    }
    if (*rest == ':') {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    if (*rest != '\0') {
        return false;
    }
    if (bracket) {
        return inet_pton(AF_INET6, name, &of6) == 1 &&
               IN6_IS_ADDR_LOOPBACK(&of6);
    }
    return strcasecmp(name, "localhost") == 0 ||
           (inet_pton(AF_INET, name, &of4) == 1 && is_loopback4(of4));
}

/* ------------------------------------------------------------------- socket */

static int refuse(const char *address, int port, int reason, quipu_error *error)
{
    switch (reason) {
    case EADDRINUSE:
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "port %d of %s is in use; choose another one "
                               "with --port",
                               port, address);
    case EACCES:
        return quipu_error_set(error, QUIPU_DENIED,
                               "port %d of %s needs a privilege of the system; "
                               "choose one above 1023 with --port",
                               port, address);
    case EADDRNOTAVAIL:
        return quipu_error_set(error, QUIPU_IO,
                               "%s is not an address of this machine; choose "
                               "another one with --listen",
                               address);
    default:
        return quipu_error_set(error, QUIPU_IO,
                               "cannot listen on port %d of %s: %s", port,
                               address, strerror(reason));
    }
}

/* Sets the URL by the address and port that the socket has got. */
static bool describe(struct listener *listener)
{
    struct sockaddr_storage bound = { .ss_family = AF_UNSPEC };
    struct sockaddr *address = (struct sockaddr *)&bound;
    socklen_t size = sizeof(bound);
    char host[INET6_ADDRSTRLEN];
    char port[8];

    if (getsockname(listener->socket, address, &size) != 0 ||
        getnameinfo(address, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return false;
    }
    (void)snprintf(listener->url, sizeof(listener->url),
                   strchr(host, ':') ? "http://[%s]:%s" : "http://%s:%s", host,
                   port);
    listener->loopback = is_loopback(address);
    return true;
}

/* Returns false with errno. */
static bool bind_and_listen(const struct addrinfo *address,
                            struct listener *listener)
{
    const int on = 1;
    const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

    listener->socket = socket(address->ai_family, type, 0);
    if (listener->socket == -1) {
        return false;
    }
    /* A server that is started again need not wait until connections of the
     * earlier one are forgotten. */
    (void)setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &on,
                     sizeof(on));
    if (bind(listener->socket, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(listener->socket, BACKLOG) == 0 && describe(listener)) {
        return true;
    }
    int reason = errno;

    (void)close(listener->socket);
    errno = reason;
    return false;
}

int listener_open(const char *address, int port, struct listener *listener,
                  quipu_error *error)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST |
                                                AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char service[16];
    int status = QUIPU_OK;

    (void)snprintf(service, sizeof(service), "%d", port);
    if (getaddrinfo(address, service, &hints, &found) != 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "--listen takes an IP address, such as "
                               "127.0.0.1 or ::, not '%s'",
                               address);
    }
    if (!bind_and_listen(found, listener)) {
        status = refuse(address, port, errno, error);
    }
    freeaddrinfo(found);
    return status;
}
