/* SPDX-License-Identifier: Apache-2.0 */
/* Locks on single bytes of the lock file, by F_OFD_SETLK of fcntl.
 *
 * Such a lock belongs to an open file description: two openings of the file
 * exclude each other, also within one process, and the kernel releases the lock
 * when the last descriptor of the description is closed, however its process
 * ends and in whatever PID namespace it runs. No call waits. */
#ifndef QUIPU_DRIVERS_COMMON_BYTE_LOCK_H
#define QUIPU_DRIVERS_COMMON_BYTE_LOCK_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

/* The bytes of the lock file; lock_file.c and fair_lock.c describe their use.
 */
enum lock_byte { BYTE_OPEN, BYTE_USERS, BYTE_NEXT, BYTE_WRITER };

/* Locks a byte, shared (F_RDLCK) or exclusively (F_WRLCK), or unlocks it
 * (F_UNLCK). Returns 0 or an errno. */
static inline int byte_lock_set(int fd, enum lock_byte byte, short type)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };

    return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

/* Returns true if another description holds the lock. */
static inline bool byte_lock_is_held(int code)
{
    return code == EAGAIN || code == EACCES;
}

#endif
