/* SPDX-License-Identifier: Apache-2.0 */
/* What the server has of what a group of requests speaks of, looked at with the
 * heads locked. */
#ifndef POSTGRES_DRIVER_LOOKS_H
#define POSTGRES_DRIVER_LOOKS_H

#include "group.h"

/* What stands under an item's event id, and at its position. */
struct seen {
    bool stored;
    bool same; /* sequence, topic and state */
    bool taken;
    int64_t notification_id;
    int64_t position;
};

/* Begins a transaction and looks: heads, ends of sequences (in
 * group->sequences), tracking records (group->tracks), and items.  NOT_FOUND: a
 * schema was torn down. */
int quipu_postgres_look(struct group *group, struct connection *connection,
                        struct seen *seen, quipu_error *error);

#endif
