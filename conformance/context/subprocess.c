/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts subprocesses with faults, and runs their jobs.
 *
 * The parent forks; the child preloads quipu-faults.so through LD_PRELOAD,
 * describes the faults in the environment and executes the program again
 * (reexec.h).  The new process finds the words of its task when it enters the
 * suite, makes a context from them, runs the job and exits.
 */
#include "subprocess.h"

#include "assertion.h"
#include "reexec.h"
#include "unwritten.h"
#include "workers.h"

#include <dlfcn.h>
#include <fcntl.h>
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

/* Descriptor of the shared memory, which subprocesses inherit, or -1. */
static int shared_fd = -1;

/* ----------------------------------------------------- in the subprocess */

static const struct quipu_subprocess_job *find_job(
    const struct quipu_subprocess_job *const *jobs, const char *name)
{
    for (size_t i = 0; jobs[i]; i++) {
        if (strcmp(jobs[i]->name, name) == 0) {
            return jobs[i];
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
    CHECK(memory != MAP_FAILED, "cannot map the shared memory");
    return memory;
}

/* The words that describe the task of a subprocess. */
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
    WORD_COMPLETION,
    WORDS
};

static uint64_t number_of(const char *const *words, enum word word)
{
    return strtoull(words[word], NULL, 10);
}

void quipu_subprocess_enter(const struct quipu_subprocess_job *const *jobs)
{
    const char *words[QUIPU_REEXEC_WORDS];
    const struct quipu_subprocess_job *job;
    struct quipu_context ctx;
    size_t count;

    if (!quipu_reexec_words(words, &count) || count != WORDS) {
        return;
    }
    CHECK(quipu_completion_attach((int)number_of(words, WORD_COMPLETION)),
          "cannot map the table of completions");
    quipu_completion_begin();
    quipu_unwritten_enter();
    job = find_job(jobs, words[WORD_JOB]);
    CHECK(job, "there is no job \"%s\" for a subprocess", words[WORD_JOB]);
    quipu_context_init(&ctx, words[WORD_URI], words[WORD_FOLDER],
                       (uint32_t)number_of(words, WORD_TRAITS),
                       number_of(words, WORD_SEED));
    ctx.profile = (enum quipu_profile)number_of(words, WORD_PROFILE);
    ctx.patience = (unsigned)number_of(words, WORD_PATIENCE);
    shared_fd = (int)number_of(words, WORD_SHARED);
    job->run(&ctx, map_shared(shared_fd),
             (unsigned)number_of(words, WORD_INDEX));
    quipu_context_close_all(&ctx);
    quipu_completion_state(QUIPU_COMPLETION_DONE);
    exit(EXIT_SUCCESS);
}

/* Returns the address of a symbol of quipu-faults.so. */
static void *faults_symbol(const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);

    CHECK(symbol, "quipu-faults.so is not loaded in this process");
    return symbol;
}

static unsigned call_unsigned(const char *name)
{
    union {
        void *object;
        unsigned (*function)(void);
    } symbol = { faults_symbol(name) };

    return symbol.function();
}

unsigned quipu_subprocess_failures(void)
{
    return call_unsigned("quipu_fault_plan_failed");
}

unsigned quipu_subprocess_calls(void)
{
    return call_unsigned("quipu_fault_plan_calls");
}

void quipu_subprocess_mark(unsigned writer, int64_t count)
{
    union {
        void *object;
        void (*function)(unsigned writer, int64_t count);
    } symbol = { faults_symbol("quipu_fault_journal_mark") };

    symbol.function(writer, count);
}

/* ------------------------------------------------------------ in the case */

/* Stores the folder of the program or library that contains an object. */
static void folder_of(const void *thing, char folder[static PATH_MAX])
{
    Dl_info info;
    bool known =
        dladdr(thing, &info) && info.dli_fname && strchr(info.dli_fname, '/');

    snprintf(folder, PATH_MAX, "%s", known ? info.dli_fname : "");
    (void)dirname(folder);
}

/* Returns the path of quipu-faults.so: $QUIPU_FAULTS, or in one of the places
 * where it is installed or built, relative to the program, the suite's library,
 * or libquipu. */
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
    folder_of(&shared_fd, folders[1]);
    folder_of(quipu_status_name(QUIPU_OK), folders[2]);
    for (size_t i = 0; i < 3 * sizeof(places) / sizeof(*places); i++) {
        const char *path =
            quipu_context_format(ctx, "%s/%s", folders[i % 3], places[i / 3]);

        if (access(path, R_OK) == 0) {
            return path;
        }
    }
    quipu_assertion_skip(
        "quipu-faults.so was not found beside the suite; set QUIPU_FAULTS");
}

void quipu_subprocess_require(struct quipu_context *ctx)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    quipu_assertion_skip(
        "quipu-faults.so does not work in a program built with a sanitizer");
#endif
    find_faults(ctx);
    if (!strstr(ctx->direct_uri, ctx->directory)) {
        quipu_assertion_skip("the path of {dir} is percent-encoded in the URI");
    }
}

void *quipu_subprocess_share_memory(size_t size)
{
    CHECK(shared_fd < 0, "quipu_subprocess_share_memory was called twice");
    shared_fd = memfd_create("subprocesses", 0);
    CHECK(shared_fd >= 0 && ftruncate(shared_fd, (off_t)size) == 0,
          "cannot create the shared memory");
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

void quipu_subprocess_add_fault(struct quipu_subprocess_spec *spec,
                                const char *name, const char *value)
{
    for (size_t i = 0; i < QUIPU_SUBPROCESS_FAULTS; i++) {
        if (!spec->faults[i].name) {
            spec->faults[i].name = name;
            spec->faults[i].value = value;
            return;
        }
    }
    quipu_assertion_fail(__FILE__, __LINE__,
                         "more than %d faults for a subprocess",
                         QUIPU_SUBPROCESS_FAULTS);
}

/* Returns the libraries that have to come before quipu-faults.so: those that
 * are preloaded in this process, or the runtime of a sanitizer with which the
 * program was built, which has to be the first of all. */
static const char *preloaded(void)
{
    const char *names = getenv("LD_PRELOAD");
    void *runtime = dlsym(RTLD_DEFAULT, "__asan_init");
    Dl_info info;

    if (names) {
        return names;
    }
    return runtime && dladdr(runtime, &info) && strstr(info.dli_fname, ".so")
               ? info.dli_fname
               : "";
}

/* Sets the name in LD_PRELOAD and the folder in LD_LIBRARY_PATH, because a
 * space ends a path in LD_PRELOAD. */
static void preload(struct quipu_context *ctx)
{
    const char *path = find_faults(ctx);
    const char *before = getenv("LD_LIBRARY_PATH");
    const char *name = strrchr(path, '/');
    int length = name ? (int)(name - path) : 0;
    const char *names =
        quipu_context_format(ctx, "%s %s", preloaded(), name ? name + 1 : path);
    const char *folders = quipu_context_format(
        ctx, "%.*s%s%s", length, path, before ? ":" : "", before ? before : "");

    setenv("LD_PRELOAD", names, 1);
    setenv("LD_LIBRARY_PATH", folders, 1);
}

static const char *uri_of(struct quipu_context *ctx,
                          const struct quipu_subprocess_spec *spec)
{
    const char *uri = move_uri(ctx, ctx->direct_uri, spec->folder);

    if (!spec->options) {
        return uri;
    }
    return quipu_context_format(ctx, "%s%c%s", uri,
                                strchr(uri, '?') ? '&' : '?', spec->options);
}

static const char *text_of(struct quipu_context *ctx, uint64_t number)
{
    return quipu_context_format(ctx, "%" PRIu64, number);
}

static _Noreturn void exec_subprocess(struct quipu_context *ctx,
                                      const struct quipu_subprocess_spec *spec,
                                      unsigned index)
{
    uint64_t seed = quipu_context_random(ctx, UINT64_MAX) + index;
    int table = quipu_completion_descriptor();
    const char *words[WORDS] = {
        [WORD_JOB] = spec->job->name,
        [WORD_URI] = uri_of(ctx, spec),
        [WORD_FOLDER] = spec->folder,
        [WORD_TRAITS] = text_of(ctx, ctx->traits),
        [WORD_PROFILE] = text_of(ctx, ctx->profile),
        [WORD_PATIENCE] = text_of(ctx, ctx->patience),
        [WORD_SEED] = text_of(ctx, seed),
        [WORD_SHARED] = text_of(ctx, (uint64_t)shared_fd),
        [WORD_INDEX] = text_of(ctx, index),
        [WORD_COMPLETION] = text_of(ctx, (uint64_t)table),
    };

    fcntl(table, F_SETFD, 0); /* to be inherited */
    preload(ctx);
    setenv("QUIPU_FAULT_FOLDER", spec->folder, 1);
    for (size_t i = 0; i < QUIPU_SUBPROCESS_FAULTS && spec->faults[i].name;
         i++) {
        setenv(spec->faults[i].name, spec->faults[i].value, 1);
    }
    quipu_reexec_run(words, WORDS);
    _exit(98);
}

pid_t quipu_subprocess_start(struct quipu_context *ctx,
                             const struct quipu_subprocess_spec *spec,
                             unsigned index)
{
    pid_t parent = getpid();
    pid_t process;

    CHECK(quipu_completion_create(), "cannot create the table of completions");
    process = fork();
    CHECK(process >= 0, "cannot fork a subprocess");
    if (process == 0) {
        quipu_workers_die_with_parent(parent);
        exec_subprocess(ctx, spec, index);
    }
    return process;
}

int quipu_subprocess_wait(pid_t process)
{
    int status;

    CHECK(waitpid(process, &status, 0) == process,
          "cannot wait for a subprocess");
    return status;
}

void quipu_subprocess_delegate(struct quipu_context *ctx,
                               const struct quipu_subprocess_spec *spec)
{
    pid_t process = quipu_subprocess_start(ctx, spec, 0);
    int status = quipu_subprocess_wait(process);

    CHECK_CHILD(process, status, "the subprocess");
}
