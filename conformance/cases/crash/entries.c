/* SPDX-License-Identifier: Apache-2.0 */
/*
 * K5: key-value entries after an unknown outcome.
 *
 * A writer counts in one entry, without items, so that nothing but the entry
 * tells what is stored.  For a store that keeps files below {dir} it runs in a
 * subprocess whose n-th write or sync fails; the server of another store is
 * stopped meanwhile.  After UNKNOWN_OUTCOME the entry must be as before or as
 * written; and whichever it is, it must stay so.
 */
#include "cases/case.h"

#include "context/folder.h"
#include "context/subprocess.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WRITES 6   /* of a run */
#define ATTEMPTS 5 /* to open the store */
#define KEY "counter"

/* Memory that the case and its subprocesses share. */
struct shared {
    unsigned failed; /* runs in which the call was made, and failed */
    unsigned doubts; /* unknown outcomes */
    unsigned calls;  /* of that kind, in the last run */
};

static quipu_datastore *open_store(struct quipu_context *ctx)
{
    quipu_datastore *datastore = NULL;
    int status = QUIPU_IO;

    for (int i = 0; status != QUIPU_OK; i++) {
        status = quipu_datastore_open(ctx->uri, NULL, &datastore, ERR);
        CHECK(status == QUIPU_OK || i < ATTEMPTS,
              "after one failed system call the store cannot be opened: %s",
              ERR->message);
    }
    return datastore;
}

/* Returns the number in the entry; 0: there is none. */
static int64_t read_number(quipu_datastore *datastore, int64_t *revision)
{
    quipu_entry *entry = NULL;
    int status = quipu_entry_read(datastore, KEY, &entry, ERR);
    char text[24] = "0";

    *revision = 0;
    if (status != QUIPU_NOT_FOUND) {
        OK(status);
        (void)snprintf(text, sizeof(text), "%.*s", (int)entry->value.size,
                       (const char *)entry->value.data);
        *revision = entry->revision;
    }
    quipu_entry_destroy(entry);
    return strtoll(text, NULL, 10);
}

static int write_number(struct quipu_context *ctx, quipu_datastore *datastore,
                        const char *key, int64_t number)
{
    struct quipu_builder *b = quipu_builder_create(ctx, NULL, 0);

    quipu_builder_entry(b, key, quipu_context_format(ctx, "%" PRId64, number),
                        0, 0);
    return quipu_builder_commit(b, datastore);
}

/* Opens the store again after a failed write of `number`, and returns what is
 * stored. */
static int64_t resolve(struct quipu_context *ctx, quipu_datastore **datastore,
                       int64_t number, bool in_doubt)
{
    int64_t revision, later, stored;

    OK(quipu_datastore_close(*datastore, ERR));
    *datastore = open_store(ctx);
    stored = read_number(*datastore, &revision);
    CHECK(stored == number - 1 || (in_doubt && stored == number),
          "the write of %" PRId64 " failed, and the entry is %" PRId64, number,
          stored);
    for (int i = 0; i < 3; i++) {
        OK(write_number(ctx, *datastore, "another", i));
        OK(quipu_datastore_close(*datastore, ERR));
        *datastore = open_store(ctx);
        CHECK(read_number(*datastore, &later) == stored && later == revision,
              "an entry that was read at revision %" PRId64
              " after an unknown outcome is at %" PRId64
              " without a further write",
              revision, later);
    }
    return stored;
}

static void count(struct quipu_context *ctx, void *memory, unsigned index)
{
    struct shared *shared = memory;
    quipu_datastore *datastore = open_store(ctx);
    int64_t revision;

    (void)index;
    for (int64_t number = 1; number <= WRITES; number++) {
        int status = write_number(ctx, datastore, KEY, number);

        if (status != QUIPU_OK) {
            bool in_doubt = status == QUIPU_UNKNOWN_OUTCOME;

            CHECK(quipu_subprocess_failures() > 0,
                  "a write returns %s, but no system call has failed: %s",
                  quipu_status_name(status), ERR->message);
            shared->doubts += in_doubt;
            number = resolve(ctx, &datastore, number, in_doubt);
        }
        CHECK(read_number(datastore, &revision) == number,
              "%" PRId64 " writes were made, and the entry is another", number);
    }
    shared->failed += quipu_subprocess_failures() > 0;
    shared->calls = quipu_subprocess_calls();
    OK(quipu_datastore_close(datastore, ERR));
}

extern const struct quipu_subprocess_job quipu_subprocess_job_entries;
const struct quipu_subprocess_job quipu_subprocess_job_entries = { "entries",
                                                                   count };

/* Runs the writer with the n-th call failing; returns false if it makes fewer
 * calls. */
static bool run_writer(struct quipu_context *ctx, struct shared *shared,
                       const char *call, unsigned n)
{
    const char *folder = quipu_context_format(ctx, "%s/disk", ctx->directory);
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_entries,
                                          .folder = folder };
    unsigned before = shared->failed;
    pid_t writer;
    int status;

    CHECK(mkdir(folder, 0700) == 0, "cannot create %s", folder);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_CALL", call);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_AT",
                               quipu_context_format(ctx, "%u", n));
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_ERRNO",
                               quipu_context_format(ctx, "%d", EIO));
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_TIMES", "1");
    writer = quipu_subprocess_start(ctx, &task, 0);
    status = quipu_subprocess_wait(writer);
    CHECK_CHILD(writer, status, "with %s number %u failing, the writer", call,
                n);
    quipu_folder_remove(folder);
    return shared->failed > before;
}

static void unknown_outcomes(struct quipu_context *ctx)
{
    static const char *const calls[] = { "sync", "write" };
    unsigned most = quipu_context_scale(ctx, 14, 60, 400);
    struct shared *shared;

    quipu_subprocess_require(ctx);
    shared = quipu_subprocess_share_memory(sizeof(*shared));
    for (size_t i = 0; i < 2; i++) {
        for (unsigned n = 1; n <= most; n++) {
            const void *mark = quipu_context_mark(ctx);
            bool failed = run_writer(ctx, shared, calls[i], n);

            quipu_context_release(ctx, mark);
            if (!failed) {
                break;
            }
        }
    }
    quipu_context_count(ctx, "faults", shared->failed);
    quipu_context_count(ctx, "unknown outcomes", shared->doubts);
    CHECK(shared->failed > 0, "the driver makes no writes and no syncs");
    CHECK(shared->doubts > 0,
          "writes and syncs failed in %u runs, and no outcome was unknown",
          shared->failed);
}

/* ----------------------------------------------------------------- a server */

#define COUNTERS 4

struct stopped {
    struct quipu_context *ctx;
    quipu_datastore *datastores[COUNTERS];
    const char *keys[COUNTERS];
    atomic_uint written[COUNTERS];
    atomic_uint doubts;
    atomic_bool over;
};

/* Returns true for a status that is true while the server is stopped. */
static bool is_expected(int status)
{
    return status == QUIPU_IO || status == QUIPU_BUSY ||
           status == QUIPU_TIMEOUT || status == QUIPU_UNKNOWN_OUTCOME;
}

/* Reads the number, in as many attempts as it takes until the server runs. */
static int64_t read_counter(struct stopped *s, unsigned i, int64_t *revision)
{
    for (;;) {
        quipu_entry *entry = NULL;
        int status =
            quipu_entry_read(s->datastores[i], s->keys[i], &entry, ERR);
        char text[24];
        int64_t number;

        if (status == QUIPU_OK) {
            (void)snprintf(text, sizeof(text), "%.*s", (int)entry->value.size,
                           (const char *)entry->value.data);
            number = strtoll(text, NULL, 10);
            *revision = entry->revision;
            quipu_entry_destroy(entry);
            return number;
        }
        *revision = 0;
        if (status == QUIPU_NOT_FOUND) {
            return 0;
        }
        CHECK(is_expected(status), "reading an entry returns %s: %s",
              quipu_status_name(status), ERR->message);
        quipu_context_sleep(5000);
    }
}

/* Counts; after each failure it reads what is stored, twice. */
static void count_until_over(struct stopped *s, unsigned i)
{
    for (int64_t number = 1; !atomic_load(&s->over); number++) {
        int status = write_number(s->ctx, s->datastores[i], s->keys[i], number);

        if (status != QUIPU_OK) {
            bool in_doubt = status == QUIPU_UNKNOWN_OUTCOME;
            int64_t revision, later, stored;

            CHECK(is_expected(status), "a write returns %s: %s",
                  quipu_status_name(status), ERR->message);
            stored = read_counter(s, i, &revision);
            CHECK(stored == number - 1 || (in_doubt && stored == number),
                  "the write of %" PRId64 " returned %s, and the entry is "
                  "%" PRId64,
                  number, quipu_status_name(status), stored);
            quipu_context_sleep(20000);
            CHECK(read_counter(s, i, &later) == stored && later == revision,
                  "an entry that was read at revision %" PRId64
                  " after a failure is at %" PRId64 " without a further write",
                  revision, later);
            s->doubts += in_doubt;
            number = stored;
        }
        atomic_fetch_add(&s->written[i], 1);
    }
}

static void stop_repeatedly(struct stopped *s)
{
    unsigned stops = quipu_context_scale(s->ctx, 2, 20, 200);

    for (unsigned n = 0; n <= stops; n++) {
        for (unsigned i = 0; i < COUNTERS; i++) {
            unsigned before = atomic_load(&s->written[i]);

            while (atomic_load(&s->written[i]) == before) {
                quipu_context_sleep(1000);
            }
        }
        if (n < stops) {
            quipu_context_sleep(quipu_context_random(s->ctx, 50000));
            quipu_context_server_stop(s->ctx);
            quipu_context_server_start(s->ctx);
            quipu_context_count(s->ctx, "stops", 1);
        }
    }
    atomic_store(&s->over, true);
}

static void count_or_stop(void *context, unsigned i)
{
    if (i < COUNTERS) {
        count_until_over(context, i);
    } else {
        stop_repeatedly(context);
    }
}

static void stopped_server(struct quipu_context *ctx)
{
    struct stopped *s = quipu_context_allocate(ctx, sizeof(*s));

    s->ctx = ctx;
    for (unsigned i = 0; i < COUNTERS; i++) {
        s->datastores[i] = quipu_context_open(ctx, NULL);
        s->keys[i] = quipu_context_name(ctx, KEY);
    }
    quipu_workers_run_threads(COUNTERS + 1, count_or_stop, s);
    quipu_context_count(ctx, "unknown outcomes", s->doubts);
}

static const struct quipu_case cases[] = {
    { "K5.unknown-outcome",
      "A program that has lost an answer reads the entry, and relies on what "
      "it "
      "reads.",
      unknown_outcomes,
      QUIPU_CAN_ENTRIES | QUIPU_CAN_PERSIST | QUIPU_TRAIT_FILES, 0, 600 },
    { "K5.unknown-outcome-of-a-server-stop",
      "After a lost connection the entry tells what the server has done.",
      stopped_server,
      QUIPU_CAN_ENTRIES | QUIPU_CAN_PERSIST | QUIPU_TRAIT_SERVER, 0, 600 },
};
QUIPU_FAMILY_IN(crash, entries);
