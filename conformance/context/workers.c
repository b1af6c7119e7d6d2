/* SPDX-License-Identifier: Apache-2.0 */
/* Racing threads and processes. */
#include "workers.h"

#include "assertion.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* -------------------------------------------------------------- threads */

struct thread {
    pthread_t id;
    pthread_barrier_t *start;
    void (*body)(void *context, unsigned i);
    void *context;
    unsigned index;
    bool returned; /* false: a call has ended the thread */
};

static void *run(void *argument)
{
    struct thread *thread = argument;

    pthread_barrier_wait(thread->start);
    thread->body(thread->context, thread->index);
    thread->returned = true;
    return NULL;
}

void quipu_workers_run_threads(unsigned n,
                               void (*body)(void *context, unsigned i),
                               void *context)
{
    struct thread threads[QUIPU_WORKERS_MAX];
    pthread_barrier_t start;

    CHECK(n <= QUIPU_WORKERS_MAX, "more than %d threads", QUIPU_WORKERS_MAX);
    pthread_barrier_init(&start, NULL, n);
    for (unsigned i = 0; i < n; i++) {
        threads[i] = (struct thread){
            .start = &start, .body = body, .context = context, .index = i
        };
        CHECK(pthread_create(&threads[i].id, NULL, run, &threads[i]) == 0,
              "cannot create a thread");
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(threads[i].id, NULL);
        CHECK(threads[i].returned, "thread %u was ended by a call that it made",
              i);
    }
    pthread_barrier_destroy(&start);
}

/* ------------------------------------------------------------ processes */

void quipu_workers_die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE); /* the parent has ended before prctl */
    }
}

void *quipu_workers_share_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(memory != MAP_FAILED, "cannot map shared memory");
    return memory;
}

struct task {
    pid_t parent;
    int start[2]; /* the pipe by which the children are released */
    quipu_workers_body *body;
    void *shared;
};

static _Noreturn void run_child(struct quipu_context *ctx,
                                const struct task *task, unsigned index)
{
    char byte;

    quipu_completion_begin();
    quipu_workers_die_with_parent(task->parent);
    close(task->start[1]);
    quipu_context_after_fork(ctx, index);
    if (read(task->start[0], &byte, 1) != 1) {
        quipu_completion_exit(QUIPU_COMPLETION_FAILED); /* no parent */
    }
    close(task->start[0]);
    task->body(ctx, task->shared, index);
    quipu_context_finish(ctx);
    quipu_completion_state(QUIPU_COMPLETION_DONE);
    exit(EXIT_SUCCESS);
}

struct quipu_workers quipu_workers_start(struct quipu_context *ctx, unsigned n,
                                         quipu_workers_body *body, void *shared)
{
    struct quipu_workers workers = { .count = n };
    struct task task = { .parent = getpid(), .body = body, .shared = shared };

    CHECK(n <= QUIPU_WORKERS_MAX, "more than %d processes", QUIPU_WORKERS_MAX);
    for (size_t i = 0; i < QUIPU_CONTEXT_HANDLES; i++) {
        CHECK(!ctx->datastores[i], "the case forks while a datastore is open");
    }
    CHECK(quipu_completion_create() && pipe(task.start) == 0,
          "cannot create a pipe");
    for (unsigned i = 0; i < n; i++) {
        workers.children[i] = fork();
        CHECK(workers.children[i] >= 0, "cannot fork");
        if (workers.children[i] == 0) {
            run_child(ctx, &task, i);
        }
    }
    close(task.start[0]);
    workers.start = task.start[1];
    return workers;
}

void quipu_workers_release(struct quipu_workers *workers)
{
    static const char bytes[QUIPU_WORKERS_MAX];

    CHECK(write(workers->start, bytes, workers->count) ==
              (ssize_t)workers->count,
          "a child has ended before it was released");
    close(workers->start);
}

static void wait_for(struct quipu_workers *workers, unsigned i, int *status)
{
    CHECK(waitpid(workers->children[i], status, 0) == workers->children[i],
          "cannot wait for a child");
}

void quipu_workers_join(struct quipu_workers *workers)
{
    int status;

    for (unsigned i = 0; i < workers->count; i++) {
        wait_for(workers, i, &status);
        CHECK_CHILD(workers->children[i], status, "process %u", i);
    }
}

bool quipu_workers_any_ended(const struct quipu_workers *workers)
{
    siginfo_t info = { .si_pid = 0 };

    for (unsigned i = 0; i < workers->count && info.si_pid == 0; i++) {
        waitid(P_PID, (id_t)workers->children[i], &info,
               WEXITED | WNOHANG | WNOWAIT);
    }
    return info.si_pid != 0;
}

void quipu_workers_kill(struct quipu_workers *workers)
{
    int status;

    for (unsigned i = 0; i < workers->count; i++) {
        kill(workers->children[i], SIGKILL);
    }
    for (unsigned i = 0; i < workers->count; i++) {
        wait_for(workers, i, &status);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
            CHECK_CHILD(workers->children[i], status, "process %u", i);
        }
    }
}
