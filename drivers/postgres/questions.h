/* SPDX-License-Identifier: Apache-2.0 */
/* The questions of one look and their answers. */
#ifndef POSTGRES_DRIVER_QUESTIONS_H
#define POSTGRES_DRIVER_QUESTIONS_H

#include "looks.h"

/* What was asked, in its order. */
enum question {
    ASKED_HEADS,
    ASKED_LASTS,
    ASKED_COMPARE,
    ASKED_TAKEN,
    ASKED_TRACKED
};

struct questions {
    size_t count;
    struct {
        enum question what;
        uint32_t section;
    } at[3 * SECTIONS_MAX + 3];
};

/* Sends what has to be asked, and the end; notes it in its order. */
void quipu_postgres_questions_send(struct group *group,
                                   struct connection *connection,
                                   struct questions *questions);
/* Takes in an answer: `section` is the one that was asked about. */
void quipu_postgres_questions_take(struct group *group, enum question what,
                                   uint32_t section, const PGresult *result,
                                   struct seen *seen);

#endif
