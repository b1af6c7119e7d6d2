/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection URIs: `scheme:body?option=value&option=value`.
 *
 * No message of these functions shows any part of a URI but its scheme.
 */
#ifndef QUIPU_CORE_BASE_URI_H
#define QUIPU_CORE_BASE_URI_H

#include <quipu/driver.h>

#define QUIPU_URI_OPTIONS_MAX 256

/* All texts live as long as the quipu_uri. */
typedef struct quipu_uri {
    const char *scheme;    /* checked, see scheme.h */
    const char *body;      /* percent-encoded as it came */
    char *rest;            /* body and remaining options as they came */
    quipu_option *options; /* the remaining ones, decoded, in order */
    size_t option_count;
    void *memory;
} quipu_uri;

/*
 * Parses a URI.  INVALID: no scheme or a bad one; a fragment; a control
 * character; text or a decoded option that is not UTF-8; an option without
 * '=', with a name other than [A-Za-z0-9_.-]+, with a bad percent-encoding or
 * %00, or given twice.  '+' stands for itself.  NO_MEMORY.
 * On failure *uri needs no finish, but bears it.
 */
int quipu_uri_parse(quipu_uri *uri, const char *text, quipu_error *error);
void quipu_uri_finish(quipu_uri *uri);

/* Takes an option out of `options` and `rest`, and returns its decoded value;
 * NULL if there is no such option. */
const char *quipu_uri_take(quipu_uri *uri, const char *name);

/* Decodes %xx in `size` bytes into text for quipu_release.  INVALID: a '%'
 * without two hexadecimal digits, %00, or no UTF-8; `what` names the text in
 * the message ("the path").  NO_MEMORY. */
int quipu_uri_decode(const char *text, size_t size, const char *what,
                     char **decoded, quipu_error *error);

/*
 * The URI without its password and without the values of options that look
 * like secrets, each replaced by "***", for messages and logs; any text may
 * be given.  Where it is not certain what would be a password, all after the
 * scheme is replaced.  For quipu_release; NULL when there is no memory.
 */
char *quipu_uri_redact(const char *uri);

#endif
