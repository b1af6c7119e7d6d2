/* SPDX-License-Identifier: Apache-2.0 */
/* The preset schemas, and the check that every schema must pass. */
#ifndef QUIPU_SCHEMA_H
#define QUIPU_SCHEMA_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Presets; static, for ever.  Both are contiguous, have UUID ids, the
 * notification id as `id` and the event id as `event_id`, and no others.
 *
 *   sequenced_items: sequence_id, position, topic, state
 *   stored_events:   aggregate_id, aggregate_version, event_type, state
 */
QUIPU_API const quipu_schema *quipu_schema_sequenced_items(void);
QUIPU_API const quipu_schema *quipu_schema_stored_events(void);

/*
 * Makes *schema, of `size` bytes (sizeof(the) struct), a copy of `preset` to be
 * changed.  Names are borrowed from the preset.
 *
 *     quipu_schema mine;
 *     quipu_schema_init(&mine, sizeof(mine), quipu_schema_stored_events());
 *     mine.table = "ledger";
 */
QUIPU_API void quipu_schema_init(quipu_schema *schema, size_t size,
                                 const quipu_schema *preset);

/*
 * Whether every store can hold the schema; INVALID names what is wrong: a
 * name missing, too long, not UTF-8, reserved, or there twice, a kind that is
 * none, more than QUIPU_COLUMNS_MAX columns, an unknown flag.
 */
QUIPU_API int quipu_schema_check(const quipu_schema *schema,
                                 quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
