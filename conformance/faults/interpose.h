/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol interposition: the interpose_*.c files define functions of libc, and
 * the dynamic linker binds the calls of the program and its libraries to them,
 * because this library is preloaded.  Each calls the next definition, that of
 * libc, by NEXT:
 *
 *     int fsync(int fd)
 *     {
 *         return is_watched(fd) ? sync_watched(fd) : NEXT(fsync)(fd);
 *     }
 *
 * Calls that libc makes internally, such as those of stdio, are not bound here.
 * Functions with a 64-bit variant (open64, pwrite64 ...) are defined twice,
 * because libraries may be compiled for either.
 *
 * plan.c decides if a call fails, and journal.c records it.
 */
#ifndef QUIPU_FAULTS_INTERPOSE_H
#define QUIPU_FAULTS_INTERPOSE_H

/* Included before any header of libc, which otherwise defines read, open and
 * others as inline functions of its own. */
#undef _FORTIFY_SOURCE

/* The next definition of an interposed function, with its own type. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a function. */
#define NEXT(name) ((__typeof__(&name))interpose_next(#name))

/* Returns the next definition of a function, found by dlsym(RTLD_NEXT) at each
 * call. Safe for threads. Ends the process if there is none, because the caller
 * could only pretend to have made the call. */
void (*interpose_next(const char *name))(void);

#endif
