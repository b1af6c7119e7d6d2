/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of schemas, and the words for the kinds of columns. */
#ifndef SHARED_DRIVER_SCHEMA_H
#define SHARED_DRIVER_SCHEMA_H

#include <quipu/driver.h>

/* The words for the kinds of columns: "bool", "int", "double",
 * "text", "bytes", "uuid", "time"; NULL and QUIPU_VALUE_NULL: none. */
const char *quipu_common_kind_name(int kind);
int quipu_common_kind_of(const char *name);

/* A deep copy of *from in *to, in the one block that is returned; NULL: no
 * memory. */
char *quipu_common_schema_copy(const quipu_host *host, const quipu_schema *from,
                               quipu_schema *to);

#endif
