/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers that a program may use, and where they are found.
 *
 * A scheme is `[a-z][a-z0-9-]{0,30}`.  Its driver is looked for
 *   1. among those linked in (quipu_drivers_add),
 *   2. as <entry>/<scheme>.so for each absolute entry of the environment
 *      variable QUIPU_DRIVER_PATH (colon-separated; ignored in set-user-id
 *      programs),
 *   3. as ${libdir}/quipu/drivers/<abi>/<scheme>.so, where ${libdir} is the
 *      folder from which libquipu.so itself was loaded (or the one that quipu
 *      was configured with, if quipu is linked statically, or in set-user-id
 *      programs);
 * and nowhere else.  A file that exists but cannot be used ends the search, and
 * the message says why.  A loaded driver stays until the process ends, and
 * serves only the scheme for which it was loaded.
 *
 * A URI decides which code is loaded.  A program whose URIs come from outside
 * restricts them by quipu_drivers_allow or quipu_drivers_forbid_loading before
 * it opens the first.
 *
 * All functions may be called from any thread.  The settings are global to the
 * process.
 */
#ifndef QUIPU_DRIVERS_H
#define QUIPU_DRIVERS_H

#include <quipu/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Adds a driver that is linked into the program, for the rest of the process's
 * life.  `scheme` is copied.  INVALID: the scheme is malformed or taken, or the
 * driver's table lacks a required member; UNSUPPORTED: the driver is of another
 * ABI; NO_MEMORY.
 */
QUIPU_API int quipu_drivers_add(const char *scheme, quipu_driver_entry_fn entry,
                                quipu_error *error);

/*
 * From now on, accepts only the schemes of a comma-separated list, which is
 * copied; NULL accepts all, "" none.  Datastores that are open are not
 * affected.  INVALID: an element is no scheme; NO_MEMORY; then nothing changes.
 */
QUIPU_API int quipu_drivers_allow(const char *schemes, quipu_error *error);

/* Forbids loading for the rest of the process's life.  Drivers that are linked
 * in or loaded already can still be used. */
QUIPU_API void quipu_drivers_forbid_loading(void);

/*
 * Sets *driver to the driver of a scheme, which is loaded if necessary.  The
 * table has the size of this version of quipu_driver (members that the driver
 * lacks are NULL), is constant, and lives until the process ends.
 *
 * NOT_FOUND: there is no driver; the message lists the places searched, and the
 * drivers that there are.  IO: the process has no descriptor left.
 * UNSUPPORTED: it exists but cannot be used; the message says why.  INVALID:
 * the scheme is NULL or malformed.  DENIED: the scheme is not accepted, or
 * loading is forbidden.  NO_MEMORY.
 */
QUIPU_API int quipu_drivers_find(const char *scheme,
                                 const quipu_driver **driver,
                                 quipu_error *error);

/* Receives a driver from quipu_drivers_list.  Texts are borrowed for the
 * call. */
typedef void (*quipu_drivers_visit)(void *context, const char *scheme,
                                    const char *location);

/* Calls `visit` for each driver that is linked in (location: "linked in") or
 * is a file in a folder of the search (location: its path), once for each
 * scheme, with the one that a search finds.  Loads nothing. */
QUIPU_API void quipu_drivers_list(quipu_drivers_visit visit, void *context);

/* Receives one step of a search from quipu_drivers_explain.  Texts are borrowed
 * for the call. */
typedef void (*quipu_drivers_trace)(void *context, const char *location,
                                    const char *finding);

/* Looks for a driver as quipu_drivers_find does, and calls `visit` with each
 * location that the search looks at, in order, and the finding there.  Returns
 * the status of quipu_drivers_find. */
QUIPU_API int quipu_drivers_explain(const char *scheme,
                                    quipu_drivers_trace visit, void *context,
                                    quipu_error *error);

/* Is told what was used that a driver does not have: the name of an operation,
 * or the driver's own words. */
typedef void (*quipu_drivers_unwritten)(const char *what);

/*
 * For the test of a driver that is being written: from now on accepts drivers
 * whose table lacks operations that are required, except `open` and `close`.
 * The call of one that is missing, or of one that returns UNSUPPORTED without
 * listing it, calls `called` (unless that is NULL), in the calling thread, and
 * returns INTERNAL.
 */
QUIPU_API void quipu_drivers_accept_unfinished(quipu_drivers_unwritten called);

/* Receives a message of a driver; `level` is enum quipu_level, `text` is
 * borrowed.  It may be called from any thread, and must not call quipu. */
typedef void (*quipu_listener)(int level, const char *text);

/* Sets the function that receives the messages that drivers send by
 * host->message.  NULL: the default, which writes warnings to standard error
 * and drops the others. */
QUIPU_API void quipu_messages_listen(quipu_listener listen);

#ifdef __cplusplus
}
#endif

#endif
