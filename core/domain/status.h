/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses and errors that come from functions of the program's own. */
#ifndef QUIPU_CORE_DOMAIN_STATUS_H
#define QUIPU_CORE_DOMAIN_STATUS_H

#include <quipu/types.h>

/* Makes *cause an error that nobody has filled yet. */
void quipu_status_begin(quipu_error *cause);

/*
 * Hands *cause, which a function of the program's own may have filled, to the
 * caller if the function answered other than OK.  One that returned a status
 * and said nothing gets a message that names it (`who`).
 */
void quipu_status_end(int status, const quipu_error *cause, quipu_error *error,
                      const char *who);

#endif
