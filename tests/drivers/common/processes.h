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

/* Waits until a thread sleeps: until it has been found asleep several times, a
 * millisecond apart. The main thread of a process has its number. */
static inline void await_sleep(pid_t process, pid_t thread)
{
    const int64_t end = fixture_now() + FIXTURE_PATIENCE;
    char path[64];
    int found = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)process,
                   (int)thread);
    while (found < 4) {
        char text[64] = "";
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        assert_non_null(fgets(text, sizeof(text), file));
        assert_int_equal(fclose(file), 0);
        assert_true(fixture_now() < end);
        found += strstr(text, ") S ") != NULL; /* "4711 (name) S ..." */
        (void)usleep(1000);
    }
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
