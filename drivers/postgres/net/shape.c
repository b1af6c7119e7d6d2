/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing the answer to a statement with its shape; shape.h explains the
 * words. */
#include "shape.h"

#include "binary.h"

#include <stdio.h>
#include <string.h>

/* The words of a shape.  `least` and `most` bound the bytes of a value; text
 * has no NUL byte, since it is also used as a C string. */
static const struct word {
    const char *name;
    Oid type;
    int least, most;
} words[] = {
    { "bool", TYPE_BOOL, 1, 1 },
    { "int4", TYPE_INT4, 4, 4 },
    { "int8", TYPE_INT8, 8, 8 },
    { "count", TYPE_INT8, 8, 8 },
    { "float8", TYPE_FLOAT8, 8, 8 },
    { "time", TYPE_TIMESTAMPTZ, 8, 8 },
    { "uuid", TYPE_UUID, 16, 16 },
    { "bytea", TYPE_BYTEA, 0, INT32_MAX },
    { "void", TYPE_VOID, 0, 0 },
    { "text", TYPE_TEXT, 0, INT32_MAX },
    { "id", TYPE_TEXT, 0, QUIPU_ID_MAX },
    { "name", TYPE_TEXT, 0, QUIPU_NAME_MAX },
    { "key", TYPE_TEXT, 1, QUIPU_KEY_MAX },
};

struct column {
    const struct word *word;
    bool nullable;
};

struct parsed {
    int rows; /* the number of rows at most; -1: any */
    bool exactly;
    int count;
    struct column columns[ARGUMENTS_MAX];
};

/* ----------------------------------------------------------------- parsing */

static const struct word *find_word(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].name) == size &&
            memcmp(words[i].name, name, size) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

static void parse(const char *shape, struct parsed *parsed)
{
    parsed->rows = -1;
    parsed->exactly = false;
    parsed->count = 0;
    if (strncmp(shape, "one ", 4) == 0 || strncmp(shape, "opt ", 4) == 0) {
        parsed->rows = 1;
        parsed->exactly = shape[1] == 'n';
        shape += 4;
    }
    while (*shape != '\0' && parsed->count < ARGUMENTS_MAX) {
        size_t size = strcspn(shape, " ");
        struct column *column = &parsed->columns[parsed->count++];
        column->nullable = shape[size - 1] == '?';
        column->word = find_word(shape, size - (column->nullable ? 1 : 0));
        shape += size + (shape[size] == ' ' ? 1 : 0);
    }
}

/* --------------------------------------------------------------- comparing */

static bool has_columns(const PGresult *result, const struct parsed *parsed,
                        char *problem)
{
    int count = PQnfields(result);
    ExecStatusType wanted =
        parsed->count == 0 ? PGRES_COMMAND_OK : PGRES_TUPLES_OK;
    if (count != parsed->count || PQresultStatus(result) != wanted) {
        (void)snprintf(problem, SHAPE_PROBLEM,
                       "it has %d columns instead of %d", count, parsed->count);
        return false;
    }
    for (int i = 0; i < count; i++) {
        const struct word *word = parsed->columns[i].word;
        if (!word || PQftype(result, i) != word->type ||
            PQfformat(result, i) != 1) {
            (void)snprintf(problem, SHAPE_PROBLEM,
                           "column %d has type %u instead of %s", i + 1,
                           PQftype(result, i), word ? word->name : "none");
            return false;
        }
    }
    return true;
}

static bool has_rows(const PGresult *result, const struct parsed *parsed,
                     char *problem)
{
    int rows = PQntuples(result);
    if (parsed->rows < 0 || rows == parsed->rows ||
        (rows == 0 && !parsed->exactly)) {
        return true;
    }
    (void)snprintf(problem, SHAPE_PROBLEM, "it has %d rows instead of %s1",
                   rows, parsed->exactly ? "" : "at most ");
    return false;
}

/* Returns what is wrong with a value, or NULL. */
static const char *judge(const PGresult *result, int row, int column,
                         const struct column *as)
{
    const struct word *word = as->word;
    if (PQgetisnull(result, row, column)) {
        return as->nullable ? NULL : "is NULL";
    }
    int size = PQgetlength(result, row, column);
    if (size < word->least || size > word->most) {
        return "has a wrong length";
    }
    if (word->type == TYPE_TEXT) {
        const char *text = PQgetvalue(result, row, column);
        return memchr(text, '\0', (size_t)size) ? "has a NUL byte" : NULL;
    }
    if (word->name[0] == 'c') { /* count */
        int64_t value = quipu_postgres_binary_get_int(result, row, column);
        return value < 0 || value > COUNT_MAX ? "is no counter" : NULL;
    }
    return NULL;
}

static bool has_value(const PGresult *result, int row, int column,
                      const struct column *as, char *problem)
{
    const char *wrong = judge(result, row, column, as);
    if (!wrong) {
        return true;
    }
    (void)snprintf(problem, SHAPE_PROBLEM,
                   "row %d, column %d (%s, %d bytes) %s", row + 1, column + 1,
                   as->word->name, PQgetlength(result, row, column), wrong);
    return false;
}

bool quipu_postgres_shape_fits(const PGresult *result, const char *shape,
                               char problem[SHAPE_PROBLEM])
{
    struct parsed parsed;
    parse(shape, &parsed);
    if (!has_columns(result, &parsed, problem) ||
        !has_rows(result, &parsed, problem)) {
        return false;
    }
    int rows = PQntuples(result);
    for (int row = 0; row < rows; row++) {
        for (int i = 0; i < parsed.count; i++) {
            if (!has_value(result, row, i, &parsed.columns[i], problem)) {
                return false;
            }
        }
    }
    return true;
}
