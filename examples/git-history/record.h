/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a commit's changes into commands to files. */
#ifndef RECORD_H
#define RECORD_H

#include "history.h"
#include "living.h"

struct recorder {
    struct living *living;
    quipu_repository *files;
};

/* Gives the command to the file that a change is about.  To be followed by
 * living_settle after a commit's last change. */
int recorder_record(struct recorder *recorder, const struct commit *commit,
                    const struct change *change, quipu_error *error);

/* What a stored event did to the living files. */
int recorder_replay(struct recorder *recorder, const struct file_event *event,
                    quipu_error *error);

#endif
