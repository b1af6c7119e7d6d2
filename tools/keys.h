/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys and dictionaries of the command line, and the opening of states that
 * are compressed or encrypted.
 *
 * There is one opener, for the one command that the program runs.  It is wiped
 * when the program exits.
 */
#ifndef QUIPU_TOOLS_KEYS_H
#define QUIPU_TOOLS_KEYS_H

#include <quipu/quipu.h>

#include <stdbool.h>

struct args;

/* Reads the files of --keys and --dictionary, if they are given.  Returns false
 * after a message if that fails. */
bool keys_load(const struct args *args);

/*
 * Opens the state of an item, as quipu_opener_open does; *state is lent until
 * the next call.  After a failure it is the stored state, and the message says
 * whether the key is missing.
 */
int keys_open_state(const quipu_item *item, quipu_bytes *state,
                    quipu_error *error);

#endif
