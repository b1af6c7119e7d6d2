/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection URIs: `scheme:body?option=value&option=value`.
 *
 * The scheme selects the driver.  The body is the driver's to interpret, as a
 * path or as "//user:password@host/database".  Options that the core knows are
 * taken out; the driver gets the others.
 *
 * A URI may contain a password anywhere behind its scheme, also where the user
 * forgot to encode a character.  Therefore no error message of these functions
 * shows any part of a URI except the scheme; options are called by number.
 */
#ifndef QUIPU_CORE_BASE_URI_H
#define QUIPU_CORE_BASE_URI_H

#include <quipu/driver.h>

/* The longest scheme, in characters: [a-z][a-z0-9-]{0,30}. */
#define QUIPU_SCHEME_MAX 31

/* The largest number of options in a URI. */
#define QUIPU_URI_OPTIONS_MAX 256

/* A parsed URI.  All texts lie in `memory` and live until quipu_uri_finish. */
typedef struct quipu_uri {
    const char *scheme;    /* valid, see quipu_uri_scheme_valid */
    const char *body;      /* still percent-encoded */
    char *rest;            /* body, '?' and remaining options, encoded */
    quipu_option *options; /* remaining options, decoded, in order */
    size_t option_count;
    void *memory;
} quipu_uri;

/*
 * Parses a URI.  '+' stands for itself.  NO_MEMORY, or INVALID: there is no
 * scheme or a malformed one; the URI has a fragment or a control character; the
 * text or a decoded option is not UTF-8; an option has no '=', a name other
 * than [A-Za-z0-9_.-]+, a malformed percent-encoding or "%00"; an option is
 * given twice; there are more than QUIPU_URI_OPTIONS_MAX.
 *
 * After a failure *uri holds no memory; quipu_uri_finish is allowed.
 */
int quipu_uri_parse(quipu_uri *uri, const char *text, quipu_error *error);
void quipu_uri_finish(quipu_uri *uri);

/* Removes an option from `options` and `rest`.  Returns its decoded value,
 * which lives as long as the URI; NULL if there is no such option. */
const char *quipu_uri_take(quipu_uri *uri, const char *name);

/* Decodes `size` percent-encoded bytes into a text for quipu_release.
 * NO_MEMORY, or INVALID: a '%' without two hexadecimal digits, "%00", or not
 * UTF-8; the message names the text by `subject` ("the path"). */
int quipu_uri_decode(const char *text, size_t size, const char *subject,
                     char **decoded, quipu_error *error);

/* Returns true if `size` bytes are a scheme: a lower-case letter and up to 30
 * lower-case letters, digits and hyphens.  Such a text is safe as part of a
 * file name. */
bool quipu_uri_scheme_valid(const char *text, size_t size);

/* Returns INVALID if `size` bytes are no scheme.  The message quotes them only
 * if they look like an attempt at one, since a user may have passed a password
 * or any other text. */
int quipu_uri_scheme_check(const char *text, size_t size, quipu_error *error);

/*
 * Returns the URI for messages and logs: without its password, and without the
 * values of options that look like secrets, each replaced by "***".  Accepts
 * any text.  Where it is uncertain which part is a password, everything behind
 * the scheme is replaced.  For quipu_release; NULL: no memory.  Defined in
 * uri_redact.c.
 */
char *quipu_uri_redact(const char *uri);

/* Returns false if the name of an option may be a part of a password that
 * contains '?' or '&': quipu_uri_redact is uncertain about the URI, or an
 * option before it is a secret.  Returns true for the name of no option.
 * Defined in uri_redact.c. */
bool quipu_uri_redact_shows_name(const quipu_uri *uri, const char *name);

#endif
