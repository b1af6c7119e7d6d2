/* SPDX-License-Identifier: Apache-2.0 */
/* Carries statuses and errors out of functions of the program's own. */
#include "domain/status.h"

#include "base/error.h"

void quipu_status_begin(quipu_error *cause)
{
    cause->code = QUIPU_OK;
    cause->native = 0;
    cause->sqlstate[0] = '\0';
    cause->message[0] = '\0';
}

void quipu_status_end(int status, const quipu_error *cause, quipu_error *error,
                      const char *who)
{
    if (status == QUIPU_OK) {
        return;
    }
    if (cause->message[0] == '\0') {
        quipu_error_set(error, status, "%s answered %s, and gave no reason",
                        who, quipu_status_name(status));
        return;
    }
    quipu_error_set_native(error, status, cause->native, cause->sqlstate, "%s",
                           cause->message);
}
