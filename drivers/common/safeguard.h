/* SPDX-License-Identifier: Apache-2.0 */
/* Marks for the code that keeps a guarantee, so that it can be taken away.
 *
 * A safeguard is a statement, a condition or a piece of SQL without which a
 * guarantee of docs/guarantees.md would not hold. Its mark carries an id, the
 * number of the guarantee and a name: "U3.equal-topic". An ordinary build
 * compiles the marks to nothing. A build with -DQUIPU_GUARDS=ON reads the
 * environment: the safeguard that QUIPU_SAFEGUARD names is left out while the
 * program runs. `./dev guards` does that for one safeguard after the other and
 * sees whether the case named in conformance/safeguards/expected.txt fails.
 *
 *     SAFEGUARD("U2.rollback")
 *     status = roll_back(transaction, error);
 *
 *     if (SAFEGUARDED("U3.equal-topic", same(a->topic, b->topic), true)) {
 *
 * SQL is written in one piece, without marks: expected.txt says which part of
 * a statement to replace by what, and SAFEGUARD_SQL, through which a driver
 * hands each statement to its library, makes the replacement. */
#ifndef QUIPU_DRIVERS_COMMON_SAFEGUARD_H
#define QUIPU_DRIVERS_COMMON_SAFEGUARD_H

#ifdef QUIPU_GUARDS

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool safeguard_is_removed(const char *id)
{
    const char *removed = getenv("QUIPU_SAFEGUARD");

    return removed && strcmp(removed, id) == 0;
}

/* The statement with the text of QUIPU_SAFEGUARD_SQL replaced by that of
 * QUIPU_SAFEGUARD_SQL_BY wherever it occurs. The result is never freed; a
 * statement that lacks the text is returned itself. */
static inline const char *safeguard_sql(const char *sql)
{
    const char *old = getenv("QUIPU_SAFEGUARD_SQL");
    const char *by = getenv("QUIPU_SAFEGUARD_SQL_BY");
    const char *found = sql && old && by ? strstr(sql, old) : NULL;

    while (found) {
        const size_t head = (size_t)(found - sql);
        const char *tail = found + strlen(old);
        char *text = malloc(head + strlen(by) + strlen(tail) + 1);

        if (!text) {
            abort();
        }
        memcpy(text, sql, head);
        strcpy(text + head, by);
        strcpy(text + head + strlen(by), tail);
        sql = text;
        found = strstr(text + head + strlen(by), old);
    }
    return sql;
}

/* The statement that follows keeps a guarantee. */
#define SAFEGUARD(id)               \
    if (safeguard_is_removed(id)) { \
    } else
/* The value, or, when the safeguard is removed, the other one. */
#define SAFEGUARDED(id, value, without) \
    (safeguard_is_removed(id) ? (without) : (value))
#define SAFEGUARD_SQL(sql) safeguard_sql(sql)

#else

#define SAFEGUARD(id)
#define SAFEGUARDED(id, value, without) (value)
#define SAFEGUARD_SQL(sql) (sql)

#endif

#endif
