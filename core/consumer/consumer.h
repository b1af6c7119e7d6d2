/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a consumer that lie in a datastore, for those who list and
 * change them:
 *
 *   the tracking record          (consumer, log) -> position
 *   "quipu/projection/CONSUMER"  the mark of a projection
 *   "quipu/parked/CONSUMER/ID"   a parked event (parked.c)
 *   "quipu/shown/NAME"           the version of a projection that is shown
 *   "quipu/skipped/CONSUMER"     the count of skipped events (skipped.c)
 *   "quipu/group/CONSUMER/..."   a group, in place of the tracking record
 *                                (group_state.h)
 *
 * Only a consumer whose name has at most QUIPU_CONSUMER_NAME_MAX bytes can
 * have entries.
 */
#ifndef QUIPU_CORE_CONSUMER_CONSUMER_H
#define QUIPU_CORE_CONSUMER_CONSUMER_H

#include <quipu/consumer.h>

#define QUIPU_CONSUMER_NAME_MAX 127 /* bytes, of a consumer with entries */

/* The prefix of all keys that belong to quipu. */
#define QUIPU_CONSUMER_KEYS "quipu/"

#define QUIPU_CONSUMER_KEY_SIZE 256

/* The value of the mark of a version that was retired. */
#define QUIPU_CONSUMER_RETIRED "retired"

/* Writes the key of the entry that marks the consumer, of at most 127 bytes, as
 * a projection whose read model exists. */
quipu_bytes quipu_consumer_mark_key(const char *consumer,
                                    char key[QUIPU_CONSUMER_KEY_SIZE]);

/* Whether that entry is of a version that was retired. */
bool quipu_consumer_is_retired(const quipu_entry *mark);

/*
 * Opens the schema of a log by the name that the log has in tracking records.
 * The caller closes *records.  NOT_FOUND: the datastore has no such schema;
 * codes of quipu_schemas_open and quipu_records_open.
 */
int quipu_consumer_open_log(quipu_datastore *logs, const char *name,
                            quipu_records **records, quipu_error *error);

#endif
