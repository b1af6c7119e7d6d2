/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's policy on drivers: which schemes it accepts, and whether shared
 * objects may be loaded.
 *
 * A URI decides which code is loaded.  A program whose URIs come from outside
 * restricts them by quipu_drivers_allow and quipu_drivers_forbid_loading
 * (<quipu/drivers.h>), which call this file.  The policy is global to the
 * process.  Any thread.
 */
#ifndef QUIPU_CORE_DRIVER_POLICY_H
#define QUIPU_CORE_DRIVER_POLICY_H

#include <quipu/types.h>

/* Accepts from now on only the schemes of a comma-separated list; "" accepts
 * none, NULL all.  The list is copied.  INVALID: an element is no scheme;
 * NO_MEMORY; then the policy is unchanged. */
int quipu_policy_allow(const char *schemes, quipu_error *error);

/* Accepts from now on only those schemes of a list that have been accepted so
 * far.  Codes as above. */
int quipu_policy_restrict(const char *schemes, quipu_error *error);

/* Returns INVALID if an element of a list is no scheme. */
int quipu_policy_check_list(const char *schemes, quipu_error *error);

/* Returns DENIED if a (valid) scheme is not accepted. */
int quipu_policy_check(const char *scheme, quipu_error *error);

/* Forbids loading for the rest of the process's life. */
void quipu_policy_forbid_loading(void);

/* Returns true if shared objects may be loaded. */
bool quipu_policy_may_load(void);

#endif
