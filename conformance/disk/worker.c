/* SPDX-License-Identifier: Apache-2.0 */
/* Starts workers, and is one. */
#include "worker.h"

#include "anew.h"
#include "trial/check.h"
#include "trial/crowd.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of quipu_worker_share. */
static int shared_fd = -1;

/* ------------------------------------------------------------ being a worker
 */

static const struct quipu_job *find_job(const char *name)
{
    for (size_t i = 0; quipu_jobs[i]; i++) {
        if (strcmp(quipu_jobs[i]->name, name) == 0) {
            return quipu_jobs[i];
        }
    }
    return NULL;
}

static void *map_shared(int fd)
{
    struct stat info;
    void *memory = MAP_FAILED;

    if (fstat(fd, &info) == 0) {
        memory = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);
    }
    CHECK(memory != MAP_FAILED, "the system gives no shared memory");
    return memory;
}

/* What it is told. */
enum word {
    WORD_JOB,
    WORD_URI,
    WORD_FOLDER,
    WORD_TRAITS,
    WORD_PROFILE,
    WORD_PATIENCE,
    WORD_SEED,
    WORD_SHARED,
    WORD_INDEX,
    WORDS
};

static uint64_t number_of(const char *const *words, enum word word)
{
    return strtoull(words[word], NULL, 10);
}

void quipu_worker_enter(void)
{
    const char *words[QUIPU_ANEW_WORDS];
    const struct quipu_job *job;
    struct quipu_trial t;
    size_t count;

    if (!quipu_anew_words(words, &count) || count != WORDS) {
        return;
    }
    job = find_job(words[WORD_JOB]);
    CHECK(job, "no worker does %s", words[WORD_JOB]);
    quipu_trial_init(&t, words[WORD_URI], words[WORD_FOLDER],
                     (uint32_t)number_of(words, WORD_TRAITS),
                     number_of(words, WORD_SEED));
    t.profile = (enum quipu_profile)number_of(words, WORD_PROFILE);
    t.patience = (unsigned)number_of(words, WORD_PATIENCE);
    shared_fd = (int)number_of(words, WORD_SHARED);
    job->run(&t, map_shared(shared_fd), (unsigned)number_of(words, WORD_INDEX));
    quipu_trial_close_all(&t);
    exit(EXIT_SUCCESS);
}

/* Where a symbol is, as an object that can be copied to any pointer. */
static void *faults_symbol(const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);

    CHECK(symbol, "quipu-faults.so is not in this process");
    return symbol;
}

static unsigned ask(const char *name)
{
    union {
        void *object;
        unsigned (*function)(void);
    } symbol = { faults_symbol(name) };

    return symbol.function();
}

unsigned quipu_worker_failures(void)
{
    return ask("quipu_fault_failed");
}

unsigned quipu_worker_calls(void)
{
    return ask("quipu_fault_calls");
}

void quipu_worker_mark(unsigned who, int64_t where)
{
    union {
        void *object;
        void (*function)(unsigned who, int64_t where);
    } symbol = { faults_symbol("quipu_fault_mark") };

    symbol.function(who, where);
}

/* --------------------------------------------------------------- having them
 */

/* The folder of the program or library that holds something. */
static void folder_of(const void *thing, char folder[static PATH_MAX])
{
    Dl_info info;
    bool known =
        dladdr(thing, &info) && info.dli_fname && strchr(info.dli_fname, '/');

    snprintf(folder, PATH_MAX, "%s", known ? info.dli_fname : "");
    (void)dirname(folder);
}

/* $QUIPU_FAULTS, or beside the suite's library, or beside quipu's, or where it
 * lies from the program. */
static const char *find_faults(struct quipu_trial *t)
{
    static const char *const places[] = {
        "quipu-faults.so", "quipu/quipu-faults.so", "../lib/quipu-faults.so",
        "../" QUIPU_LIBDIR "/quipu/quipu-faults.so"
    };
    const char *named = getenv("QUIPU_FAULTS");
    char folders[3][PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", folders[0], PATH_MAX - 1);

    if (named) {
        return named;
    }
    folders[0][size > 0 ? size : 0] = '\0';
    (void)dirname(folders[0]);
    folder_of(quipu_jobs, folders[1]);
    folder_of(quipu_status_name(QUIPU_OK), folders[2]);
    for (size_t i = 0; i < 3 * sizeof(places) / sizeof(*places); i++) {
        const char *path =
            quipu_trial_text(t, "%s/%s", folders[i % 3], places[i / 3]);

        if (access(path, R_OK) == 0) {
            return path;
        }
    }
    quipu_check_skip("quipu-faults.so is not beside the suite");
}

void quipu_worker_check(struct quipu_trial *t)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    quipu_check_skip("a sanitizer and quipu-faults.so do not go together");
#endif
    find_faults(t);
    if (!strstr(t->plain, t->directory)) {
        quipu_check_skip("the name of {dir} is not plain in the URI");
    }
}

void *quipu_worker_share(size_t size)
{
    CHECK(shared_fd < 0, "a case shares memory with its workers once");
    shared_fd = memfd_create("workers", 0);
    CHECK(shared_fd >= 0 && ftruncate(shared_fd, (off_t)size) == 0,
          "the system gives no shared memory");
    return map_shared(shared_fd);
}

static const char *move_uri(struct quipu_trial *t, const char *uri,
                            const char *folder)
{
    const char *at = strstr(uri, t->directory);

    return quipu_trial_text(t, "%.*s%s%s", (int)(at - uri), uri, folder,
                            at + strlen(t->directory));
}

const char *quipu_worker_uri(struct quipu_trial *t, const char *folder)
{
    return move_uri(t, t->uri, folder);
}

void quipu_task_fault(struct quipu_task *task, const char *name,
                      const char *value)
{
    for (size_t i = 0; i < QUIPU_TASK_FAULTS; i++) {
        if (!task->faults[i].name) {
            task->faults[i].name = name;
            task->faults[i].value = value;
            return;
        }
    }
    quipu_check_fail(__FILE__, __LINE__, "too many faults in one task");
}

/* Its folder and its name go apart: the loader takes a space in LD_PRELOAD for
 * the end of a name. */
static void preload(struct quipu_trial *t)
{
    const char *path = find_faults(t);
    const char *before = getenv("LD_LIBRARY_PATH");
    const char *name = strrchr(path, '/');
    int length = name ? (int)(name - path) : 0;

    setenv("LD_PRELOAD", name ? name + 1 : path, 1);
    setenv("LD_LIBRARY_PATH",
           quipu_trial_text(t, "%.*s%s%s", length, path, before ? ":" : "",
                            before ? before : ""),
           1);
}

static const char *uri_of(struct quipu_trial *t, const struct quipu_task *task)
{
    const char *uri = move_uri(t, t->plain, task->folder);

    if (!task->options) {
        return uri;
    }
    return quipu_trial_text(t, "%s%c%s", uri, strchr(uri, '?') ? '&' : '?',
                            task->options);
}

static const char *text_of(struct quipu_trial *t, uint64_t number)
{
    return quipu_trial_text(t, "%" PRIu64, number);
}

static _Noreturn void become_worker(struct quipu_trial *t,
                                    const struct quipu_task *task,
                                    unsigned index)
{
    uint64_t seed = quipu_trial_random(t, UINT64_MAX) + index;
    const char *words[WORDS] = {
        [WORD_JOB] = task->job->name,
        [WORD_URI] = uri_of(t, task),
        [WORD_FOLDER] = task->folder,
        [WORD_TRAITS] = text_of(t, t->traits),
        [WORD_PROFILE] = text_of(t, t->profile),
        [WORD_PATIENCE] = text_of(t, t->patience),
        [WORD_SEED] = text_of(t, seed),
        [WORD_SHARED] = text_of(t, (uint64_t)shared_fd),
        [WORD_INDEX] = text_of(t, index),
    };

    preload(t);
    setenv("QUIPU_FAULT_FOLDER", task->folder, 1);
    for (size_t i = 0; i < QUIPU_TASK_FAULTS && task->faults[i].name; i++) {
        setenv(task->faults[i].name, task->faults[i].value, 1);
    }
    quipu_anew(words, WORDS);
    _exit(98);
}

pid_t quipu_worker_start(struct quipu_trial *t, const struct quipu_task *task,
                         unsigned index)
{
    pid_t parent = getpid();
    pid_t worker = fork();

    CHECK(worker >= 0, "the system gives no process");
    if (worker == 0) {
        quipu_crowd_end_with(parent);
        become_worker(t, task, index);
    }
    return worker;
}

int quipu_worker_wait(pid_t worker)
{
    int status;

    CHECK(waitpid(worker, &status, 0) == worker, "a worker is lost");
    return status;
}

void quipu_worker_pass(struct quipu_trial *t, const struct quipu_task *task)
{
    int status = quipu_worker_wait(quipu_worker_start(t, task, 0));

    if (WIFEXITED(status) && (WEXITSTATUS(status) == QUIPU_EXIT_FAILED ||
                              WEXITSTATUS(status) == QUIPU_EXIT_SKIPPED)) {
        _exit(WEXITSTATUS(status)); /* it has told why */
    }
    CHECK(status == 0, "the worker ended with wait status 0x%x",
          (unsigned)status);
}
