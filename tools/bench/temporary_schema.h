/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema in which `quipu bench` measures, beside the schemas of the user.
 *
 * Its name identifies the process that made it: a run that was killed could not
 * remove its schema, and the next run on the same machine recognises and
 * removes it.
 */
#ifndef QUIPU_TOOLS_TEMPORARY_SCHEMA_H
#define QUIPU_TOOLS_TEMPORARY_SCHEMA_H

#include <quipu/quipu.h>

#define BENCH_SCHEMA_NAME_SIZE 64

/* Writes the name of this process's schema, a valid name of a table. */
void bench_temporary_schema_name(char name[BENCH_SCHEMA_NAME_SIZE]);

/* Removes the schema of that name with its items.  Returns the status of
 * quipu_datastore_teardown. */
int bench_temporary_schema_remove(quipu_datastore *datastore, const char *name,
                                  quipu_error *error);

/* Removes the schemas of processes of this machine that no longer exist, and
 * prints a message on standard error for each.  Schemas of other machines are
 * left alone, since their processes cannot be seen. */
int bench_temporary_schema_sweep(quipu_datastore *datastore,
                                 quipu_error *error);

#endif
