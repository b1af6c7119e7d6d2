/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture of all drivers, and SQL behind the driver's back. */
#ifndef SQLITE_FIXTURE_H
#define SQLITE_FIXTURE_H

#include "drivers/common/fixture.h"

#include <sqlite3.h>

/* Runs SQL on a file with a connection of its own. */
void fixture_sql(const char *file, const char *sql);
/* The number that SQL answers. */
int64_t fixture_ask(const char *file, const char *sql);

#endif
