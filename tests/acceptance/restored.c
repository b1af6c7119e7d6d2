/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A8: a store is set back to a backup behind the back of its consumers (B6).
 *
 * A consumer whose position is elsewhere (in another store, in the program, or
 * in the memory of a subscription that runs) must get CONFLICT, with a message
 * that names the end of the log and the position, and handle no event, also if
 * the log has grown above the position meanwhile.
 */
#include "acceptance.h"

#include <sqlite3.h>

enum {
    BEFORE = 30, /* events in the backup */
    AFTER = 20,  /* events that are lost */
    GROWN = 45   /* events that are appended after the restoration */
};

/* The store that is set back, and one that keeps positions. */
struct restored {
    const struct acceptance *run;
    char name[96];
    char elsewhere[96];
    bool is_open;  /* while the store is set back */
    bool is_grown; /* the log grows above the old position */
    pid_t process; /* that sets the store back; begun before it is opened */
    atomic_bool is_due;
};

/* ----------------------------------------------------------- setting back */

/* The dump of the store's schema, and its restoration in one transaction. */
static const char dump[] =
    "pg_dump --schema=restored --file=store.backup quipu";
static const char undump[] =
    "(echo 'SET client_min_messages = warning; DROP SCHEMA restored CASCADE;'; "
    "cat store.backup) | psql "
    "--quiet --no-psqlrc --single-transaction --set=ON_ERROR_STOP=1 "
    "--output=/dev/null quipu";

static bool is_on_server(const struct restored *restored)
{
    return strcmp(restored->run->model->driver, "postgres") == 0;
}

static void back_up(const struct restored *restored, struct opened_log *log)
{
    const quipu_backup backup = { .struct_size = sizeof(backup),
                                  .flags = QUIPU_BACKUP_REPLACE,
                                  .path = "store.backup" };
    quipu_error error;

    if (is_on_server(restored)) {
        assert_int_equal(system(dump), 0); /* NOLINT(cert-env33-c) */
    } else {
        assert_ok(quipu_backup_create(log->datastore, &backup, &error), &error);
    }
}

static int restore(const struct restored *restored)
{
    const quipu_backup backup = { .struct_size = sizeof(backup),
                                  .flags = QUIPU_BACKUP_REPLACE,
                                  .path = "store.backup" };
    char uri[128];
    quipu_error error;

    (void)snprintf(uri, sizeof(uri), "%s:///%s?timeout=100",
                   restored->run->model->driver, restored->name);
    return quipu_backup_restore(uri, NULL, &backup, &error);
}

/* Copies the backup into the database while others have it open, as the command
 * ".restore" of the program sqlite3 does. */
static void restore_sqlite(const struct restored *restored)
{
    sqlite3 *from;
    sqlite3 *to;

    assert_int_equal(sqlite3_open("store.backup", &from), SQLITE_OK);
    assert_int_equal(sqlite3_open(restored->name, &to), SQLITE_OK);
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");

    assert_non_null(copy);
    assert_int_equal(sqlite3_backup_step(copy, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(copy), SQLITE_OK);
    assert_int_equal(sqlite3_close(from), SQLITE_OK);
    assert_int_equal(sqlite3_close(to), SQLITE_OK);
}

/* In a process of its own: sets the store back, and lets the log grow. */
static void set_back_when_due(void *context)
{
    struct restored *restored = context;
    struct opened_log log;

    while (!atomic_load(&restored->is_due)) {
        process_sleep(1000);
    }
    if (is_on_server(restored)) {
        assert_int_equal(system(undump), 0); /* NOLINT(cert-env33-c) */
    } else if (restored->is_open) {
        assert_int_equal(restore(restored), QUIPU_BUSY);
        restore_sqlite(restored);
    } else {
        assert_int_equal(restore(restored), QUIPU_OK);
    }
    if (restored->is_grown) {
        open_log(&log, restored->name);
        log.sequences = 1;
        log.stored = BEFORE;
        fill_log(&log, GROWN);
        close_log(&log);
    }
}

static void set_back(struct restored *restored)
{
    atomic_store(&restored->is_due, true);
    assert_false(process_wait_killed(restored->process));
}

/* -------------------------------------------------------------- consumers */

static quipu_subscription *subscribe(struct opened_log *log,
                                     quipu_datastore *tracking)
{
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .consumer = tracking ? "mailer" : NULL,
        .tracking = tracking,
    };
    quipu_subscription *subscription = NULL;
    quipu_error error;

    assert_ok(quipu_subscription_open_events(log->store, &options,
                                             &subscription, &error),
              &error);
    return subscription;
}

static void take_all(quipu_subscription *subscription)
{
    const quipu_item *item;
    quipu_error error;

    for (int64_t id = 1; id <= BEFORE + AFTER; id++) {
        assert_ok(quipu_subscription_next(subscription, &item, 10000, &error),
                  &error);
        assert_int_equal(item->notification_id, id);
        assert_ok(quipu_subscription_acknowledge(subscription, &error), &error);
    }
}

/* The message names the position and the end of the log, or the other event
 * that is there. */
static void assert_named(const struct restored *restored,
                         const quipu_error *error)
{
    assert_contains(error->message, "50");
    assert_contains(error->message,
                    restored->is_grown ? "event" : "ends at notification 30");
}

/* A subscription that runs, and one that ends and begins again behind the
 * position that the program has kept. */
static void keep_in_memory(struct restored *restored, struct opened_log *log)
{
    quipu_subscription *subscription = subscribe(log, NULL);
    quipu_subscription_options options = { .struct_size = sizeof(options) };
    const quipu_item *item = NULL;
    quipu_error error;

    take_all(subscription);
    assert_ok(quipu_subscription_position(subscription, &options.after, &error),
              &error);
    if (restored->is_open) {
        process_sleep(1100000); /* B6: checked at most once a second */
        set_back(restored);
        assert_refused(
            quipu_subscription_next(subscription, &item, 10000, &error),
            QUIPU_CONFLICT, &error, "");
        assert_null(item);
        assert_named(restored, &error);
        assert_ok(quipu_subscription_close(subscription, &error), &error);
    } else {
        assert_ok(quipu_subscription_close(subscription, &error), &error);
        close_log(log);
        set_back(restored);
        open_log(log, restored->name);
    }
    assert_refused(quipu_subscription_open_events(log->store, &options,
                                                  &subscription, &error),
                   QUIPU_CONFLICT, &error, "");
    assert_named(restored, &error);
}

/* A subscription and a projection whose records are in another store. */
static void keep_elsewhere(struct restored *restored, struct opened_log *log)
{
    struct applied applied = { .model = restored->run->model };
    struct opened_log other;
    quipu_projection *projection;
    quipu_error error;

    open_log(&other, restored->elsewhere);
    quipu_projection_options options = { .struct_size = sizeof(options),
                                         .target = other.datastore,
                                         .context = &applied };
    quipu_subscription_options mailer = { .struct_size = sizeof(mailer),
                                          .consumer = "mailer" };
    quipu_subscription *subscription = subscribe(log, other.datastore);

    take_all(subscription);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    projection = open_applied(log, &applied, options);
    (void)acceptance_catch_up(projection);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(log);
    close_log(&other);
    set_back(restored);
    open_log(log, restored->name);
    open_log(&other, restored->elsewhere);
    mailer.tracking = other.datastore;
    options.target = other.datastore;
    assert_refused(quipu_subscription_open_events(log->store, &mailer,
                                                  &subscription, &error),
                   QUIPU_CONFLICT, &error, "");
    assert_named(restored, &error);
    assert_refused(quipu_projection_open(log->store, &applied_type, &options,
                                         &projection, &error),
                   QUIPU_CONFLICT, &error, "");
    assert_named(restored, &error);
    close_log(&other);
    struct model_counts counts =
        count_model(restored->run->model, restored->elsewhere, "applied@1", 1);

    assert_int_equal(counts.rows, BEFORE + AFTER);
}

/* --------------------------------------------------------------- the test */

static void try_once(struct restored *restored,
                     void (*keep)(struct restored *, struct opened_log *))
{
    struct opened_log log;

    restored->run->model->prepare("elsewhere", "", restored->elsewhere);
    restored->run->model->prepare("restored", "", restored->name);
    atomic_store(&restored->is_due, false);
    restored->process = process_start(set_back_when_due, restored);
    open_log(&log, restored->name);
    log.sequences = 1;
    fill_log(&log, BEFORE);
    back_up(restored, &log);
    fill_log(&log, AFTER);
    keep(restored, &log);
    close_log(&log);
}

static void set_back_stores(struct acceptance *run)
{
    const bool can_restore_open = run->model != &model_lmdb;
    struct restored *restored = process_share(sizeof(*restored));
    int tries = 0;

    restored->run = run;
    for (int grown = 0; grown < 2; grown++) {
        restored->is_grown = grown;
        restored->is_open = false;
        try_once(restored, keep_in_memory);
        try_once(restored, keep_elsewhere);
        restored->is_open = can_restore_open;
        if (can_restore_open) {
            try_once(restored, keep_in_memory);
        }
        tries += can_restore_open ? 6 : 3;
    }
    acceptance_note(run,
                    "%d consumers got CONFLICT at opening%s; handled after "
                    "that 0",
                    tries, can_restore_open ? " or while running" : "");
}

const struct acceptance_test acceptance_restored = {
    .name = "A8",
    .title = "set a store back to a backup behind its consumers",
    .run = set_back_stores,
    .has_short = true,
};
