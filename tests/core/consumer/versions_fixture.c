/* SPDX-License-Identifier: Apache-2.0 */
#include "versions_fixture.h"

#include "quipu_test_child.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static const struct versions_backend *backend;

/* ------------------------------------------------------------ projections */

int version_check_event(const struct version *version, const quipu_item *item,
                        quipu_error *error)
{
    return version->parks && item->notification_id == VERSIONS_PARKED
               ? quipu_error_set(error, QUIPU_NOT_FOUND, "no such account")
               : QUIPU_OK;
}

/* Opens a version, whose type and context live as long as the process. */
static int open_version(struct opened_log *log, uint32_t number, bool parks,
                        quipu_projection **projection, quipu_error *error)
{
    static struct version contexts[2];
    static quipu_projection_handler handlers[2];
    static quipu_projection_type types[2];
    const uint32_t i = number % 2;

    contexts[i] = (struct version){ .number = number, .parks = parks };
    handlers[0] = (quipu_projection_handler){ .event = &credited,
                                              .apply = backend->apply };
    types[i] = (quipu_projection_type){ .name = "credits",
                                        .version = number,
                                        .handlers = handlers,
                                        .create = backend->create,
                                        .drop = backend->drop,
                                        .show = backend->show };
    const quipu_projection_options options = {
        .struct_size = sizeof(options),
        .on_failure = QUIPU_FAILURE_PARK,
        .attempts = 1,
        .batch_items = 4,
        .context = &contexts[i],
    };

    return quipu_projection_open(log->store, &types[i], &options, projection,
                                 error);
}

/* Promotes a version as soon as it is at the head. */
static void build_and_promote(quipu_projection *projection)
{
    quipu_error error;
    int status = QUIPU_BUSY;

    while (status == QUIPU_BUSY) {
        bool caught_up = false;

        while (!caught_up) {
            assert_ok(quipu_projection_step(projection, &caught_up, &error),
                      &error);
        }
        status = quipu_projection_promote(projection, 0, &error);
    }
    assert_ok(status, &error);
}

/* Shows version `number` instead of the one before, which it retires.  Can be
 * repeated after a kill. */
static void replace_version(const char *name, uint32_t number, bool parks,
                            int kill_at)
{
    quipu_projection *before = NULL;
    quipu_projection *projection = NULL;
    struct opened_log log;
    uint32_t shown = 0;
    quipu_error error;

    open_log(&log, name);
    interposed.kill_at = kill_at;
    int status = open_version(&log, number - 1, parks, &before, &error);

    if (status != QUIPU_NOT_FOUND) {
        assert_ok(status, &error);
        assert_ok(
            quipu_projection_shown(log.datastore, "credits", &shown, &error),
            &error);
        if (shown == 0) {
            build_and_promote(before);
        }
    }
    assert_ok(open_version(&log, number, false, &projection, &error), &error);
    build_and_promote(projection);
    if (before) {
        assert_ok(quipu_projection_retire(before, &error), &error);
    }
    _exit(0);
}

/* Returns true if the child was killed. */
static bool run_child(const char *name, uint32_t number, bool parks,
                      int kill_at)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        replace_version(name, number, parks, kill_at);
    }
    return quipu_test_was_killed(process);
}

/* ------------------------------------------------------------- each call */

enum state { ABSENT, BUILT, RETIRED };

static enum state read_state(struct opened_log *log, uint32_t number)
{
    quipu_entry *entry = NULL;
    quipu_error error;
    char key[64];

    (void)snprintf(key, sizeof(key), "quipu/projection/credits@%" PRIu32,
                   number);
    if (quipu_entry_read(log->datastore, key, &entry, &error) != QUIPU_OK) {
        assert_int_equal(error.code, QUIPU_NOT_FOUND);
        return ABSENT;
    }
    enum state state = entry->value.size > 0 ? RETIRED : BUILT;

    quipu_entry_destroy(entry);
    return state;
}

static int count_parked(struct opened_log *log, const char *consumer)
{
    const quipu_parked_event *event = NULL;
    quipu_parked_events *events;
    quipu_error error;
    int count = 0;

    assert_ok(
        quipu_parked_events_open(log->datastore, consumer, &events, &error),
        &error);
    do {
        assert_ok(quipu_parked_events_next(events, &event, &error), &error);
        count += event != NULL;
    } while (event);
    quipu_parked_events_close(events);
    return count;
}

/* Checks that all that belongs to a version is there, or nothing; returns the
 * record. */
static int64_t check_version(struct opened_log *log, uint32_t number,
                             const struct version_rows *rows)
{
    char consumer[32];

    (void)snprintf(consumer, sizeof(consumer), "credits@%" PRIu32, number);
    int64_t record = tracked(log->datastore, consumer);
    int parked = number == 1 && record >= VERSIONS_PARKED;

    assert_int_equal(rows->exists, read_state(log, number) == BUILT);
    assert_int_equal(count_parked(log, consumer), parked);
    if (rows->exists) {
        assert_int_equal(rows->count, record - parked);
        assert_true(rows->count == 0 || rows->last_version == number);
    } else {
        assert_int_equal(record, 0);
    }
    return record;
}

/* The state of a store after a kill. */
struct outcome {
    uint32_t shown; /* version */
    int64_t records[3];
    enum state states[3];
};

/* Checks a store after a kill at any call. */
static struct outcome check_versions(const char *name)
{
    struct opened_log log;
    struct outcome outcome = { .shown = 0 };
    struct version_rows shown_rows;
    struct version_rows rows[2];
    quipu_error error;

    /* Before the log is opened: LMDB opens a file once in a process. */
    backend->read_shown(name, &shown_rows);
    backend->read(name, 1, &rows[0]);
    backend->read(name, 2, &rows[1]);
    open_log(&log, name);
    for (uint32_t number = 1; number <= 2; number++) {
        outcome.records[number] =
            check_version(&log, number, &rows[number - 1]);
        outcome.states[number] = read_state(&log, number);
    }
    assert_ok(quipu_projection_shown(log.datastore, "credits", &outcome.shown,
                                     &error),
              &error);
    close_log(&log);
    assert_int_equal(shown_rows.exists, outcome.shown > 0);
    if (outcome.shown > 0) {
        assert_true(outcome.shown <= 2);
        assert_int_equal(shown_rows.first_version, outcome.shown);
        assert_int_equal(shown_rows.last_version, outcome.shown);
        assert_int_equal(outcome.records[outcome.shown], VERSIONS_EVENTS);
        assert_int_equal(shown_rows.count,
                         VERSIONS_EVENTS - (outcome.shown == 1));
    }
    assert_true(outcome.states[1] != RETIRED || outcome.shown == 2);
    assert_true(outcome.states[2] != RETIRED);
    return outcome;
}

static bool is_equal(const struct outcome *a, const struct outcome *b)
{
    return a->shown == b->shown && a->records[1] == b->records[1] &&
           a->records[2] == b->records[2] && a->states[1] == b->states[1] &&
           a->states[2] == b->states[2];
}

void kill_versions_at_each_call(const struct versions_backend *tested)
{
    struct outcome before = { .shown = UINT32_MAX };
    struct outcome outcome = before;
    int seen[3] = { 0 };
    bool killed = true;
    char name[96];
    int kill_at = 0;

    backend = tested;
    while (killed) {
        struct opened_log log;

        kill_at++;
        backend->prepare(kill_at, name);
        open_log(&log, name);
        add_events(&log, VERSIONS_EVENTS);
        close_log(&log);
        killed = run_child(name, 2, true, kill_at);
        outcome = check_versions(name);
        seen[outcome.shown]++;
        if (killed && !is_equal(&outcome, &before)) {
            before = outcome;
            assert_false(run_child(name, 2, true, 0));
            outcome = check_versions(name);
            assert_int_equal(outcome.shown, 2);
            assert_int_equal(outcome.states[1], RETIRED);
        }
    }
    assert_int_equal(outcome.states[1], RETIRED);
    print_message("%d kills; %d with no version, %d with 1, %d with 2\n",
                  kill_at - 1, seen[0], seen[1], seen[2]);
    assert_true(seen[0] > 5 && seen[1] > 5 && seen[2] > 2);
}

/* ------------------------------------------------------------- under load */

static void sleep_milliseconds(long milliseconds)
{
    const struct timespec duration = { .tv_nsec = milliseconds * 1000000 };

    (void)nanosleep(&duration, NULL);
}

static void run_writer(const char *name)
{
    struct opened_log log;

    open_log(&log, name);
    log.stored = getpid() % 1000 * 1000000; /* sequences of its own */
    for (;;) {
        add_events(&log, 1);
        sleep_milliseconds(20);
    }
}

static volatile sig_atomic_t must_end;

static void end(int signal)
{
    (void)signal;
    must_end = 1;
}

/* Reads until SIGTERM; exits with 0 if no answer was empty or mixed. */
static void run_reader(const char *name)
{
    int64_t reads = 0;
    int versions = 0;
    uint32_t last = 0;

    (void)signal(SIGTERM, end);
    while (!must_end) {
        struct version_rows rows;

        backend->read_shown(name, &rows);
        if (!rows.exists || rows.count < VERSIONS_EVENTS ||
            rows.count != rows.last ||
            rows.first_version != rows.last_version ||
            rows.last_version < last) {
            print_error("a reader was shown %" PRId64 " rows up to %" PRId64
                        " of the versions %" PRIu32 " to %" PRIu32 "\n",
                        rows.count, rows.last, rows.first_version,
                        rows.last_version);
            _exit(1);
        }
        versions += rows.last_version != last;
        last = rows.last_version;
        reads++;
        sleep_milliseconds(10);
    }
    print_message("%" PRId64 " reads of %d versions\n", reads, versions);
    _exit(versions > 3 ? 0 : 2);
}

static pid_t start(void (*function)(const char *), const char *name)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        function(name);
        _exit(3);
    }
    return process;
}

void promote_under_load(const struct versions_backend *tested)
{
    enum { FIRST = 8, STEP = 7, LAST = 64 }; /* calls to be killed at */
    struct opened_log log;
    char name[96];
    int kills = 0;
    int status = 0;

    backend = tested;
    backend->prepare(0, name);
    open_log(&log, name);
    add_events(&log, VERSIONS_EVENTS);
    close_log(&log);
    assert_false(run_child(name, 2, false, 0));
    pid_t reader = start(run_reader, name);
    pid_t writers[] = { start(run_writer, name), start(run_writer, name) };
    uint32_t number = 3;

    for (int kill_at = FIRST; kill_at <= LAST; kill_at += STEP, number++) {
        if (run_child(name, number, false, kill_at)) {
            kills++;
            assert_false(run_child(name, number, false, 0));
        }
        sleep_milliseconds(100);
    }
    (void)kill(reader, SIGTERM);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(waitpid(writers[i], &status, WNOHANG), 0);
        (void)kill(writers[i], SIGKILL);
        assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
    }
    print_message("%" PRIu32 " versions, %d kills\n", number - 1, kills);
    assert_true(kills > 3);
}
