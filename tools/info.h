/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of a store as JSON, as `quipu info --json` prints it and the
 * page of `quipu browse` shows it.
 *
 *     {"uri":"sqlite:///app.db","driver":"sqlite","driver_version":"1.0.0",
 *      "library":"SQLite 3.40.1","identity":"7c8e6d99-...","namespace":"",
 *      "capabilities":["share", ...],
 *      "limits":{"state_size":...,"append_items":...,"append_size":...},
 *      "schemas":[{"table":"stored_events","ids":"uuid","contiguous":true,
 *                  "columns":{...},"further_columns":[...],
 *                  "head":45,"head_event_id":"29a1..."}]}
 *
 * The URI has no password.  A schema that cannot be opened has `table` and
 * `error` only; a log that is not kept has the head null, and one that is empty
 * has the head 0.  The tracking records, which the command prints too, are not
 * part of it.
 */
#ifndef QUIPU_TOOLS_INFO_H
#define QUIPU_TOOLS_INFO_H

#include "store.h"

#include <jansson.h>

/* Sets *object to the description, which the caller releases.  Returns a status
 * of describing the datastore or of reading the heads. */
int info_json(const struct store *store, json_t **object, quipu_error *error);

#endif
