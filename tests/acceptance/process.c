/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes, time and memory. */
#include "acceptance.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

/* Takes the place of cmocka's function, which keeps the message of a failed
 * assertion until a test of its own has ended; there is none here.  cmocka 2
 * declares it, and older versions do not. */
/* NOLINTBEGIN(readability-redundant-declaration) */
__attribute__((visibility("default"), format(printf, 1, 2))) void
cm_print_error(const char *format, ...);
/* NOLINTEND(readability-redundant-declaration) */
void cm_print_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
}

void *process_share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

pid_t process_start(void (*run)(void *context), void *context)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(context);
        _exit(0);
    }
    return process;
}

bool process_wait_killed(pid_t process)
{
    int status = 0;

    assert_int_equal(waitpid(process, &status, 0), process);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

bool process_kill(pid_t process)
{
    (void)kill(process, SIGKILL);
    return process_wait_killed(process);
}

void process_wait_to_kill(pid_t process, atomic_bool *has_begun,
                          int64_t longest)
{
    bool must_have_begun = process_random(5) > 0;

    while (must_have_begun && !atomic_load(has_begun) &&
           process_is_running(process)) {
        process_sleep(500);
    }
    process_sleep(process_random(longest));
    atomic_store(has_begun, false);
}

bool process_is_running(pid_t process)
{
    siginfo_t info = { .si_pid = 0 };

    assert_int_equal(
        waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    return info.si_pid == 0;
}

int64_t process_random(int64_t n)
{
    static uint64_t state;

    if (state == 0) {
        state = (uint64_t)process_now() * 2654435761u + (uint64_t)getpid();
    }
    state ^= state << 13; /* xorshift64 */
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)n);
}

void process_sleep(int64_t microseconds)
{
    const struct timespec duration = { .tv_sec = microseconds / 1000000,
                                       .tv_nsec =
                                           microseconds % 1000000 * 1000 };

    (void)nanosleep(&duration, NULL);
}

int64_t process_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t process_memory(pid_t process)
{
    char line[200];
    long kilobytes = -1;

    (void)snprintf(line, sizeof(line), "/proc/%d/status", (int)process);
    FILE *file = fopen(line, "re");

    assert_non_null(file);
    while (kilobytes < 0 && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kilobytes = strtol(line + 8, NULL, 10);
        }
    }
    (void)fclose(file);
    return kilobytes;
}
