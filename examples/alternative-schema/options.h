/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: a URI, and the names of the table and its columns.
 *
 *     --schema preset          the names of the stored_events preset
 *     --schema own             names of this program
 *     --table NAME             replaces the name of the table,
 *     --id-column NAME         of the column of notification ids,
 *     --sequence-column NAME   sequence ids,
 *     --position-column NAME   positions,
 *     --topic-column NAME      topics,
 *     --state-column NAME      states, and
 *     --event-id-column NAME   event ids
 *     --no-event-id            leaves out the column of event ids
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <quipu/quipu.h>

struct options {
    const char *uri;     /* of the store */
    quipu_schema schema; /* its names point into argv */
};

/* Reads the command line.  Returns false if the program has to exit with
 * *status: 0 after --help, 2 after an error, which has been reported. */
bool options_read(int argc, char **argv, struct options *options, int *status);

#endif
