/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server.
 *
 * libmicrohttpd reads requests and writes answers in a thread for each
 * connection, and calls answer_request there, which may block in the store.
 *
 * Its own limit of time begins again with each byte, so that a client which
 * sends a byte now and then could keep a connection for ever, and 64 of them
 * the whole server.  Each connection therefore has a deadline in addition, by
 * which its request, or its answer, has to be complete.  server_sweep shuts
 * down the sockets of those that have missed it.
 */
#include "server.h"

#include "output/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_SIZE_MAX ((size_t)16384) /* bytes of a request's head */
#define ANSWER_FACTOR 20 /* an answer may take as many times the idle limit */

/* An open connection, in the list of the server. */
struct connection {
    struct connection *next;
    struct connection **link; /* that points to this one */
    int socket;
    time_t deadline; /* of what is under way, by the monotonic clock */
};

struct server {
    struct server_settings settings;
    struct MHD_Daemon *daemon;
    bool loopback;
    pthread_mutex_t lock; /* of all that follows */
    struct connection *connections;
    size_t busy; /* requests that are being answered */
    bool quiesced;
};

/* -------------------------------------------------------------- connections */

static time_t now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static struct connection *connection_of(struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info->socket_context;
}

/* Called when a connection begins, and before its socket is closed. */
static void notice_connection(void *context, struct MHD_Connection *handle,
                              void **own,
                              enum MHD_ConnectionNotificationCode code)
{
    struct server *server = context;
    struct connection *connection = *own;

    pthread_mutex_lock(&server->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);

        connection = memory_allocate(1, sizeof(*connection));
        connection->socket = info->connect_fd;
        connection->deadline = now() + (time_t)server->settings.idle;
        connection->next = server->connections;
        connection->link = &server->connections;
        if (connection->next) {
            connection->next->link = &connection->next;
        }
        server->connections = connection;
        *own = connection;
    } else {
        *connection->link = connection->next;
        if (connection->next) {
            connection->next->link = connection->link;
        }
        free(connection);
    }
    pthread_mutex_unlock(&server->lock);
}

void server_sweep(struct server *server)
{
    const time_t time = now();

    pthread_mutex_lock(&server->lock);
    for (struct connection *each = server->connections; each;
         each = each->next) {
        if (each->deadline < time) {
            (void)shutdown(each->socket, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&server->lock);
}

static void begin_request(struct server *server, struct MHD_Connection *handle)
{
    pthread_mutex_lock(&server->lock);
    connection_of(handle)->deadline =
        now() + (time_t)server->settings.idle * ANSWER_FACTOR;
    server->busy++;
    pthread_mutex_unlock(&server->lock);
}

/* Called when an answer was sent or has failed, if *own was set. */
static void end_request(void *context, struct MHD_Connection *handle,
                        void **own, enum MHD_RequestTerminationCode code)
{
    struct server *server = context;

    (void)code;
    if (!*own) {
        return;
    }
    *own = NULL;
    pthread_mutex_lock(&server->lock);
    connection_of(handle)->deadline = now() + (time_t)server->settings.idle;
    server->busy--;
    pthread_mutex_unlock(&server->lock);
}

bool server_is_busy(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    bool busy = server->busy > 0;
    pthread_mutex_unlock(&server->lock);

    return busy;
}

/* ----------------------------------------------------------------- requests */

static const char *header_of(struct MHD_Connection *handle, const char *name)
{
    return MHD_lookup_connection_value(handle, MHD_HEADER_KIND, name);
}

static bool has_body(struct MHD_Connection *handle)
{
    const char *length = header_of(handle, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return header_of(handle, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
           (length && strcmp(length, "0") != 0);
}

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
           strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static void make_answer(struct server *server, struct MHD_Connection *handle,
                        const char *path, const char *method,
                        struct answer *answer)
{
    if (server->loopback &&
        !listener_is_local_host(header_of(handle, MHD_HTTP_HEADER_HOST))) {
        answer_refuse(MHD_HTTP_FORBIDDEN, QUIPU_DENIED,
                      "the Host header must be localhost or an address of the "
                      "loopback interface",
                      answer);
    } else if (!is_read(method)) {
        answer_refuse(MHD_HTTP_METHOD_NOT_ALLOWED, QUIPU_UNSUPPORTED,
                      "the methods are GET and HEAD", answer);
    } else if (has_body(handle)) {
        answer_refuse(MHD_HTTP_BAD_REQUEST, QUIPU_INVALID,
                      "the request must not have a body", answer);
    } else {
        const struct request request = {
            .path = path,
            .known = header_of(handle, MHD_HTTP_HEADER_IF_NONE_MATCH),
            .handle = handle,
            .socket = connection_of(handle)->socket,
        };

        server->settings.answer(server->settings.context, &request, answer);
    }
}

/*
 * An answer with a tag may be kept, but not as "immutable": items can be
 * erased, and then a cache has to ask again when the time is over, also if it
 * cannot reach the server (must-revalidate).
 */
static bool add_caching(const struct answer *answer,
                        struct MHD_Response *response)
{
    char value[64];

    if (answer->etag[0] == '\0') {
        return MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                       "no-store") == MHD_YES;
    }
    if (answer->max_age > 0) {
        (void)snprintf(value, sizeof(value), "max-age=%" PRId64 ", %s",
                       answer->max_age, "must-revalidate");
    } else {
        (void)snprintf(value, sizeof(value), "no-cache");
    }
    return MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                   value) == MHD_YES &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG,
                                   answer->etag) == MHD_YES;
}

static bool add_headers(const struct server *server, bool last,
                        const struct answer *answer,
                        struct MHD_Response *response)
{
    const struct {
        const char *name;
        const char *value;
        bool wanted;
    } headers[] = {
        { MHD_HTTP_HEADER_CONTENT_TYPE,
          answer->type ? answer->type : "application/json",
          answer->body.size > 0 },
        { "X-Content-Type-Options", "nosniff", true },
        { MHD_HTTP_HEADER_ALLOW, "GET, HEAD",
          answer->status == MHD_HTTP_METHOD_NOT_ALLOWED },
        { MHD_HTTP_HEADER_RETRY_AFTER, "1", answer->repeat },
        { MHD_HTTP_HEADER_CONNECTION, "close", last },
    };

    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        if (headers[i].wanted &&
            MHD_add_response_header(response, headers[i].name,
                                    headers[i].value) != MHD_YES) {
            return false;
        }
    }
    for (const struct server_header *each = server->settings.headers;
         each && each->name; each++) {
        if (MHD_add_response_header(response, each->name, each->value) !=
            MHD_YES) {
            return false;
        }
    }
    return add_caching(answer, response);
}

/* Sends the answer, whose text is then libmicrohttpd's. */
static enum MHD_Result send_answer(struct server *server,
                                   struct MHD_Connection *handle, bool last,
                                   struct answer *answer)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(
            answer->body.size, answer->body.data, &free);
    enum MHD_Result result = MHD_NO;

    if (!response) {
        answer_finish(answer);
        return MHD_NO;
    }
    if (add_headers(server, last, answer, response)) {
        result = MHD_queue_response(handle, answer->status, response);
    }
    MHD_destroy_response(response);
    return result;
}

/*
 * Called when the head of a request has arrived, and, if that was not answered
 * at once, when the whole request has.  A request that may have a body is
 * answered at once; the connection is closed then and the body is not read.
 */
static enum MHD_Result answer_request(void *context,
                                      struct MHD_Connection *handle,
                                      const char *path, const char *method,
                                      const char *version, const char *upload,
                                      size_t *upload_size, void **own)
{
    struct server *server = context;
    const bool last = !is_read(method) || has_body(handle);
    struct answer answer;

    (void)version;
    (void)upload;
    (void)upload_size;
    if (!*own) {
        *own = server;
        begin_request(server, handle);
        if (!last) {
            return MHD_YES;
        }
    }
    make_answer(server, handle, path, method, &answer);
    pthread_mutex_lock(&server->lock);
    bool quiesced = server->quiesced;
    pthread_mutex_unlock(&server->lock);

    return send_answer(server, handle, last || quiesced, &answer);
}

/* Decodes %xx.  A NUL would end the text early, so such a path or argument
 * becomes a byte that is no UTF-8, which is the name of nothing. */
static size_t decode(void *context, struct MHD_Connection *handle, char *text)
{
    size_t size = MHD_http_unescape(text);

    (void)context;
    (void)handle;
    if (strlen(text) != size) {
        text[0] = (char)0xff; /* in the place of %00 at least */
        text[1] = '\0';
        size = 1;
    }
    return size;
}

/* --------------------------------------------------------- start and stop */

static struct MHD_Daemon *start_daemon(struct server *server, int socket)
{
    const struct MHD_OptionItem options[] = {
        { MHD_OPTION_LISTEN_SOCKET, socket, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS_MAX, NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)server->settings.idle,
          NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)HEAD_SIZE_MAX, NULL },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)&end_request, server },
        { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)&notice_connection, server },
        { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)&decode, NULL },
        { MHD_OPTION_END, 0, NULL },
    };

    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD |
                                MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
                                MHD_USE_ITC,
                            0, NULL, NULL, &answer_request, server,
                            MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

int server_start(const struct server_settings *settings,
                 const struct listener *listener, struct server **server,
                 quipu_error *error)
{
    struct server *made = memory_allocate(1, sizeof(*made));

    made->settings = *settings;
    made->loopback = listener->loopback;
    pthread_mutex_init(&made->lock, NULL);
    made->daemon = start_daemon(made, listener->socket);
    if (!made->daemon) {
        int reason = errno;

        (void)close(listener->socket);
        pthread_mutex_destroy(&made->lock);
        free(made);
        return quipu_error_set(error, QUIPU_IO, "cannot start the server: %s",
                               strerror(reason));
    }
    *server = made;
    return QUIPU_OK;
}

void server_quiesce(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    server->quiesced = true;
    pthread_mutex_unlock(&server->lock);
    int socket = MHD_quiesce_daemon(server->daemon);

    if (socket != -1) {
        (void)close(socket);
    }
    if (server->settings.hurry) {
        server->settings.hurry(server->settings.context);
    }
}

void server_stop(struct server *server)
{
    MHD_stop_daemon(server->daemon);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
