/* SPDX-License-Identifier: Apache-2.0 */
/* A driver's table, brought to the shape that this core knows. */
#ifndef QUIPU_CORE_DRIVER_TABLE_H
#define QUIPU_CORE_DRIVER_TABLE_H

#include <quipu/driver.h>

/*
 * Copies what a driver's entry returned into *table: members that it is too
 * old to have become NULL, those that this core is too old to know are left
 * out.  UNSUPPORTED: other ABI; INVALID: no table, or a required member is
 * missing.  The message is a clause: `it is built for ...`.
 */
int quipu_table_adopt(quipu_driver *table, const quipu_driver *given,
                      quipu_error *error);

#endif
