/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consumer as JSON, as `quipu consumers --json` prints it and the page of
 * `quipu browse` shows it:
 *
 *     {"consumer":"mail","log":"stored_events","record":6,"head":8,"behind":2,
 *      "age_seconds":0.5,"parked":0,"skipped":0,"projection":false,
 *      "shown":false,"set_back":false}
 *
 * What is unknown is null.  A group has `partitions` and `members` in addition
 * (groups.h).  The names are those of docs/consumers.md: `record` is the
 * notification id of the tracking record, `age_seconds` the age of the oldest
 * event behind it, `set_back` tells that the log was set back, and `shown` that
 * readers are shown this version of a projection.
 */
#ifndef QUIPU_TOOLS_CONSUMERS_DESCRIPTION_H
#define QUIPU_TOOLS_CONSUMERS_DESCRIPTION_H

#include <quipu/quipu.h>

#include <jansson.h>

/* Sets the members for a consumer in an object, behind those that it has. */
void consumers_description_set_json(json_t *line,
                                    const quipu_consumer *consumer);

/* Returns an object with them. */
json_t *consumers_description_json(const quipu_consumer *consumer);

#endif
