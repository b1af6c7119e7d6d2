/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what `git log -z --raw --numstat` prints. */
#ifndef PARSE_H
#define PARSE_H

#include "history.h"

/* A commit begins with a byte that neither a file's line can begin with. */
#define PARSE_FORMAT "--format=tformat:%x01%H %P%x00%at%x00%an"

/* Reads the next NUL-terminated piece into history->token; NULL at the end. */
int parse_token(struct history *history, quipu_error *error);

/* Reads one commit into history->commit, from the token on. */
int parse_commit(struct history *history, quipu_error *error);

/* Frees what a commit holds, but for the room for its changes. */
void parse_clear(struct commit *commit);

#endif
