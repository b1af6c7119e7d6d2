/* SPDX-License-Identifier: Apache-2.0 */
/* Starts workers, and is one. */
#include "subprocess.h"

#include "assertion.h"
#include "reexec.h"
#include "workers.h"

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

/* Of quipu_subprocess_share_memory. */
static int shared_fd = -1;

/* ------------------------------------------------------------ being a worker
 */

static const struct quipu_subprocess_job *find_job(const char *name)
{
    for (size_t i = 0; quipu_subprocess_jobs[i]; i++) {
        if (strcmp(quipu_subprocess_jobs[i]->name, name) == 0) {
            return quipu_subprocess_jobs[i];
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

void quipu_subprocess_enter(void)
{
    const char *words[QUIPU_REEXEC_WORDS];
    const struct quipu_subprocess_job *job;
    struct quipu_context ctx;
    size_t count;

    if (!quipu_reexec_words(words, &count) || count != WORDS) {
        return;
    }
    job = find_job(words[WORD_JOB]);
    CHECK(job, "no worker does %s", words[WORD_JOB]);
    quipu_context_init(&ctx, words[WORD_URI], words[WORD_FOLDER],
                       (uint32_t)number_of(words, WORD_TRAITS),
                       number_of(words, WORD_SEED));
    ctx.profile = (enum quipu_profile)number_of(words, WORD_PROFILE);
    ctx.patience = (unsigned)number_of(words, WORD_PATIENCE);
    shared_fd = (int)number_of(words, WORD_SHARED);
    job->run(&ctx, map_shared(shared_fd),
             (unsigned)number_of(words, WORD_INDEX));
    quipu_context_close_all(&ctx);
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

unsigned quipu_subprocess_failures(void)
{
    return ask("quipu_fault_plan_failed");
}

unsigned quipu_subprocess_calls(void)
{
    return ask("quipu_fault_plan_calls");
}

void quipu_subprocess_mark(unsigned who, int64_t where)
{
    union {
        void *object;
        void (*function)(unsigned who, int64_t where);
    } symbol = { faults_symbol("quipu_fault_journal_mark") };

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
static const char *find_faults(struct quipu_context *ctx)
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
    folder_of(quipu_subprocess_jobs, folders[1]);
    folder_of(quipu_status_name(QUIPU_OK), folders[2]);
    for (size_t i = 0; i < 3 * sizeof(places) / sizeof(*places); i++) {
        const char *path =
            quipu_context_format(ctx, "%s/%s", folders[i % 3], places[i / 3]);

        if (access(path, R_OK) == 0) {
            return path;
        }
    }
    quipu_assertion_skip("quipu-faults.so is not beside the suite");
}

void quipu_subprocess_require(struct quipu_context *ctx)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    quipu_assertion_skip("a sanitizer and quipu-faults.so do not go together");
#endif
    find_faults(ctx);
    if (!strstr(ctx->plain, ctx->directory)) {
        quipu_assertion_skip("the name of {dir} is not plain in the URI");
    }
}

void *quipu_subprocess_share_memory(size_t size)
{
    CHECK(shared_fd < 0, "a case shares memory with its workers once");
    shared_fd = memfd_create("workers", 0);
    CHECK(shared_fd >= 0 && ftruncate(shared_fd, (off_t)size) == 0,
          "the system gives no shared memory");
    return map_shared(shared_fd);
}

static const char *move_uri(struct quipu_context *ctx, const char *uri,
                            const char *folder)
{
    const char *at = strstr(uri, ctx->directory);

    return quipu_context_format(ctx, "%.*s%s%s", (int)(at - uri), uri, folder,
                                at + strlen(ctx->directory));
}

const char *quipu_subprocess_uri(struct quipu_context *ctx, const char *folder)
{
    return move_uri(ctx, ctx->uri, folder);
}

void quipu_subprocess_add_fault(struct quipu_subprocess_spec *task,
                                const char *name, const char *value)
{
    for (size_t i = 0; i < QUIPU_SUBPROCESS_FAULTS; i++) {
        if (!task->faults[i].name) {
            task->faults[i].name = name;
            task->faults[i].value = value;
            return;
        }
    }
    quipu_assertion_fail(__FILE__, __LINE__, "too many faults in one task");
}

/* Its folder and its name go apart: the loader takes a space in LD_PRELOAD for
 * the end of a name. */
static void preload(struct quipu_context *ctx)
{
    const char *path = find_faults(ctx);
    const char *before = getenv("LD_LIBRARY_PATH");
    const char *name = strrchr(path, '/');
    int length = name ? (int)(name - path) : 0;

    setenv("LD_PRELOAD", name ? name + 1 : path, 1);
    setenv("LD_LIBRARY_PATH",
           quipu_context_format(ctx, "%.*s%s%s", length, path,
                                before ? ":" : "", before ? before : ""),
           1);
}

static const char *uri_of(struct quipu_context *ctx,
                          const struct quipu_subprocess_spec *task)
{
    const char *uri = move_uri(ctx, ctx->plain, task->folder);

    if (!task->options) {
        return uri;
    }
    return quipu_context_format(ctx, "%s%c%s", uri,
                                strchr(uri, '?') ? '&' : '?', task->options);
}

static const char *text_of(struct quipu_context *ctx, uint64_t number)
{
    return quipu_context_format(ctx, "%" PRIu64, number);
}

static _Noreturn void become_worker(struct quipu_context *ctx,
                                    const struct quipu_subprocess_spec *task,
                                    unsigned index)
{
    uint64_t seed = quipu_context_random(ctx, UINT64_MAX) + index;
    const char *words[WORDS] = {
        [WORD_JOB] = task->job->name,
        [WORD_URI] = uri_of(ctx, task),
        [WORD_FOLDER] = task->folder,
        [WORD_TRAITS] = text_of(ctx, ctx->traits),
        [WORD_PROFILE] = text_of(ctx, ctx->profile),
        [WORD_PATIENCE] = text_of(ctx, ctx->patience),
        [WORD_SEED] = text_of(ctx, seed),
        [WORD_SHARED] = text_of(ctx, (uint64_t)shared_fd),
        [WORD_INDEX] = text_of(ctx, index),
    };

    preload(ctx);
    setenv("QUIPU_FAULT_FOLDER", task->folder, 1);
    for (size_t i = 0; i < QUIPU_SUBPROCESS_FAULTS && task->faults[i].name;
         i++) {
        setenv(task->faults[i].name, task->faults[i].value, 1);
    }
    quipu_reexec_run(words, WORDS);
    _exit(98);
}

pid_t quipu_subprocess_start(struct quipu_context *ctx,
                             const struct quipu_subprocess_spec *task,
                             unsigned index)
{
    pid_t parent = getpid();
    pid_t worker = fork();

    CHECK(worker >= 0, "the system gives no process");
    if (worker == 0) {
        quipu_workers_die_with_parent(parent);
        become_worker(ctx, task, index);
    }
    return worker;
}

int quipu_subprocess_wait(pid_t worker)
{
    int status;

    CHECK(waitpid(worker, &status, 0) == worker, "a worker is lost");
    return status;
}

void quipu_subprocess_delegate(struct quipu_context *ctx,
                               const struct quipu_subprocess_spec *task)
{
    int status = quipu_subprocess_wait(quipu_subprocess_start(ctx, task, 0));

    if (WIFEXITED(status) && (WEXITSTATUS(status) == QUIPU_EXIT_FAILED ||
                              WEXITSTATUS(status) == QUIPU_EXIT_SKIPPED)) {
        _exit(WEXITSTATUS(status)); /* it has told why */
    }
    CHECK(status == 0, "the worker ended with wait status 0x%x",
          (unsigned)status);
}
