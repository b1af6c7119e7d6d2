/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes of a test. */
#ifndef DRIVERS_PROCESSES_H
#define DRIVERS_PROCESSES_H

#include "fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Runs a function in a child process, which then exits with 0; a failed
 * assertion makes it exit with another number. The child is killed if its
 * parent ends. */
static inline pid_t start_child(void (*run)(void *context), void *context)
{
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(context);
        (void)fflush(NULL);
        _exit(0);
    }
    return child;
}

static inline void expect_success(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static inline void kill_child(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Memory shared by parent and children. */
static inline void *share_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

#endif
