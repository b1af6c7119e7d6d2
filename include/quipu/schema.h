/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas (quipu_schema of types.h): two presets, and the check that every
 * schema must pass.
 *
 * A program sets a schema up once (quipu_datastore_setup), and binds it to read
 * and append (quipu_records_open).  All functions may be called from any
 * thread.
 */
#ifndef QUIPU_SCHEMA_H
#define QUIPU_SCHEMA_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The presets; static and constant.  Both are contiguous, have UUIDs as
 * sequence ids, the notification id in the column `id`, the event id in
 * `event_id`, no metadata, no time and no further columns.  The table's name is
 * that of the preset; the other columns are
 *
 *   sequenced_items: sequence_id, position, topic, state
 *   stored_events:   aggregate_id, aggregate_version, event_type, state
 */
QUIPU_API const quipu_schema *quipu_schema_sequenced_items(void);
QUIPU_API const quipu_schema *quipu_schema_stored_events(void);

/*
 * Makes *schema, of `size` bytes (the sizeof of the struct), a copy of
 * `preset`, to be changed by the program; with NULL it is zeroed.  Names are
 * borrowed from the preset.
 *
 *     quipu_schema mine;
 *     quipu_schema_init(&mine, sizeof(mine), quipu_schema_stored_events());
 *     mine.table = "ledger";
 */
QUIPU_API void quipu_schema_init(quipu_schema *schema, size_t size,
                                 const quipu_schema *preset);

/*
 * Checks that every store can hold a schema.  INVALID; the message names the
 * fault: a name is missing, too long, not UTF-8, reserved, a system column of a
 * back end, or equal to another one except for case; a column's kind is
 * unknown; there are more than QUIPU_COLUMNS_MAX further columns; a flag is
 * unknown; a reserved member is not 0.
 */
QUIPU_API int quipu_schema_check(const quipu_schema *schema,
                                 quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
