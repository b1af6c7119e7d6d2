/* SPDX-License-Identifier: Apache-2.0 */
/* Stores the history of a repository, or what is new in it. */
#ifndef IMPORT_H
#define IMPORT_H

#include "ledger.h"

/*
 * Importing goes on behind the commit of the last event that is stored, so it
 * may be repeated whenever the repository has grown, and after an interruption.
 * CONFLICT: the repository's history is not the one that is stored, or another
 * import of it is under way.
 */
int import_repository(const char *uri, const char *repository,
                      quipu_error *error);

#endif
