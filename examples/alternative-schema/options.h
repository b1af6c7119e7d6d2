/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: a URI, and names for the table and its columns. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <quipu/quipu.h>

struct options {
    const char *uri;
    quipu_schema schema;
};

/* False: the program ends with *status. */
bool options_read(int argc, char **argv, struct options *options, int *status);

#endif
