/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A little suite, to test what runs and reports cases: its cases do one thing
 * each, on drivers that declare more or less than the memory driver, and are
 * told apart by their ids.  It is used as quipu-conformance is.
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

static int open_claiming(uint32_t claims, const quipu_host *host,
                         const quipu_open *how, int64_t deadline,
                         quipu_driver_datastore **datastore,
                         quipu_opened *opened, quipu_error *error)
{
    int status = quipu_driver_entry_memory()->open(host, how, deadline,
                                                   datastore, opened, error);

    opened->capabilities = claims;
    return status;
}

/* A store on a server: it says so, as far as a driver can. */
static int open_lasting(const quipu_host *host, const quipu_open *how,
                        int64_t deadline, quipu_driver_datastore **datastore,
                        quipu_opened *opened, quipu_error *error)
{
    return open_claiming(QUIPU_CAN_LOG | QUIPU_CAN_TRACK | QUIPU_CAN_SHARE |
                             QUIPU_CAN_PERSIST,
                         host, how, deadline, datastore, opened, error);
}

static int open_bare(const quipu_host *host, const quipu_open *how,
                     int64_t deadline, quipu_driver_datastore **datastore,
                     quipu_opened *opened, quipu_error *error)
{
    return open_claiming(0, host, how, deadline, datastore, opened, error);
}

static const quipu_driver *lasting(void)
{
    static quipu_driver driver;

    driver = *quipu_driver_entry_memory();
    driver.open = open_lasting;
    return &driver;
}

static const quipu_driver *bare(void)
{
    static quipu_driver driver;

    driver = *quipu_driver_entry_memory();
    driver.open = open_bare;
    return &driver;
}

/* ------------------------------------------------------------------- cases */

static void passes(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
}

/* With all that can be wrong about a text. */
static void fails(struct quipu_context *ctx)
{
    (void)ctx;
    CHECK(false,
          "a < b && \"c\" > 'd' \x1b[31m \xff ]]> \\ \xe2\x82\xac\nand on");
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

/* A writer whose acknowledged append a reader does not find. */
static void leaves_history(struct quipu_context *ctx)
{
    FILE *file = quipu_context_timeline(ctx);

    fputs("{\"lane\":\"writer 1\",\"from\":10.5,\"to\":12.25,\"what\":"
          "\"append a7 @5\",\"outcome\":\"OK ids 41..43\",\"bad\":true}\n"
          "{\"lane\":\"writer 2\",\"from\":11,\"what\":\"append <b> @0\"}\n"
          "no line of it\n"
          "{\"lane\":\"reader \\u20ac\",\"from\":13,\"to\":14.125,\"what\":"
          "\"read a7\",\"outcome\":\"4 items\",\"bad\":true,\"more\":null}\n",
          file);
    CHECK(fclose(file) == 0, "the timeline cannot be written");
    CHECK(false, "a7 @5 was acknowledged and is not there");
}

static void crashes(struct quipu_context *ctx)
{
    (void)ctx;
    raise(SIGKILL);
}

static void hangs(struct quipu_context *ctx)
{
    (void)ctx;
    for (;;) {
        pause();
    }
}

/* Prints who it is, and spins with a crew until somebody ends it. */
static void spin(struct quipu_context *ctx, void *shared, unsigned i)
{
    const char *name = getenv("LITTLE_PIDS");
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
    struct quipu_workers crew = quipu_workers_start(ctx, 2, spin, NULL);

    quipu_workers_release(&crew);
    quipu_workers_join(&crew);
}

/* $LITTLE_SERVER is a file that is there while the server runs. */
static bool runs(void)
{
    const char *server = getenv("LITTLE_SERVER");

    return server && access(server, F_OK) == 0;
}

static void stops_server(struct quipu_context *ctx)
{
    CHECK(runs(), "it does not run at the beginning");
    quipu_context_server_stop(ctx);
    CHECK(!runs(), "it was not stopped");
    quipu_context_server_start(ctx);
    CHECK(runs(), "it was not started");
}

static void leaves_server_stopped(struct quipu_context *ctx)
{
    quipu_context_server_stop(ctx);
    CHECK(false, "while it is stopped");
}

/* Its name is of the kind that {name} promises, and new each time. */
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
    CHECK(access(ctx->directory, W_OK) == 0, "there is no folder");
    CHECK(strstr(ctx->direct_uri, strrchr(ctx->directory, '/')),
          "the URI does not name it");
}

static const struct quipu_case cases[] = {
    { "U1.passes", "It must.", passes, 0, 0, 0 },
    { "U2.fails", "Its <text> is & \"hard\".", fails, 0, 0, 0 },
    { "S1.skips", "Nobody knows.", skips, 0, 0, 0 },
    { "L1.needs-log", "A log is a log.", passes, QUIPU_CAN_LOG, 0, 0 },
    { "L2.leaves-history", "What is told must stay.", leaves_history, 0, 0, 0 },
    { "V1.needs-transact", "What is not claimed is not tried.", passes,
      QUIPU_CAN_TRANSACT, 0, 0 },
    { "V3.counts", "Numbers add up.", counts, 0, 0, 0 },
    { "V3.miscounts", "A name that nobody adds up is a mistake.", miscounts, 0,
      0, 0 },
    { "V3.needs-files", "Where files are.", is_in_folder,
      QUIPU_CAN_PERSIST | QUIPU_TRAIT_FILES, 0, 0 },
    { "V4.folder", "A folder for each case.", is_in_folder, QUIPU_TRAIT_FILES,
      0, 0 },
    { "V4.name", "A name for each case.", is_named, 0, 0, 0 },
    { "V5.stops-server", "What comes back must be whole.", stops_server,
      QUIPU_TRAIT_SERVER, 0, 0 },
    { "V5.leaves-server-stopped", "The next case needs it.",
      leaves_server_stopped, QUIPU_TRAIT_SERVER, 0, 0 },
    { "F1.crashes", "It must not.", crashes, 0, 0, 0 },
    { "F2.hangs", "It must not.", hangs, 0, 0, 1 },
    { "F2.spins", "It must end.", spins, 0, 0, 60 },
    { "F3.heavy", "It takes long.", passes, QUIPU_TRAIT_HEAVY, 0, 0 },
    { "contract.no-log", "It lacks it.", passes, 0, QUIPU_CAN_LOG, 0 },
};
QUIPU_FAMILY(little);

const struct quipu_family *const quipu_families[] = { &quipu_family_little,
                                                      NULL };

const struct quipu_subprocess_job *const quipu_subprocess_jobs[] = { NULL };

/* -------------------------------------------------------------------- main */

/* For a program's own hooks: LITTLE_SERVER again. */
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

    if (getenv("LITTLE_HOOKS")) {
        suite.server_stop = stop;
        suite.server_start = start;
        suite.context = getenv("LITTLE_SERVER");
    }
    quipu_drivers_add("memory", quipu_driver_entry_memory, NULL);
    quipu_drivers_add("lasting", lasting, NULL);
    quipu_drivers_add("bare", bare, NULL);
    return quipu_conformance_main(argc, argv, &suite);
}
