/* SPDX-License-Identifier: Apache-2.0 */
/* Many at once: threads, and processes. */
#include "workers.h"

#include "assertion.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* -------------------------------------------------------------- threads */

struct member {
    pthread_t thread;
    pthread_barrier_t *start;
    void (*body)(void *context, unsigned i);
    void *context;
    unsigned index;
};

static void *run(void *argument)
{
    struct member *member = argument;

    pthread_barrier_wait(member->start);
    member->body(member->context, member->index);
    return NULL;
}

void quipu_workers_run_threads(unsigned n,
                               void (*body)(void *context, unsigned i),
                               void *context)
{
    struct member members[QUIPU_WORKERS_MAX];
    pthread_barrier_t start;

    CHECK(n <= QUIPU_WORKERS_MAX, "too many threads");
    pthread_barrier_init(&start, NULL, n);
    for (unsigned i = 0; i < n; i++) {
        members[i] = (struct member){
            .start = &start, .body = body, .context = context, .index = i
        };
        CHECK(pthread_create(&members[i].thread, NULL, run, &members[i]) == 0,
              "the system gives no thread");
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(members[i].thread, NULL);
    }
    pthread_barrier_destroy(&start);
}

/* ------------------------------------------------------------ processes */

void quipu_workers_die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE); /* it was faster */
    }
}

void *quipu_workers_share_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(memory != MAP_FAILED, "the system gives no shared memory");
    return memory;
}

static _Noreturn void live(struct quipu_context *ctx, pid_t parent,
                           const int pipe_ends[2],
                           void (*body)(struct quipu_context *ctx, void *shared,
                                        unsigned i),
                           void *shared, unsigned index)
{
    char byte;

    quipu_workers_die_with_parent(parent);
    close(pipe_ends[1]);
    quipu_context_after_fork(ctx, index);
    if (read(pipe_ends[0], &byte, 1) != 1) {
        _exit(QUIPU_EXIT_FAILED); /* the parent is gone */
    }
    close(pipe_ends[0]);
    body(ctx, shared, index);
    quipu_context_finish(ctx);
    exit(EXIT_SUCCESS);
}

struct quipu_workers quipu_workers_start(struct quipu_context *ctx, unsigned n,
                                         void (*body)(struct quipu_context *ctx,
                                                      void *shared, unsigned i),
                                         void *shared)
{
    struct quipu_workers crew = { .count = n };
    pid_t parent = getpid();
    int ends[2];

    CHECK(n <= QUIPU_WORKERS_MAX, "too many processes");
    for (size_t i = 0; i < QUIPU_CONTEXT_HANDLES; i++) {
        CHECK(!ctx->datastores[i], "the case forks with a datastore open");
    }
    CHECK(pipe(ends) == 0, "the system gives no pipe");
    for (unsigned i = 0; i < n; i++) {
        crew.children[i] = fork();
        CHECK(crew.children[i] >= 0, "the system gives no process");
        if (crew.children[i] == 0) {
            live(ctx, parent, ends, body, shared, i);
        }
    }
    close(ends[0]);
    crew.start = ends[1];
    return crew;
}

void quipu_workers_release(struct quipu_workers *crew)
{
    static const char bytes[QUIPU_WORKERS_MAX];

    CHECK(write(crew->start, bytes, crew->count) == (ssize_t)crew->count,
          "a child is gone before it began");
    close(crew->start);
}

static void wait_for(struct quipu_workers *crew, unsigned i, int *status)
{
    CHECK(waitpid(crew->children[i], status, 0) == crew->children[i],
          "a child is lost");
}

void quipu_workers_join(struct quipu_workers *crew)
{
    int status;

    for (unsigned i = 0; i < crew->count; i++) {
        wait_for(crew, i, &status);
        if (WIFEXITED(status) && WEXITSTATUS(status) == QUIPU_EXIT_FAILED) {
            _exit(QUIPU_EXIT_FAILED); /* it has told why */
        }
        CHECK(status == 0, "process %u ended with wait status 0x%x", i,
              (unsigned)status);
    }
}

bool quipu_workers_any_ended(const struct quipu_workers *crew)
{
    siginfo_t info = { .si_pid = 0 };

    for (unsigned i = 0; i < crew->count && info.si_pid == 0; i++) {
        waitid(P_PID, (id_t)crew->children[i], &info,
               WEXITED | WNOHANG | WNOWAIT);
    }
    return info.si_pid != 0;
}

void quipu_workers_kill(struct quipu_workers *crew)
{
    int status;

    for (unsigned i = 0; i < crew->count; i++) {
        kill(crew->children[i], SIGKILL);
    }
    for (unsigned i = 0; i < crew->count; i++) {
        wait_for(crew, i, &status);
        if (WIFEXITED(status) && WEXITSTATUS(status) == QUIPU_EXIT_FAILED) {
            _exit(QUIPU_EXIT_FAILED);
        }
    }
}
