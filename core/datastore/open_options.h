/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options with which a datastore is opened: those of the URI, of the
 * settings, and the defaults of the settings, in this order of precedence.
 *
 * Six options mean the same in every driver (create, durability, group,
 * namespace, readonly, timeout).  The core takes them out and interprets them;
 * the driver gets the others.
 */
#ifndef QUIPU_CORE_RECORDS_OPEN_OPTIONS_H
#define QUIPU_CORE_RECORDS_OPEN_OPTIONS_H

#include <quipu/datastore.h>

#include "base/uri.h"

/* Texts in it belong to the URI or to the caller's settings, which must outlive
 * it. */
struct quipu_open_options {
    quipu_open how;  /* the driver's argument; borrows from the rest */
    int64_t timeout; /* milliseconds */
    size_t group;    /* appends in one commit at most; 1: no commit queue */
    quipu_uri uri;
    quipu_option *options; /* all but the core's own, decoded */
    size_t option_count;
};

/*
 * Parses the URI and the settings (NULL: none).  quipu_open_options_finish must
 * be called, also after a failure.  NO_MEMORY, or INVALID: the URI or a struct
 * is malformed, an option is given twice, or one of the core's own has a wrong
 * value.
 */
int quipu_open_options_init(struct quipu_open_options *parsed, const char *uri,
                            const quipu_settings *given, quipu_error *error);
void quipu_open_options_finish(struct quipu_open_options *parsed);

/* Checks the remaining options against the table that the driver publishes.
 * INVALID: the driver does not have the option, and the message lists those
 * that it has; or the value is not of the option's type. */
int quipu_open_options_check(const struct quipu_open_options *parsed,
                             const quipu_driver *driver, quipu_error *error);

#endif
