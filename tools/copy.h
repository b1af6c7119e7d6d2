/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `quipu copy`. */
#ifndef QUIPU_TOOLS_COPY_H
#define QUIPU_TOOLS_COPY_H

#include "args.h"
#include "progress.h"
#include "store.h"
#include "tracking.h"
#include "writer.h"

struct copy_schema {
    quipu_records *from;
    const char *table; /* its name in the store that is copied to */
    int64_t head;      /* of the log, when the copying began */
    bool open;         /* `to` is */
    struct writer to;  /* may be there already, with a part of the items */
};

struct copy {
    const struct args *args;
    struct store from; /* with the schemas that are copied */
    quipu_datastore *to;
    quipu_datastore_info from_info, to_info;
    struct copy_schema *schemas; /* as many as `from` has */
    bool tracked;                /* tracking records are copied, too */
    struct tracking_list trackings;
    struct progress progress;
};

/* Opens the schema, which is set up, where it is copied to. */
int quipu_tool_copy_open(struct copy *copy, struct copy_schema *schema,
                         quipu_error *error);

/*
 * Reads what is to be copied, and finds all that stands against it before
 * anything is written: CONFLICT, UNSUPPORTED or INVALID says what.  Schemas
 * that are there already are then open, and hold the first items of those
 * that are to be copied.
 */
int quipu_tool_copy_plan(struct copy *copy, quipu_error *error);

/* Whether both stores hold the same, to the heads of the plan.  CONFLICT. */
int quipu_tool_copy_prove(struct copy *copy, quipu_error *error);

#endif
