/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key-value entries: small records of a datastore that can be written and
 * deleted, alone or in one append with events and a tracking record.
 *
 * Each write of an entry changes its revision, and a write can require the
 * revision that the program has read.  So of several processes that write one
 * entry at the same time one succeeds, and the others get CONFLICT:
 *
 *     quipu_entry *rate = NULL;
 *     int status = quipu_entry_read(datastore, "rates/eur", &rate, error);
 *     const quipu_entry_write write = {
 *         .key = quipu_bytes_of_text("rates/eur"),
 *         .value = { &updated, sizeof(updated) },
 *         .flags = QUIPU_ENTRY_EXPECT,
 *         .revision = status == QUIPU_OK ? rate->revision : 0,
 *     };
 *     const quipu_conditions conditions = { .struct_size = sizeof(conditions),
 *                                           .entries = &write,
 *                                           .entry_count = 1 };
 *     const quipu_append append = { .struct_size = sizeof(append),
 *                                   .conditions = &conditions };
 *
 *     if (status == QUIPU_OK || status == QUIPU_NOT_FOUND) {
 *         status = quipu_datastore_commit(datastore, &append, NULL, error);
 *     }
 *     quipu_entry_destroy(rate);
 *
 * Keys are text of 1 to 480 bytes.  Keys that begin with "quipu/" belong to
 * quipu: they can be read and checked, and an append that writes one is
 * INVALID.
 *
 * Threads and codes as in datastore.h.  UNSUPPORTED: the store keeps no entries
 * (QUIPU_CAN_ENTRIES).
 */
#ifndef QUIPU_ENTRIES_H
#define QUIPU_ENTRIES_H

#include <quipu/datastore.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_entries quipu_entries;

/* Reads an entry.  The caller frees *entry, key and value included, with
 * quipu_entry_destroy.  NOT_FOUND: there is none of that key.  INVALID: the key
 * is empty, too long, or not UTF-8. */
QUIPU_API int quipu_entry_read(quipu_datastore *datastore, const char *key,
                               quipu_entry **entry, quipu_error *error);
QUIPU_API void quipu_entry_destroy(quipu_entry *entry); /* NULL is allowed */

/*
 * Lists the entries whose keys begin with `prefix` (absent: all), in byte order
 * of the keys.  The listing is no snapshot: each entry is as it is when the
 * listing reaches it.  `next` sets *entry to one that is valid until the next
 * call on the listing, or to NULL after the last.  After an error a listing can
 * only be closed.  `close` frees it; NULL is allowed.  INVALID: the prefix is
 * too long or not UTF-8.
 */
QUIPU_API int quipu_entries_open(quipu_datastore *datastore, quipu_bytes prefix,
                                 quipu_entries **entries, quipu_error *error);
QUIPU_API int quipu_entries_next(quipu_entries *entries,
                                 const quipu_entry **entry, quipu_error *error);
QUIPU_API void quipu_entries_close(quipu_entries *entries);

#ifdef __cplusplus
}
#endif

#endif
