/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application whose store and settings are given by environment variables:
 *
 *     // BANK_QUIPU_URI=sqlite:///bank.db BANK_QUIPU_SETUP=no ./bank
 *     status = quipu_environment_open("BANK", schema, &mapping, &application,
 *                                     &error);
 *
 * The first argument is the name of the application: a capital letter, then
 * capital letters, digits and '_', up to 63 in all; it does not begin with
 * "QUIPU".  A setting is read from the variable <NAME>_QUIPU_<SETTING>, and if
 * that is not set, from QUIPU_<SETTING>, which serves all applications of an
 * environment.  The settings are
 *
 *   URI      the URI of the store (datastore.h); required
 *   SETUP    yes|no: create the tables of the schema if they do not exist;
 *            default yes
 *   SCHEMES  a comma-separated list of schemes: the process accepts only these
 *            drivers from now on, of those that the program accepts
 *            (quipu_drivers_allow).  Default: all of the latter
 *
 *   SNAPSHOT_EVERY  take a snapshot of an aggregate after this number of events
 *            (snapshot.h); default: no snapshots
 *   CACHE_BYTES     the size of the cache of each repository, such as 64m
 *            (snapshot.h); default: no cache
 *   CACHE_TRUSTED   yes|no: with a cache, no other process writes the
 *            aggregates (QUIPU_CACHE_SOLE_WRITER); default no
 *
 * The last three apply to repositories that quipu_application_repository opens,
 * of aggregate types with a field table.
 *
 * A mistake in the environment is an error.  An empty value and a value that
 * the setting does not take are refused.  So is an unknown variable that begins
 * with <NAME>_QUIPU_ or QUIPU_, because it may be a misspelt one; the message
 * names the most similar setting and lists all.  Variables that other parts of
 * quipu read, such as QUIPU_DRIVER_PATH, are no mistakes.
 *
 * No message shows a value, since it may contain a password.
 *
 * In a set-user-id program, and in any other that has more rights than its
 * user, the variables are not read at all, as if none were set; such a program
 * opens its store by quipu_datastore_open.
 *
 * Threads: the functions read the environment, so that no other thread may
 * change it meanwhile (setenv, putenv, unsetenv, clearenv).  Call them before
 * the program starts threads that do.
 */
#ifndef QUIPU_ENVIRONMENT_H
#define QUIPU_ENVIRONMENT_H

#include <quipu/application.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens the datastore that the environment names, creates the tables of the
 * schema there (unless SETUP=no), and opens an application over it.
 * quipu_application_close closes the datastore, too; until then
 * quipu_application_datastore returns it.
 *
 * INVALID: the name is none; URI is not set; a variable is unknown, or has a
 * wrong value; the message names the variable, and says what it takes.
 * DENIED: the scheme of the URI is not accepted.  Otherwise as
 * quipu_datastore_open, quipu_datastore_setup and quipu_application_open.
 * After an error nothing is open, but SCHEMES may be in effect.
 */
QUIPU_API int quipu_environment_open(const char *name,
                                     const quipu_schema *schema,
                                     const quipu_mapping *mapping,
                                     quipu_application **application,
                                     quipu_error *error);

/*
 * Receives a setting from quipu_environment_list.  `variable` is the one that
 * the setting is read from, or if none is set, <NAME>_QUIPU_<SETTING>.  `value`
 * is NULL if none is set.  In a URI, "***" stands for passwords and other
 * secrets; it also stands for a value that would be refused, since that may be
 * a secret in the wrong variable.  `help` is a phrase such as "the URI of the
 * store".  Texts are borrowed for the call.
 */
typedef void (*quipu_environment_visit)(void *context, const char *variable,
                                        const char *value, const char *help);

/* Calls `visit` with each setting, in alphabetical order, as for a program's
 * --help.  INVALID: the name is none, or an argument is NULL; NO_MEMORY. */
QUIPU_API int quipu_environment_list(const char *name,
                                     quipu_environment_visit visit,
                                     void *context, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
