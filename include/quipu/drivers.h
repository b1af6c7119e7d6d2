/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which drivers a program may use, and where they are found.
 *
 * A scheme is `[a-z][a-z0-9-]{0,30}`.  Its driver is looked for
 *   1. among those linked in (quipu_drivers_add),
 *   2. as <entry>/<scheme>.so for each absolute entry of QUIPU_DRIVER_PATH
 *      (colon-separated; not in set-user-id programs),
 *   3. as ${libdir}/quipu/drivers/<abi>/<scheme>.so, where ${libdir} is the
 *      folder from which libquipu.so itself was loaded (the one it was built
 *      for, if quipu is linked statically or in set-user-id programs);
 * nowhere else.  A file that is there but cannot be used ends the search, and
 * the message quotes why.  A loaded driver stays until the process ends, and
 * serves the scheme that it was loaded for only.
 *
 * All functions may be called from any thread.
 */
#ifndef QUIPU_DRIVERS_H
#define QUIPU_DRIVERS_H

#include <quipu/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Adds a driver that is linked into the program.  INVALID: the scheme is none,
 * is taken, or the driver's table lacks a member; UNSUPPORTED: other ABI. */
QUIPU_API int quipu_drivers_add(const char *scheme, quipu_driver_entry_fn entry,
                                quipu_error *error);

/*
 * From now on only these schemes (comma-separated) can be opened; NULL allows
 * all again, "" none.  For programs whose URI comes from outside: a URI decides
 * which code is loaded.  INVALID.
 */
QUIPU_API int quipu_drivers_allow(const char *schemes, quipu_error *error);

/* From now on nothing is loaded; drivers linked in or loaded stay usable. */
QUIPU_API void quipu_drivers_forbid_loading(void);

/*
 * The driver for a scheme, loaded if need be.  The table is complete (members
 * that the driver lacks are NULL) and stays.  NOT_FOUND, and where it was
 * looked for; UNSUPPORTED: it is there and cannot be used, and why; INVALID:
 * no scheme; DENIED: not allowed, or loading is forbidden; NO_MEMORY.
 */
QUIPU_API int quipu_drivers_find(const char *scheme,
                                 const quipu_driver **driver,
                                 quipu_error *error);

/* What quipu_drivers_list tells of a driver it came across. */
typedef void (*quipu_drivers_visit)(void *context, const char *scheme,
                                    const char *place);

/* Calls `visit` for each driver that is linked in ("linked in") or lies in a
 * folder of the search (its path), without loading any: once for each scheme,
 * for the one that the search would come to first. */
QUIPU_API void quipu_drivers_list(quipu_drivers_visit visit, void *context);

/* Looks for a driver as quipu_drivers_find does, and calls `visit` with each
 * place that the search looks at, in order, and what it finds there: the whole
 * story behind NOT_FOUND.  Returns what quipu_drivers_find does. */
typedef void (*quipu_drivers_trace)(void *context, const char *place,
                                    const char *finding);
QUIPU_API int quipu_drivers_explain(const char *scheme,
                                    quipu_drivers_trace visit, void *context,
                                    quipu_error *error);

/* Receives what drivers say through host->message (enum quipu_level); by
 * default warnings go to standard error and the rest nowhere.  NULL: default.
 * `listen` may be called from any thread. */
typedef void (*quipu_listener)(int level, const char *text);
QUIPU_API void quipu_messages_listen(quipu_listener listen);

#ifdef __cplusplus
}
#endif

#endif
