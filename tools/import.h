/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `quipu import`. */
#ifndef QUIPU_TOOLS_IMPORT_H
#define QUIPU_TOOLS_IMPORT_H

#include "args.h"
#include "exchange.h"
#include "progress.h"
#include "tracking.h"
#include "writer.h"

struct import_schema {
    char *table; /* its name in the input */
    bool wanted;
    int64_t head;         /* items that the input tells of; 0: it does not */
    struct writer writer; /* if wanted */
};

struct import {
    const struct args *args;
    quipu_datastore *datastore;
    quipu_uuid from; /* the store that was exported; perhaps nil */
    quipu_uuid to;
    struct import_schema *schemas;
    size_t count;
    struct tracking_list trackings; /* stored at the end */
    int64_t items, tracking_lines;  /* in the input */
    int64_t line;                   /* that is being read */
    int64_t wrong;                  /* line that an error speaks of, or 0 */
    bool begun, ended;
    struct progress progress;
};

/* Takes in one line of the input. */
int quipu_tool_import_line(struct import *import, const json_t *line,
                           quipu_error *error);

/* Stores what is still to be stored. */
int quipu_tool_import_flush(struct import *import, quipu_error *error);

#endif
