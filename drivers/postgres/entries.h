/* SPDX-License-Identifier: Apache-2.0 */
/* What an append knows of sequences, positions, and event ids: a table by
 * schema and bytes, which lend themselves. */
#ifndef POSTGRES_DRIVER_ENTRIES_H
#define POSTGRES_DRIVER_ENTRIES_H

#include <quipu/driver.h>

#define ENTRIES_FEW 8 /* need no memory */

struct entry {
    /* The key: a schema, an id, and for places in a sequence a position. */
    uint32_t section;
    quipu_bytes id;
    int64_t number;
    /* Where a sequence ends, as far as the requests before this one go. */
    bool found;
    int64_t last;
    /* What that was before the request that changed it last. */
    bool old_found;
    int64_t old_last;
    /* One more than the request that did, or that looked last; 0: none. */
    size_t changer;
    /* One more than the item, of all, that has this event id; 0: none. */
    size_t item;
    /* What a sequence must be before the first item is stored. */
    int32_t demand; /* enum quipu_demand; 0: anything */
    int32_t ref;    /* its number among the section's, from 1 on */
    int64_t at;     /* for QUIPU_DEMAND_LAST */
    int64_t added;  /* items of the requests so far */
};

struct entries {
    const quipu_host *host;
    struct entry *at;
    size_t count;
    size_t room;
    uint32_t *slots; /* of an open hash table; one more than the entry */
    size_t slot_room;
    struct entry few[ENTRIES_FEW];
};

void quipu_postgres_entries_init(struct entries *entries,
                                 const quipu_host *host);
void quipu_postgres_entries_finish(struct entries *entries);

/* The entry of a key, made if it is new; valid until the next is made.  NULL:
 * no memory. */
struct entry *quipu_postgres_entries_get(struct entries *entries,
                                         uint32_t section, quipu_bytes id,
                                         int64_t number);

#endif
