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
 * glibc has functions with an offset in two variants, as pwrite(off_t) and
 * pwrite64(off64_t); both are defined, because libraries may be compiled for
 * either.  Our own code uses the second, LARGE(pwrite), with offsets of type
 * int64_t, also on a 32-bit machine.  musl has one variant.
 *
 * plan.c decides if a call fails, and journal.c records it.
 */
#ifndef QUIPU_FAULTS_INTERPOSE_H
#define QUIPU_FAULTS_INTERPOSE_H

/* Included before any header of libc, which with these defines read, open and
 * others as inline functions, or gives pwrite the name of pwrite64. */
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS

#include <sys/types.h>

#ifdef __GLIBC__
#define LARGE(name) name##64
#define EACH_SIZE(define, name) define(name, off_t) define(name##64, off64_t)
#else
#define LARGE(name) name
#define EACH_SIZE(define, name) define(name, off_t)
#endif

/* The next definition of an interposed function, with its own type. */
#define NEXT(name) NEXT_NAMED(name)
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a function. */
#define NEXT_NAMED(name) ((__typeof__(&name))interpose_next(#name))

/* Returns the next definition of a function, found by dlsym(RTLD_NEXT) at each
 * call. Safe for threads. Ends the process if there is none, because the caller
 * could only pretend to have made the call. */
void (*interpose_next(const char *name))(void);

#endif
