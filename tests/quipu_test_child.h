/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that fork child processes, which are killed at a point of their work or
 * end with _exit(0). */
#ifndef QUIPU_TEST_CHILD_H
#define QUIPU_TEST_CHILD_H

#include "quipu_test.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits for a child, and fails unless SIGKILL or _exit(0) has ended it: a crash
 * or a failed assertion is not taken for a kill. Returns true if it was
 * killed. */
static inline bool quipu_test_was_killed(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
                                    : WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

#endif
