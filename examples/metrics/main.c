/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web server that stores each request as an event, follows its own log, and
 * serves the metrics of all that to Prometheus:
 *
 *     METRICS_QUIPU_URI=sqlite:///requests.db quipu-metrics 9464
 *     curl http://127.0.0.1:9464/metrics
 *
 * It listens on the loopback interface only, and serves one request at a time,
 * which is enough for a scrape every few seconds.  Port 0 takes a free port.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <quipu/quipu.h>

QUIPU_EVENT_DECLARE(requested, QUIPU_VALUE(const char *, line));
QUIPU_EVENT_DEFINE(requested, "Server.Requested",
                   QUIPU_VALUE(const char *, line));

static const quipu_event_type *const types[] = { &requested };
static const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                       .types = types,
                                       .type_count = 1 };

static volatile sig_atomic_t stopping;

static void stop(int number)
{
    (void)number;
    stopping = 1;
}

/* ------------------------------------------------------------ the consumer */

/* Prints each request, in a thread of its own. */
static void *follow(void *context)
{
    quipu_subscription *subscription = context;
    const quipu_event *event;
    const quipu_item *item;
    quipu_error error;

    while (quipu_subscription_next(subscription, &item, -1, &error) ==
               QUIPU_OK &&
           item &&
           quipu_subscription_event(subscription, &event, &error) == QUIPU_OK) {
        puts(((const struct requested *)event)->line);
        (void)fflush(stdout);
        (void)quipu_subscription_acknowledge(subscription, &error);
    }
    return NULL;
}

/* -------------------------------------------------------------- the server */

static int store_request(quipu_store *store, const char *line,
                         quipu_error *error)
{
    struct requested event = { .line = line };
    const quipu_event *const events[] = { &event.base };
    quipu_uuid uuid;
    quipu_id id;

    quipu_uuid_ordered(&uuid);
    quipu_id_of_uuid(&id, &uuid);
    quipu_event_init(&event.base, &requested, &id, 0);
    return quipu_store_append(store, events, 1, NULL, error);
}

/* Passes the text of the metrics on to the connection. */
static int send_text(void *context, const char *text, size_t size,
                     quipu_error *error)
{
    return fwrite(text, 1, size, context) == size
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_IO, "the client is gone");
}

static void answer(quipu_store *store, FILE *connection)
{
    char line[256] = "";
    char header[256];
    quipu_error error;

    if (!fgets(line, sizeof(line), connection)) {
        return;
    }
    line[strcspn(line, "\r\n")] = '\0';
    while (fgets(header, sizeof(header), connection) &&
           strcspn(header, "\r\n") > 0) {
    }
    if (store_request(store, line, &error) != QUIPU_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
    }
    (void)fseek(connection, 0, SEEK_CUR); /* from reading to writing */
    if (strncmp(line, "GET /metrics ", 13) != 0) {
        (void)fputs("HTTP/1.0 404 Not Found\r\n\r\n", connection);
        return;
    }
    (void)fputs("HTTP/1.0 200 OK\r\n"
                "Content-Type: text/plain; version=0.0.4\r\n\r\n",
                connection);
    if (quipu_metrics_write(send_text, connection, &error) != QUIPU_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
    }
}

/* Returns a socket that listens on the port, and prints its address; -1: an
 * error. */
static int listen_on(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons(port) };
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener < 0 ||
        bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        perror("quipu-metrics: port");
        if (listener >= 0) {
            (void)close(listener);
        }
        return -1;
    }
    printf("http://127.0.0.1:%d/metrics\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    return listener;
}

/* Answers requests until a signal comes. */
static void serve(quipu_store *store, int listener)
{
    const struct timeval patience = { .tv_sec = 5 };

    while (!stopping) {
        int client = accept(listener, NULL, NULL);
        FILE *connection = client < 0 ? NULL : fdopen(client, "r+");

        if (connection) {
            (void)setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience,
                             sizeof(patience));
            (void)setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience,
                             sizeof(patience));
            answer(store, connection);
            (void)fclose(connection);
        } else if (client >= 0) {
            (void)close(client);
        }
    }
}

/* Follows and serves. */
static int run(quipu_store *store, uint16_t port, quipu_error *error)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "printer" };
    quipu_subscription *subscription = NULL;
    pthread_t thread;
    int listener = listen_on(port);

    if (listener < 0) {
        return quipu_error_set(error, QUIPU_IO, "no port to listen on");
    }
    int status =
        quipu_subscription_open_events(store, &options, &subscription, error);

    if (status != QUIPU_OK) {
        (void)close(listener);
        return status;
    }
    if (pthread_create(&thread, NULL, follow, subscription) == 0) {
        serve(store, listener);
        quipu_subscription_stop(subscription);
        pthread_join(thread, NULL);
    }
    (void)close(listener);
    return quipu_subscription_close(subscription, error);
}

static void print_setting(void *context, const char *variable,
                          const char *value, const char *help)
{
    (void)context;
    printf("  %s=%s\n      %s\n", variable, value ? value : "", help);
}

int main(int argc, char **argv)
{
    const struct sigaction action = { .sa_handler = stop }; /* ends accept */
    quipu_application *application;
    quipu_error error;
    char *end = NULL;
    unsigned long port = argc == 2 ? strtoul(argv[1], &end, 10) : 0;

    if (!end || *end || port > UINT16_MAX) {
        printf("usage: quipu-metrics PORT\nenvironment:\n");
        return quipu_environment_list("METRICS", print_setting, NULL, NULL) ? 1
                                                                            : 2;
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    quipu_metrics_enable(true);
    int status = quipu_environment_open("METRICS", quipu_schema_stored_events(),
                                        &mapping, &application, &error);

    if (status == QUIPU_OK) {
        status =
            run(quipu_application_store(application), (uint16_t)port, &error);
        (void)quipu_application_close(application, NULL);
    }
    if (status != QUIPU_OK) {
        (void)fprintf(stderr, "quipu-metrics: %s\n", error.message);
        return 1;
    }
    return 0;
}
