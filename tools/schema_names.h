/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of columns and of kinds.  `info` prints them, `export` writes them, and
 * `copy` names the column that differs.
 */
#ifndef QUIPU_TOOLS_SCHEMA_NAMES_H
#define QUIPU_TOOLS_SCHEMA_NAMES_H

#include <quipu/quipu.h>

#include <jansson.h>

/* Number of columns that every schema can have. */
#define SCHEMA_NAMES_COLUMNS 8

/* Returns the name that the schema gives to one of these columns, from 0 to 7,
 * or NULL if it does not have the column.  *word becomes quipu's name for it:
 * "sequence_id". */
const char *schema_names_column(const quipu_schema *schema, int column,
                                const char **word);

/* Returns the name of the kind of a further column: "uuid". */
const char *schema_names_kind(int32_t kind);

/* Returns the kind of that name, or QUIPU_VALUE_NULL. */
int32_t schema_names_kind_of(const char *name);

/* Returns an object with the names of the columns. */
json_t *schema_names_columns_json(const quipu_schema *schema);

/* Returns a list of the further columns. */
json_t *schema_names_further_json(const quipu_schema *schema);

#endif
