/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a command that is an HTTP server: its options, its signals, and
 * its end.
 */
#ifndef QUIPU_TOOLS_SERVICE_H
#define QUIPU_TOOLS_SERVICE_H

#include "args.h"
#include "http/server.h"

/* Returns `given`, the value of an option, or `otherwise` if it was not. */
int64_t service_number(const struct args *args, uint64_t option, int64_t given,
                       int64_t otherwise);

/* Prints that a number is out of range; returns USAGE. */
enum outcome service_refuse_number(const char *command, const char *option,
                                   int64_t least, int64_t most);

/* Returns USAGE, after a message, if --port or --idle is out of range; DONE
 * otherwise. */
enum outcome service_check(const char *command, const struct args *args);

/*
 * Listens on `address` and the port of --port, or `port`; prints the URL;
 * answers requests until SIGINT, SIGTERM or SIGHUP, and completes those that
 * are under way.  `ready` is called when it listens; NULL: nothing.  The `idle`
 * of the settings is set by --idle.  Returns a status of listener_open or
 * server_start.
 */
int service_run(const struct args *args, const char *address, int port,
                const struct server_settings *settings,
                void (*ready)(const char *url), quipu_error *error);

#endif
