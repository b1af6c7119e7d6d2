/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver under whose schemes mutants are opened: the operation table of the
 * active mutant's base driver, with the mutant's hooks and replaced operations
 * in it.
 *
 *     caller -> mutant_driver table -> hook (`append`, `on_open`, `filter`)
 *                                   -> base driver
 *
 * Reads have hooks for their cursors, too (cursor.h), and see the range of
 * items that delayed_visibility.h hides.
 *
 * Operations without hook or replacement are the base driver's own.  There is
 * one table in the process, which mutant_driver_select fills again; a store
 * that is open then keeps its handles, so a mutant is selected only between
 * runs of the suite, whose cases run in child processes.
 */
#ifndef QUIPU_MUTANT_DRIVER_H
#define QUIPU_MUTANT_DRIVER_H

#include "mutant.h"

/* Makes a mutant the active one and fills the table for it; NULL: the memory
 * driver, unchanged. */
void mutant_driver_select(const struct mutant *mutant);

/* The entry function of the driver (quipu_drivers_add); the same for all
 * mutants. */
const quipu_driver *mutant_driver_entry(void);

#endif
