/* SPDX-License-Identifier: Apache-2.0 */
/* A schema against what the catalogue says of it. */
#include "lmdb_driver.h"

#include "common/schema.h"

int quipu_lmdb_compare(quipu_driver_datastore *datastore,
                       const quipu_schema *wanted, const quipu_schema *stored,
                       quipu_error *error)
{
    const char *parts[SCHEMA_PARTS];
    quipu_common_schema_parts(stored, parts);
    int status = quipu_common_schema_compare_parts(datastore->host, wanted,
                                                   parts, error);
    size_t count = wanted->column_count > stored->column_count
                       ? wanted->column_count
                       : stored->column_count;
    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        const quipu_column none = { .kind = QUIPU_VALUE_NULL };
        const quipu_column *column =
            i < stored->column_count ? &stored->columns[i] : &none;
        status = quipu_common_schema_compare_column(
            datastore->host, wanted, i, column->name,
            quipu_common_schema_kind_name(column->kind), error);
    }
    return status;
}
