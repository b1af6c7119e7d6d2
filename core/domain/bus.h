/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus as the rest of core/domain sees it: it counts the objects that refer
 * to it.
 *
 * Aggregates and repositories keep a pointer to their bus, so they are counted
 * as attached, and a bus with attached objects or subscribers is not closed.
 * All functions may be called from any thread.
 */
#ifndef QUIPU_CORE_DOMAIN_BUS_H
#define QUIPU_CORE_DOMAIN_BUS_H

#include <quipu/bus.h>

/* Count an aggregate or a repository that is attached to the bus, and end its
 * attachment.  They do nothing if `bus` is NULL, which aggregates without a bus
 * pass. */
void quipu_bus_attach(quipu_bus *bus);
void quipu_bus_detach(quipu_bus *bus);

/*
 * Checks that nothing is attached to the bus, and that it has no more than
 * `subscribers` subscribers, those that the caller itself is going to
 * unsubscribe.  INVALID: the message says what has to be closed first, and how
 * much of it there is.
 */
int quipu_bus_check_idle(quipu_bus *bus, size_t subscribers,
                         quipu_error *error);

#endif
