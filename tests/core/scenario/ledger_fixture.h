/* SPDX-License-Identifier: Apache-2.0 */
/* A read model in each back end: one sum of cents. */
#ifndef QUIPU_TEST_LEDGER_FIXTURE_H
#define QUIPU_TEST_LEDGER_FIXTURE_H

#include "quipu_test.h"

#include <quipu/quipu.h>

/* All but `sum` return a status, without a message.  They get the handle of the
 * back end, in a transaction. */
struct ledger {
    int (*create)(void *native); /* the sum is 0 */
    int (*drop)(void *native);
    int (*set)(void *native, int64_t cents);
    int64_t (*sum)(void *native); /* -1: it cannot be read */
};

extern const struct ledger ledger_sqlite, ledger_lmdb, ledger_postgres;

#endif
