/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of fields: their names and sizes. */
#ifndef QUIPU_CORE_EVENT_KIND_H
#define QUIPU_CORE_EVENT_KIND_H

#include <quipu/event.h>

/* The name of a kind for messages, as "text"; NULL for a number that is
 * none. */
const char *quipu_kind_name(int kind);

/* Whether a member of that kind can have that size. */
bool quipu_kind_has_size(int kind, size_t size);

#endif
