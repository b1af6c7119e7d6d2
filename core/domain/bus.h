/* SPDX-License-Identifier: Apache-2.0 */
/* What the bus offers to the rest of core/domain. */
#ifndef QUIPU_CORE_DOMAIN_BUS_H
#define QUIPU_CORE_DOMAIN_BUS_H

#include <quipu/bus.h>

/* Counts an aggregate or a repository that is attached to a bus, and no longer
 * is.  NULL is allowed. */
void quipu_bus_attach(quipu_bus *bus);
void quipu_bus_detach(quipu_bus *bus);

/* INVALID, with a message, if anything is attached or there are more than
 * `subscribers` subscribers. */
int quipu_bus_check_idle(quipu_bus *bus, size_t subscribers,
                         quipu_error *error);

#endif
