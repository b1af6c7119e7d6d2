/* SPDX-License-Identifier: Apache-2.0 */
/* What an event store is made of, for its own files and for core/domain. */
#ifndef QUIPU_CORE_STORE_STORE_H
#define QUIPU_CORE_STORE_STORE_H

#include <stdatomic.h>

#include <quipu/store.h>

struct quipu_store {
    quipu_records *records;
    quipu_mapper *mapper;
    uint32_t schema_flags; /* enum quipu_schema_flag */
    /* The sequence id is the originator's id, the position its version. */
    bool keeps_versions;
    /* What refers to the store: cursors, policies, repositories.  Counted
     * without a lock; `close` is called last and alone. */
    atomic_size_t users;
};

/* Counts one that refers to the store, and no longer does. */
void quipu_store_hold(quipu_store *store);
void quipu_store_release(quipu_store *store);

/* Room for what quipu_store_id_text writes, its NUL included. */
#define QUIPU_STORE_ID_TEXT_SIZE (QUIPU_ID_MAX + 1)

/* An id as people read it: a UUID's 36 characters, or the text. */
void quipu_store_id_text(const quipu_store *store, const quipu_id *id,
                         char text[QUIPU_STORE_ID_TEXT_SIZE]);

#endif
