/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parser of the two lines of an operation.  The format is described in
 * history.h.  A line that is not of the format makes the whole history
 * unreadable: a history that was damaged must not be checked in part.
 *
 * Words are separated by one space; a word that the call does not have is an
 * error.
 */
#ifndef QUIPU_HISTORY_PARSER_H
#define QUIPU_HISTORY_PARSER_H

#include "history.h"
#include "token.h"

/* Parses a request; `line` is what follows the time and the number.  Entries,
 * guards and names are added to the history.  Returns false if the line is not
 * of the format. */
bool quipu_history_parser_request(struct quipu_history *history,
                                  struct quipu_operation *op,
                                  struct quipu_history_token line);

/* Parses the response to the request that `op` holds; likewise. */
bool quipu_history_parser_response(struct quipu_history *history,
                                   struct quipu_operation *op,
                                   struct quipu_history_token line);

/* Returns the word of the format for a conflict's cause (enum quipu_cause):
 * "position"; "?" for an unknown cause. */
const char *quipu_history_parser_cause_name(int cause);

#endif
