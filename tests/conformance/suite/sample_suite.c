/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample suite for tests of the runner and the reports: each of its cases has
 * one kind of result.  It has the command line of quipu-conformance; two
 * drivers that declare more and less than the memory driver, and two that end
 * the process while they open a store.
 */
#include "cases/case.h"
#include "context/subprocess.h"

#include <quipu/conformance.h>
#include <quipu/drivers.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const quipu_driver *quipu_driver_entry_memory(void);

/* ----------------------------------------------------------------- drivers */

static int open_declaring(uint32_t capabilities, const quipu_host *host,
                          const quipu_open *how, int64_t deadline,
                          quipu_driver_datastore **datastore,
                          quipu_opened *opened, quipu_error *error)
{
    int status = quipu_driver_entry_memory()->open(host, how, deadline,
                                                   datastore, opened, error);

    opened->capabilities = capabilities;
    return status;
}

/* Declares what a store on a server declares. */
static int open_server(const quipu_host *host, const quipu_open *how,
                       int64_t deadline, quipu_driver_datastore **datastore,
                       quipu_opened *opened, quipu_error *error)
{
    return open_declaring(QUIPU_CAN_LOG | QUIPU_CAN_TRACK | QUIPU_CAN_SHARE |
                              QUIPU_CAN_PERSIST,
                          host, how, deadline, datastore, opened, error);
}

static int open_bare(const quipu_host *host, const quipu_open *how,
                     int64_t deadline, quipu_driver_datastore **datastore,
                     quipu_opened *opened, quipu_error *error)
{
    return open_declaring(0, host, how, deadline, datastore, opened, error);
}

static int open_and_exit(const quipu_host *host, const quipu_open *how,
                         int64_t deadline, quipu_driver_datastore **datastore,
                         quipu_opened *opened, quipu_error *error)
{
    (void)open_bare(host, how, deadline, datastore, opened, error);
    exit(EXIT_SUCCESS);
}

static int open_and_crash(const quipu_host *host, const quipu_open *how,
                          int64_t deadline, quipu_driver_datastore **datastore,
                          quipu_opened *opened, quipu_error *error)
{
    (void)open_bare(host, how, deadline, datastore, opened, error);
    fputs("about to crash\n", stderr);
    raise(SIGKILL); /* a sanitizer turns SIGABRT into an exit */
    return QUIPU_INTERNAL;
}

static const quipu_driver *exits(void)
{
    static quipu_driver driver;

    driver = *quipu_driver_entry_memory();
    driver.open = open_and_exit;
    return &driver;
}

static const quipu_driver *crashing(void)
{
    static quipu_driver driver;

    driver = *quipu_driver_entry_memory();
    driver.open = open_and_crash;
    return &driver;
}

static const quipu_driver *server(void)
{
    static quipu_driver driver;

    driver = *quipu_driver_entry_memory();
    driver.open = open_server;
    return &driver;
}

static const quipu_driver *bare(void)
{
    static quipu_driver driver;

    driver = *quipu_driver_entry_memory();
    driver.open = open_bare;
    return &driver;
}

/* A driver that is being written: reading is not there yet, and appending in
 * part. */
static const quipu_host *host_of_unfinished;

static int open_unfinished(const quipu_host *host, const quipu_open *how,
                           int64_t deadline, quipu_driver_datastore **datastore,
                           quipu_opened *opened, quipu_error *error)
{
    host_of_unfinished = host;
    return quipu_driver_entry_memory()->open(host, how, deadline, datastore,
                                             opened, error);
}

static int append_unfinished(quipu_driver_datastore *datastore,
                             const quipu_request *requests, size_t count,
                             quipu_result *results, size_t *taken,
                             int64_t deadline, quipu_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (requests[i].guard_count > 0) {
            *taken = count;
            return host_of_unfinished->error_set(error, QUIPU_UNSUPPORTED, 0,
                                                 NULL, "append guards");
        }
    }
    return quipu_driver_entry_memory()->append(datastore, requests, count,
                                               results, taken, deadline, error);
}

static const quipu_driver *unfinished(void)
{
    static quipu_driver driver;

    driver = *quipu_driver_entry_memory();
    driver.open = open_unfinished;
    driver.append = append_unfinished;
    driver.step = NULL;
    driver.read_sequence = NULL;
    return &driver;
}

/* ------------------------------------------------------------------- cases */

static void passes(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
}

static void appends_guarded(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_guard guard = { .sequence_id = quipu_context_sequence(ctx),
                          .demand = QUIPU_DEMAND_EMPTY };
    quipu_append append = { .struct_size = sizeof(append),
                            .guards = &guard,
                            .guard_count = 1 };

    OK(quipu_records_append(r, &append, NULL, ERR));
}

/* A worker calls what is missing, and the case would wait for it for ever. */
static void read_and_wait(struct quipu_context *ctx, void *shared, unsigned i)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
    quipu_cursor *cursor;

    (void)shared;
    if (i == 0) {
        quipu_records_read(r, quipu_context_sequence(ctx), NULL, &cursor, ERR);
    }
    pause();
}

static void reads_in_worker(struct quipu_context *ctx)
{
    struct quipu_workers workers =
        quipu_workers_start(ctx, 2, read_and_wait, NULL);

    quipu_workers_release(&workers);
    quipu_workers_join(&workers);
}

/* With all characters that a report has to escape. */
static void fails(struct quipu_context *ctx)
{
    (void)ctx;
    CHECK(false,
          "a < b && \"c\" > 'd' \x1b[31m \xff ]]> \\ \xe2\x82\xac\nand on");
}

/* As a driver that prints what looks like a part of the report. */
static void prints(struct quipu_context *ctx)
{
    (void)ctx;
    printf("not ok 1 - driver\n");
    (void)fflush(stdout);
    fputs("1..1\n", stdout); /* flushed when the process ends */
}

static void skips(struct quipu_context *ctx)
{
    (void)ctx;
    quipu_assertion_skip("it lacks <what> it takes");
}

static void counts(struct quipu_context *ctx)
{
    quipu_context_count(ctx, "kills", 3);
    quipu_context_count(ctx, "power cuts",
                        quipu_context_scale(ctx, 5, 50, 500));
}

static void miscounts(struct quipu_context *ctx)
{
    quipu_context_count(ctx, "sheep", 1);
}

/* A writer whose acknowledged append a reader does not find, and two lines that
 * the reports must ignore or escape. */
static void leaves_history(struct quipu_context *ctx)
{
    FILE *file = quipu_context_timeline(ctx);

    fputs("{\"lane\":\"writer 1\",\"from\":10.5,\"to\":12.25,\"what\":"
          "\"append a7 @5\",\"outcome\":\"OK ids 41..43\",\"bad\":true}\n"
          "{\"lane\":\"writer 2\",\"from\":11,\"what\":\"append <b> @0\"}\n"
          "not a JSON line\n"
          "{\"lane\":\"reader \\u20ac\",\"from\":13,\"to\":14.125,\"what\":"
          "\"read a7\",\"outcome\":\"4 items\",\"bad\":true,\"more\":null}\n",
          file);
    CHECK(fclose(file) == 0, "the timeline cannot be written");
    CHECK(false, "a7 @5 was acknowledged and is not there");
}

/* A failure that shows other guarantees to be broken than its own. */
static void blames_others(struct quipu_context *ctx)
{
    quipu_context_blame(ctx, "L2");
    quipu_context_blame(ctx, "S4");
    CHECK(false, "an item arrived late");
}

static void crashes(struct quipu_context *ctx)
{
    (void)ctx;
    raise(SIGKILL);
}

/* In the case's own process, a worker, a thread, and a child in place of its
 * parent. */
static void exits_early(struct quipu_context *ctx)
{
    (void)ctx;
    exit(EXIT_SUCCESS);
}

static void exits_as_skipped(struct quipu_context *ctx)
{
    (void)ctx;
    exit(QUIPU_EXIT_SKIPPED);
}

static void exit_in_worker(struct quipu_context *ctx, void *shared, unsigned i)
{
    (void)ctx;
    (void)shared;
    if (i == 1) {
        _exit(EXIT_SUCCESS);
    }
}

static void worker_exits(struct quipu_context *ctx)
{
    struct quipu_workers workers =
        quipu_workers_start(ctx, 2, exit_in_worker, NULL);

    quipu_workers_release(&workers);
    quipu_workers_join(&workers);
}

static void end_thread(void *context, unsigned i)
{
    (void)context;
    if (i == 1) {
        pthread_exit(NULL);
    }
}

static void thread_exits(struct quipu_context *ctx)
{
    quipu_workers_run_threads(2, end_thread, ctx);
}

static void leaves_to_child(struct quipu_context *ctx)
{
    (void)ctx;
    if (fork() != 0) {
        exit(EXIT_SUCCESS);
    }
}

static void hangs(struct quipu_context *ctx)
{
    (void)ctx;
    for (;;) {
        pause();
    }
}

/* Writes its process id and waits until it is killed. */
static void spin(struct quipu_context *ctx, void *shared, unsigned i)
{
    const char *name = getenv("SAMPLE_PIDS");
    FILE *file = fopen(name ? name : "/dev/null", "ae");

    (void)ctx;
    (void)shared;
    (void)i;
    CHECK(file, "cannot write %s", name);
    fprintf(file, "%d\n", (int)getpid());
    (void)fclose(file);
    for (;;) {
        pause();
    }
}

static void spins(struct quipu_context *ctx)
{
    struct quipu_workers workers = quipu_workers_start(ctx, 2, spin, NULL);

    quipu_workers_release(&workers);
    quipu_workers_join(&workers);
}

/* $SAMPLE_SERVER is a file that exists while the server runs. */
static bool runs(void)
{
    const char *server = getenv("SAMPLE_SERVER");

    return server && access(server, F_OK) == 0;
}

static void stops_server(struct quipu_context *ctx)
{
    CHECK(runs(), "the server does not run at the beginning");
    quipu_context_server_stop(ctx);
    CHECK(!runs(), "the server was not stopped");
    quipu_context_server_start(ctx);
    CHECK(runs(), "the server was not started");
}

static void leaves_server_stopped(struct quipu_context *ctx)
{
    quipu_context_server_stop(ctx);
    CHECK(false, "while it is stopped");
}

/* The name has the documented form of {name}. */
static void is_named(struct quipu_context *ctx)
{
    const char *name = strchr(ctx->direct_uri, ':') + 1;
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    CHECK(length > 0 && length <= 31 && name[length] == '\0' &&
              name[0] >= 'a' && name[0] <= 'z',
          "the name is %s", name);
}

static void is_in_folder(struct quipu_context *ctx)
{
    CHECK(access(ctx->directory, W_OK) == 0,
          "the folder of {dir} does not exist");
    CHECK(strstr(ctx->direct_uri, strrchr(ctx->directory, '/')),
          "the URI does not contain the folder");
}

static const struct quipu_case cases[] = {
    { "U1.passes", "It passes.", passes, 0, 0, 0 },
    { "U2.fails", "Its <text> is & \"hard\".", fails, 0, 0, 0 },
    { "S1.skips", "It skips itself.", skips, 0, 0, 0 },
    { "L1.needs-log", "It needs a log.", passes, QUIPU_CAN_LOG, 0, 0 },
    { "L2.leaves-history", "Acknowledged appends stay.", leaves_history, 0, 0,
      0 },
    { "V1.needs-transact", "It needs a capability that is not declared.",
      passes, QUIPU_CAN_TRANSACT, 0, 0 },
    { "V2.blames-others", "It shows other faults.", blames_others, 0, 0, 0 },
    { "V3.counts", "It adds to counts.", counts, 0, 0, 0 },
    { "V3.miscounts", "It adds to a count that does not exist.", miscounts, 0,
      0, 0 },
    { "V3.needs-files", "It needs files.", is_in_folder,
      QUIPU_CAN_PERSIST | QUIPU_TRAIT_FILES, 0, 0 },
    { "V4.folder", "A folder for each case.", is_in_folder, QUIPU_TRAIT_FILES,
      0, 0 },
    { "V4.name", "A name for each case.", is_named, 0, 0, 0 },
    { "V5.stops-server", "It stops and starts the server.", stops_server,
      QUIPU_TRAIT_SERVER, 0, 0 },
    { "V5.leaves-server-stopped", "It leaves the server stopped.",
      leaves_server_stopped, QUIPU_TRAIT_SERVER, 0, 0 },
    { "F1.crashes", "It is killed by a signal.", crashes, 0, 0, 0 },
    { "F1.exits", "It calls exit.", exits_early, 0, 0, 0 },
    { "F1.exits-as-skipped", "It calls exit.", exits_as_skipped, 0, 0, 0 },
    { "F1.worker-exits", "Its worker calls exit.", worker_exits, 0, 0, 0 },
    { "F1.thread-exits", "Its thread ends early.", thread_exits, 0, 0, 0 },
    { "F1.leaves-to-child", "A child goes on for it.", leaves_to_child, 0, 0,
      0 },
    { "F2.hangs", "It exceeds its time limit.", hangs, 0, 0, 1 },
    { "F2.spins", "It never ends.", spins, 0, 0, 60 },
    { "F3.heavy", "It is heavy.", passes, QUIPU_TRAIT_HEAVY, 0, 0 },
    { "options.prints", "Its driver prints to standard output.", prints, 0, 0,
      0 },
    { "contract.appends-guarded", "It appends with a guard.", appends_guarded,
      0, 0, 0 },
    { "contract.reads-in-worker", "A worker reads.", reads_in_worker, 0, 0, 1 },
    { "contract.no-log", "It needs a store without a log.", passes, 0,
      QUIPU_CAN_LOG, 0 },
};
QUIPU_FAMILY(sample);

const struct quipu_family *const quipu_families[] = { &quipu_family_sample,
                                                      NULL };

const struct quipu_subprocess_job *const quipu_subprocess_jobs[] = { NULL };

/* -------------------------------------------------------------------- main */

/* Hooks for the same server. */
static int stop(void *context)
{
    return remove(context);
}

static int start(void *context)
{
    FILE *file = fopen(context, "we");

    return file && fclose(file) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    static const char *const uris[] = { "memory:{name}", NULL };
    quipu_conformance suite = { .struct_size = sizeof(suite), .uris = uris };

    if (getenv("SAMPLE_HOOKS")) {
        suite.server_stop = stop;
        suite.server_start = start;
        suite.context = getenv("SAMPLE_SERVER");
    }
    quipu_drivers_add("memory", quipu_driver_entry_memory, NULL);
    quipu_drivers_add("lasting", server, NULL);
    quipu_drivers_add("bare", bare, NULL);
    quipu_drivers_accept_unfinished(NULL);
    quipu_drivers_add("unfinished", unfinished, NULL);
    quipu_drivers_add("exits", exits, NULL);
    quipu_drivers_add("crashing", crashing, NULL);
    return quipu_conformance_main(argc, argv, &suite);
}
