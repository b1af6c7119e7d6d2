/* SPDX-License-Identifier: Apache-2.0 */
/* The common fixture, and SQL that does not go through the driver. */
#ifndef SQLITE_FIXTURE_H
#define SQLITE_FIXTURE_H

#include "drivers/common/fixture.h"

#include <sqlite3.h>

/* Runs SQL on a file through a separate connection. */
void fixture_sql(const char *file, const char *sql);
/* Returns the number that a query returns. */
int64_t fixture_ask(const char *file, const char *sql);

#endif
