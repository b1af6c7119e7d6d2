/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The import: stores the history of a git repository as events of files.
 *
 * An import continues after the commit of the last stored event.  So it may be
 * repeated when the repository has grown, and after an interruption; repeating
 * it without need stores nothing.  It consists of these parts:
 *
 *     git_log    reads the commits from `git log`
 *     recorder   turns their changes into commands of files, with the help of
 *     tree       the files by path
 *     batch      stores the events of many commits with one append
 */
#ifndef IMPORT_H
#define IMPORT_H

#include "file_store.h"

/*
 * Imports the repository in a folder into the store at a URI, and prints how
 * much was imported.
 *
 * NOT_FOUND: there is no repository.  CONFLICT: the stored history is not a
 * part of the repository's, or another import into the store is running.  IO:
 * git failed.  Codes of quipu_datastore_open and quipu_store_append.
 */
int import_repository(const char *uri, const char *repository,
                      quipu_error *error);

#endif
