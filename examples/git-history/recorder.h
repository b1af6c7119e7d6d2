/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder: executes the changes of commits as commands of files.
 *
 * It finds the file that a change is about in the tree, gets its aggregate from
 * the cache or the repository, and gives it the command.  The aggregate then
 * publishes an event on the bus.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "git_log.h"
#include "tree.h"

struct recorder {
    struct tree *tree;
    quipu_repository *files;
};

/* Executes one change of a commit; tree_commit follows the last one.  CORRUPT:
 * the store does not know the file. */
int recorder_record(struct recorder *recorder, const struct commit *commit,
                    const struct change *change, quipu_error *error);

/* Applies a stored event to the tree, as recorder_record did when the event was
 * triggered. */
int recorder_replay(struct recorder *recorder, const struct file_event *event,
                    quipu_error *error);

#endif
