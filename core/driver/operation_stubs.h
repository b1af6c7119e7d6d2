/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations that the author of a driver has not written yet.
 *
 * A table that lacks a required operation is refused (vtable.h).  While a
 * driver is being written, that would keep its author from testing anything
 * before everything is there.  A program that tests drivers therefore says by
 * quipu_drivers_accept_unfinished that it accepts such tables; the copy of the
 * table then has a stub in the place of each missing operation, so that the
 * rest of the core need not know of it.
 *
 * A stub tells the program which operation was called, which usually ends the
 * process, and otherwise returns INTERNAL.  `name`, `version`, `library`,
 * `open` and `close` have no stub: without them there is nothing to test.  An
 * operation that is there in part returns UNSUPPORTED, with a message that
 * names what it lacks ("append guards"), which is reported in the same way.
 */
#ifndef QUIPU_CORE_DRIVER_OPERATION_STUBS_H
#define QUIPU_CORE_DRIVER_OPERATION_STUBS_H

#include <quipu/drivers.h>

/* From now on, fills tables that are adopted; `called` may be NULL. */
void quipu_operation_stubs_accept(quipu_drivers_unwritten called);

/* Reports what a driver does not have yet, if that is accepted. */
void quipu_operation_stubs_report(const char *what);

/* Puts a stub in the place of each missing operation, if they are accepted. */
void quipu_operation_stubs_fill(quipu_driver *table);

#endif
