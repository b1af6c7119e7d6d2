/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resources that this process uses: memory, descriptors, threads.
 *
 * Memory is that of the whole process, because a driver's library may allocate
 * in any way.  A case therefore compares two measurements of the same kind, and
 * measures again if something else may have taken memory meanwhile.
 */
#ifndef QUIPU_USAGE_H
#define QUIPU_USAGE_H

#include <stddef.h>
#include <sys/types.h>

/* Returns the anonymous memory of this process in KiB.  Skips the case if the
 * kernel does not tell. */
long quipu_usage_memory(void);
/* The same, after the allocator of libc has returned what is free, so that
 * memory which is allocated next shows as growth. */
long quipu_usage_memory_in_use(void);

/* Returns the number of open descriptors. */
size_t quipu_usage_descriptors(void);

#define QUIPU_USAGE_THREADS 256 /* at most */

/* Stores the ids of this process's threads; returns their number. */
size_t quipu_usage_threads(pid_t threads[static QUIPU_USAGE_THREADS]);

#endif
