/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu copy: plan.c reads what is to be copied and checks that the target can
 * hold it, copy.c copies, compare.c compares both stores at the end; entries.c
 * does all of this for key-value entries.
 */
#ifndef QUIPU_TOOLS_COPY_H
#define QUIPU_TOOLS_COPY_H

#include "args.h"
#include "load.h"
#include "output/progress.h"
#include "store.h"
#include "tracking.h"

/* One schema that is copied. */
struct copy_schema {
    quipu_records *from;
    const char *table; /* its name in the target */
    int64_t head;      /* of the source's log, when the plan was made */
    bool open;         /* `to` is initialised */
    struct load to;    /* may have the first items already */
};

struct copy {
    const struct args *args;
    struct store from; /* with the schemas that are copied */
    quipu_datastore *to;
    quipu_datastore_info from_info, to_info;
    struct copy_schema *schemas; /* one for each schema of `from` */
    bool tracked;                /* tracking records are copied, too */
    struct tracking_list trackings;
    size_t omitted;   /* consumers whose records are not copied */
    bool has_entries; /* key-value entries are copied, too */
    size_t entry_count;
    struct progress progress;
};

/*
 * Reads the heads and tracking records of the source, and checks, before
 * anything is written, whether the target can take them.  CONFLICT, UNSUPPORTED
 * or INVALID: it cannot.  Schemas that the target has already are open
 * afterwards, and their items have been compared.
 */
int copy_plan_make(struct copy *copy, quipu_error *error);

/* Opens a schema of the target, which is set up. */
int copy_plan_open_schema(struct copy *copy, struct copy_schema *schema,
                          quipu_error *error);

#endif
