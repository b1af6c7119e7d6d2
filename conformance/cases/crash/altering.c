/* SPDX-License-Identifier: Apache-2.0 */
/*
 * F5: an alteration that is interrupted.  A process that adds columns is killed
 * at a random time, and, if the store keeps files below {dir}, before its n-th
 * write, sync, open ...; or that call fails.  The schema then has the former
 * definition or the new one, all items, and can be altered again.
 */
#include "cases/case.h"

#include "context/folder.h"
#include "context/subprocess.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MOST QUIPU_COLUMNS_MAX
#define ITEMS 5
#define ADDED 3 /* columns that one alteration adds */

/* Sets *schema to one with `count` columns, whose names are the same in all
 * processes. */
static void make_schema(quipu_schema *schema, quipu_column columns[MOST],
                        char names[MOST][16], size_t count)
{
    for (size_t i = 0; i < MOST; i++) {
        snprintf(names[i], sizeof(names[i]), "column_%zu", i);
        columns[i] =
            (quipu_column){ .name = names[i], .kind = QUIPU_VALUE_INT };
    }
    quipu_schema_init(schema, sizeof(*schema), quipu_schema_stored_events());
    schema->columns = columns;
    schema->column_count = count;
}

/* Adds columns until there are `count`; returns the status. */
static int alter(quipu_datastore *datastore, const char *table, size_t count)
{
    quipu_column columns[MOST];
    char names[MOST][16];
    quipu_schema schema;
    int status;

    make_schema(&schema, columns, names, count);
    schema.table = table;
    status = quipu_datastore_alter(datastore, &schema, ERR);
    if (status == QUIPU_UNSUPPORTED) {
        quipu_assertion_inapplicable("the driver adds no columns");
    }
    return status;
}

/* Opens the schema, with `a` or `b` columns, checks that its items are there,
 * and appends one.  Returns the number of columns. */
static size_t check_schema(struct quipu_context *ctx, const char *table,
                           size_t a, size_t b, size_t items)
{
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    quipu_column columns[MOST];
    quipu_value values[MOST] = { { .kind = QUIPU_VALUE_NULL } };
    char names[MOST][16];
    quipu_schema schema;
    quipu_records *r = NULL;
    struct quipu_builder *builder;
    quipu_item *item;
    int status = QUIPU_CONFLICT;

    make_schema(&schema, columns, names, 0);
    schema.table = table;
    /* A server may complete the alteration between two attempts. */
    for (int i = 0; i < 3 && status == QUIPU_CONFLICT; i++) {
        schema.column_count = i % 2 == 0 ? a : b;
        status = quipu_records_open(datastore, &schema, &r, ERR);
    }
    CHECK(status == QUIPU_OK,
          "after an interrupted alteration the schema has neither %zu nor %zu "
          "columns: %s",
          a, b, ERR->message);
    CHECK(quipu_item_list_check_log(ctx, r).count == items,
          "after an interrupted alteration the log does not have %zu items",
          items);
    builder = quipu_builder_create(ctx, r, 1);
    item = quipu_builder_add_next(builder, quipu_context_sequence(ctx), "x");
    item->columns = schema.column_count > 0 ? values : NULL;
    item->column_count = schema.column_count;
    OK(quipu_builder_append(builder));
    OK(quipu_records_close(r, ERR));
    return schema.column_count;
}

/* -------------------------------------------------------- at random times */

struct altering {
    size_t count; /* columns that the worker adds next, at most */
    const char *table;
};

static void alter_until_killed(struct quipu_context *ctx, void *shared,
                               unsigned i)
{
    struct altering *altering = shared;

    (void)i;
    for (;;) {
        altering->count += ADDED;
        if (altering->count > MOST) {
            return;
        }
        OK(alter(quipu_context_datastore(ctx), altering->table,
                 altering->count));
    }
}

static void killed_at_random(struct quipu_context *ctx)
{
    struct altering *shared = quipu_workers_share_memory(sizeof(*shared));
    unsigned kills = quipu_context_scale(ctx, 12, 60, 400);

    for (unsigned n = 0; n < kills; n++) {
        quipu_schema *schema = quipu_context_schema(ctx, 0);
        quipu_column columns[MOST];
        char names[MOST][16];
        struct quipu_workers worker;
        quipu_schema plain;

        make_schema(&plain, columns, names, 0);
        plain.table = schema->table;
        OK(quipu_datastore_setup(quipu_context_datastore(ctx), &plain, ERR));
        quipu_context_close_all(ctx);
        *shared = (struct altering){ .table = schema->table };
        worker = quipu_workers_start(ctx, 1, alter_until_killed, shared);
        quipu_workers_release(&worker);
        quipu_context_sleep(quipu_context_random(ctx, 60000));
        quipu_workers_kill(&worker);
        quipu_context_count(ctx, "kills", 1);
        if (shared->count > MOST) {
            shared->count = MOST / ADDED * ADDED;
        }
        plain.column_count =
            check_schema(ctx, schema->table, shared->count,
                         shared->count >= ADDED ? shared->count - ADDED : 0, 0);
        OK(alter(quipu_context_datastore(ctx), schema->table, MOST));
        check_schema(ctx, schema->table, MOST, MOST, 1);
        plain.column_count = MOST;
        OK(quipu_datastore_teardown(quipu_context_datastore(ctx), &plain, ERR));
        quipu_context_close_all(ctx);
    }
}

/* --------------------------------------------------------- at chosen calls */

#define TABLE "altered"

/* Memory that the case and its subprocesses share. */
struct shared {
    unsigned failed;  /* runs in which a call was made to fail */
    unsigned refused; /* alterations that failed, opening included */
};

/* Adds columns; fails only if a call was made to fail. */
static void alter_once(struct quipu_context *ctx, void *memory, unsigned index)
{
    struct shared *shared = memory;
    quipu_datastore *datastore = NULL;
    int status = quipu_datastore_open(ctx->uri, NULL, &datastore, ERR);

    (void)index;
    if (status == QUIPU_OK) {
        status = alter(datastore, TABLE, ADDED);
    }
    shared->refused += status != QUIPU_OK;
    CHECK(status == QUIPU_OK || quipu_subprocess_failures() > 0,
          "an alteration returns %s, but no system call has failed: %s",
          quipu_status_name(status), ERR->message);
    shared->failed += quipu_subprocess_failures() > 0;
    OK(quipu_datastore_close(datastore, ERR));
}

extern const struct quipu_subprocess_job quipu_subprocess_job_altering;
const struct quipu_subprocess_job quipu_subprocess_job_altering = {
    "altering", alter_once
};

/* Makes a store with items in the folder. */
static void make_store(struct quipu_context *ctx)
{
    quipu_column columns[MOST];
    char names[MOST][16];
    quipu_schema schema;

    make_schema(&schema, columns, names, 0);
    schema.table = TABLE;
    OK(quipu_datastore_setup(quipu_context_datastore(ctx), &schema, ERR));
    for (size_t i = 0; i < ITEMS; i++) {
        check_schema(ctx, TABLE, 0, 0, i);
    }
    quipu_context_close_all(ctx);
}

/* Alters a new store; the n-th call fails, or the process is killed before it.
 * Returns false if fewer calls are made. */
static bool interrupt_at(struct quipu_context *ctx, const char *call,
                         unsigned n, bool kill)
{
    const char *folder = quipu_context_format(ctx, "%s/disk", ctx->directory);
    const char *uri = ctx->uri;
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_altering,
                                          .folder = folder };
    bool happened;
    pid_t process;
    int status;

    CHECK(mkdir(folder, 0700) == 0, "cannot create %s", folder);
    ctx->uri = quipu_subprocess_uri(ctx, folder);
    make_store(ctx);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_CALL", call);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_AT",
                               quipu_context_format(ctx, "%u", n));
    if (kill) {
        quipu_subprocess_add_fault(&task, "QUIPU_FAULT_KILL", "1");
    } else {
        quipu_subprocess_add_fault(&task, "QUIPU_FAULT_ERRNO",
                                   quipu_context_format(ctx, "%d", EIO));
        quipu_subprocess_add_fault(&task, "QUIPU_FAULT_TIMES", "1");
    }
    process = quipu_subprocess_start(ctx, &task, 0);
    status = quipu_subprocess_wait(process);
    happened = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!happened) {
        CHECK_CHILD(process, status, "at %s number %u the alteration", call, n);
    }
    check_schema(ctx, TABLE, 0, ADDED, ITEMS);
    OK(alter(quipu_context_datastore(ctx), TABLE, ADDED));
    check_schema(ctx, TABLE, ADDED, ADDED, ITEMS + 1);
    OK(alter(quipu_context_datastore(ctx), TABLE, MOST));
    check_schema(ctx, TABLE, MOST, MOST, ITEMS + 2);
    quipu_context_close_all(ctx);
    ctx->uri = uri;
    quipu_folder_remove(folder);
    return happened;
}

static const char *const calls[] = { "write", "sync",     "open",
                                     "map",   "truncate", "remove" };
#define CALLS (sizeof(calls) / sizeof(*calls))

static void killed_at_calls(struct quipu_context *ctx)
{
    unsigned most = quipu_context_scale(ctx, 24, 60, 400), killed = 0;
    unsigned step = quipu_context_scale(ctx, 5, 1, 1);

    quipu_subprocess_require(ctx);
    (void)quipu_subprocess_share_memory(sizeof(struct shared));
    for (size_t i = 0; i < CALLS; i++) {
        for (unsigned n = 1; n <= most;
             n += 1 + (unsigned)quipu_context_random(ctx, step)) {
            const void *mark = quipu_context_mark(ctx);
            bool died = interrupt_at(ctx, calls[i], n, true);

            quipu_context_release(ctx, mark);
            killed += died;
            if (!died) {
                break;
            }
        }
    }
    quipu_context_count(ctx, "kills", killed);
    CHECK(killed > 0,
          "the driver makes none of the calls at which it would be killed");
}

static void failing_calls(struct quipu_context *ctx)
{
    unsigned most = quipu_context_scale(ctx, 12, 40, 200);
    struct shared *shared;

    quipu_subprocess_require(ctx);
    shared = quipu_subprocess_share_memory(sizeof(*shared));
    for (size_t i = 0; i < 2; i++) {
        for (unsigned n = 1; n <= most; n++) {
            const void *mark = quipu_context_mark(ctx);
            unsigned before = shared->failed;

            (void)interrupt_at(ctx, calls[i], n, false);
            quipu_context_release(ctx, mark);
            if (shared->failed == before) {
                break;
            }
        }
    }
    quipu_context_count(ctx, "faults", shared->failed);
    CHECK(shared->failed > 0, "the driver makes no writes and no syncs");
    CHECK(shared->refused > 0, "calls failed in %u runs, and no alteration did",
          shared->failed);
}

#define SHARED (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_CAN_SHARE)

static const struct quipu_case cases[] = {
    { "F5.killed-while-altering",
      "An operator interrupts the alteration, and finds the schema as it was "
      "or "
      "as it is to be.",
      killed_at_random, SHARED, 0, 600 },
    { "F5.killed-at-each-call",
      "A process that dies between two writes leaves one of two definitions.",
      killed_at_calls, SHARED | QUIPU_TRAIT_FILES, 0, 600 },
    { "F5.failing-calls",
      "A full or broken disk leaves one of two definitions, and no item "
      "suffers.",
      failing_calls, SHARED | QUIPU_TRAIT_FILES, 0, 600 },
};
QUIPU_FAMILY_IN(crash, altering);
