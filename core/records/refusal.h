/* SPDX-License-Identifier: Apache-2.0 */
/* Says in words why a store refused an append. */
#ifndef QUIPU_CORE_RECORDS_REFUSAL_H
#define QUIPU_CORE_RECORDS_REFUSAL_H

#include "records/calls.h"

/*
 * Turns the result that a driver gave for an append into the append's status
 * and, if that is not OK, a message.  INTERNAL: the result is none that the
 * contract allows.
 */
int quipu_refusal_explain(const quipu_records *records,
                          const quipu_append *append, enum quipu_call call,
                          const quipu_result *result, quipu_error *error);

#endif
