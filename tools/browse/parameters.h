/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a request to `quipu browse`, which stand in its URL.
 *
 * Functions that return a status fill *error with a message for the client.
 * INVALID: a value is not of its kind.
 */
#ifndef QUIPU_TOOLS_PARAMETERS_H
#define QUIPU_TOOLS_PARAMETERS_H

#include "http/server.h"
#include "store.h"

/* Sets *text to the value of a parameter, or to NULL if it is absent or empty.
 * It is UTF-8. */
int parameters_text(const struct request *request, const char *name,
                    const char **text, quipu_error *error);

/* Sets *number to the value of a parameter, which must be from `least` to
 * `most`; without it *number is unchanged.  *given (NULL is allowed) becomes
 * true if it is there. */
int parameters_number(const struct request *request, const char *name,
                      int64_t least, int64_t most, int64_t *number, bool *given,
                      quipu_error *error);

/* Sets *descending by `order`, which is "asc" (the default) or "desc". */
int parameters_order(const struct request *request, bool *descending,
                     quipu_error *error);

/* Sets *records to those of `schema`, which may be absent if the store has only
 * one.  NOT_FOUND: there is none; also the error of opening it. */
int parameters_records(const struct request *request, const struct store *store,
                       quipu_records **records, quipu_error *error);

/* Sets *id to the sequence id `name`, which must be there. */
int parameters_id(const struct request *request, const char *name,
                  const quipu_schema *schema, quipu_id *id, quipu_error *error);

#endif
