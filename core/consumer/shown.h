/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The version of a projection that readers are shown: the entry
 * "quipu/shown/NAME" of the target, whose value is the version in decimal
 * digits.
 */
#ifndef QUIPU_CORE_CONSUMER_SHOWN_H
#define QUIPU_CORE_CONSUMER_SHOWN_H

#include <quipu/entries.h>

#define QUIPU_PROJECTION_NAME_MAX 100 /* bytes */

/* The entry as it was read. */
struct quipu_shown {
    uint32_t version; /* 0: no version is shown */
    int64_t revision; /* 0: there is no entry */
    char key[16 + QUIPU_PROJECTION_NAME_MAX];
    char value[16]; /* for quipu_shown_entry */
};

/* Checks the name of a projection, or of another consumer of that kind.
 * INVALID. */
int quipu_shown_check_name(const char *kind, const char *name,
                           quipu_error *error);

/* Reads the entry of a projection, whose name is valid.  CORRUPT: its value is
 * no version; codes of quipu_entry_read. */
int quipu_shown_read(struct quipu_shown *shown, quipu_datastore *target,
                     const char *name, quipu_error *error);

/* Reads the entry of the projection of which a consumer ("balances@1") is a
 * version, and sets *is_shown if it is that version.  A consumer whose name is
 * not that of a version is not shown. */
int quipu_shown_find(struct quipu_shown *shown, quipu_datastore *target,
                     const char *consumer, bool *is_shown, quipu_error *error);

/* The write of the entry, with shown->version, or with QUIPU_ENTRY_CHECK its
 * check; both expect the revision that was read.  It points into *shown. */
quipu_entry_write quipu_shown_entry(struct quipu_shown *shown, uint32_t flags);

#endif
