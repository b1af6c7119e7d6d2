/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespace of a store in which scenarios run, and which they empty.
 *
 * Its name begins with "scenario", so that a URI that names the store of an
 * application in use cannot lose what that application has stored.  Nothing
 * outside the namespace is touched.
 *
 * Read models are tables of the program's own, of which quipu knows nothing;
 * the functions of the projection remove them.
 *
 * One thread at a time, without other users of the namespace.
 */
#ifndef QUIPU_CORE_SCENARIO_NAMESPACE_H
#define QUIPU_CORE_SCENARIO_NAMESPACE_H

#include <quipu/datastore.h>

/* The name, if the URI gives none. */
#define QUIPU_NAMESPACE_DEFAULT "scenario"

/* INVALID: the name of the datastore's namespace does not begin with
 * QUIPU_NAMESPACE_DEFAULT, and nothing in it may be removed. */
int quipu_namespace_check(const quipu_datastore *datastore, quipu_error *error);

/* Removes all schemas, tracking records and entries of the datastore, whose
 * namespace has been checked.  Codes of quipu_datastore_teardown and
 * quipu_datastore_commit. */
int quipu_namespace_clear(quipu_datastore *datastore, quipu_error *error);

#endif
