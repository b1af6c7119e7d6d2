/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a request, which stand in its URL. */
#include "parameters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int parameters_text(const struct request *request, const char *name,
                    const char **text, quipu_error *error)
{
    const char *value = request_argument(request, name);

    *text = !value || value[0] == '\0' ? NULL : value;
    if (*text && !quipu_bytes_is_text(quipu_bytes_of_text(value))) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s must be UTF-8 without NUL", name);
    }
    return QUIPU_OK;
}

int parameters_number(const struct request *request, const char *name,
                      int64_t least, int64_t most, int64_t *number, bool *given,
                      quipu_error *error)
{
    const char *text = NULL;
    char *end = NULL;
    int status = parameters_text(request, name, &text, error);

    if (given) {
        *given = text != NULL;
    }
    if (status != QUIPU_OK || !text) {
        return status;
    }
    errno = 0;
    long long value = strtoll(text, &end, 10);

    if ((text[0] != '-' && (text[0] < '0' || text[0] > '9')) || end == text ||
        *end != '\0' || errno != 0 || value < least || value > most) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s must be a number from %" PRId64
                               " to %" PRId64,
                               name, least, most);
    }
    *number = value;
    return QUIPU_OK;
}

int parameters_order(const struct request *request, bool *descending,
                     quipu_error *error)
{
    const char *text = NULL;
    int status = parameters_text(request, "order", &text, error);

    *descending = text && strcmp(text, "desc") == 0;
    if (status == QUIPU_OK && text && !*descending &&
        strcmp(text, "asc") != 0) {
        status =
            quipu_error_set(error, QUIPU_INVALID, "order must be asc or desc");
    }
    return status;
}

int parameters_records(const struct request *request, const struct store *store,
                       quipu_records **records, quipu_error *error)
{
    const struct store_schema *found = NULL;
    const char *table = NULL;
    int status = parameters_text(request, "schema", &table, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!table && store->count != 1) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the store has %zu schemas; name one with "
                               "schema",
                               store->count);
    }
    for (size_t i = 0; i < store->count; i++) {
        if (!table || strcmp(store->schemas[i].table, table) == 0) {
            found = &store->schemas[i];
        }
    }
    if (!found) {
        return quipu_error_set(error, QUIPU_NOT_FOUND,
                               "the store has no schema '%s'", table);
    }
    *records = found->records;
    if (!found->records) {
        *error = found->error;
        return error->code;
    }
    return QUIPU_OK;
}

int parameters_id(const struct request *request, const char *name,
                  const quipu_schema *schema, quipu_id *id, quipu_error *error)
{
    const char *text = NULL;
    int status = parameters_text(request, name, &text, error);

    if (status == QUIPU_OK && !text) {
        status = quipu_error_set(error, QUIPU_INVALID, "%s is missing", name);
    }
    return status == QUIPU_OK ? store_parse_id(schema, text, id, error)
                              : status;
}
