/* SPDX-License-Identifier: Apache-2.0 */
/* What is being decoded, to be named in messages. */
#ifndef QUIPU_CORE_MAPPER_SUBJECT_H
#define QUIPU_CORE_MAPPER_SUBJECT_H

#include <quipu/types.h>

#include "base/error.h"

/* Borrowed. */
typedef struct quipu_subject {
    const quipu_item *item;
    bool text_ids; /* its sequence id is text */
} quipu_subject;

#define QUIPU_SUBJECT_SIZE 560

/* Writes "event TOPIC of sequence ID at position N"; what is not printable
 * text is written in hexadecimal.  Returns `text`. */
const char *quipu_subject_format(const quipu_subject *subject,
                                 char text[QUIPU_SUBJECT_SIZE]);

/* Fills *error with a message that names the subject and says `why`; returns
 * `status`. */
static inline int quipu_subject_refuse(const quipu_subject *subject, int status,
                                       const char *why, quipu_error *error)
{
    char text[QUIPU_SUBJECT_SIZE];

    return quipu_error_set(error, status, "%s: %s",
                           quipu_subject_format(subject, text), why);
}

#endif
