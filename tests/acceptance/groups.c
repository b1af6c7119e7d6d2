/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A4: eight processes share 16 partitions of a log that grows, while their
 * clocks of the day jump by up to an hour.  First some are killed at random and
 * started again; then some are also stopped for three leases.  Every event must
 * be applied once, in the order of its sequence, and a partition must move or
 * have another owner within two leases and a second (G1 to G4).  With stops it
 * may take the time of a stop in addition: a process that is stopped in a
 * transaction keeps the locks of the store.
 */
#include "acceptance.h"

#include <dlfcn.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "group/group_state.h"

#define MILLISECOND INT64_C(1000000)

enum {
    MEMBERS = 8,
    PARTITIONS = 16,
    SEQUENCES = 48,
    STOPPED_MOST = 3, /* at a time */
    LEASE = 500,
    STOP = 3 * LEASE
};

enum { KILLS, KILLS_AND_STOPS, PHASES };

/* ------------------------------------------------------------------- clock */

static bool is_wrong;

/* Takes the place of libc's: in a member, the clock of the day jumps. */
int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
    static int (*original)(clockid_t, struct timespec *);
    static long seconds;

    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "clock_gettime");
    }
    int result = original(clock_id, tp);

    if (is_wrong && clock_id == CLOCK_REALTIME) {
        if (process_random(20) == 0) {
            seconds = (long)process_random(7201) - 3600;
        }
        tp->tv_sec += seconds;
    }
    return result;
}

/* ----------------------------------------------------------------- members */

/* Memory of all processes.  The parent, which forks them, has no store open. */
struct shared {
    const struct model *model;
    char name[96];      /* of the store */
    atomic_int refused; /* commits of all members */
    atomic_bool is_undisturbed;
    atomic_llong stored;
    atomic_int phase; /* an index of the next two */
    /* Milliseconds in which a partition neither moved nor got an owner, and in
     * which it did not move. */
    atomic_llong longest_loss[PHASES];
    atomic_llong longest_idle[PHASES];
};

static quipu_projection *own;

static void stop(int signal)
{
    (void)signal;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): projection.h */
    quipu_projection_request_stop(own);
}

static void work(void *context)
{
    struct shared *shared = context;
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = PARTITIONS,
                                        .lease_milliseconds = LEASE };
    struct applied applied = { .model = shared->model };
    struct opened_log log;
    quipu_error error;

    is_wrong = true;
    open_log(&log, shared->name);
    interposed.refused = &shared->refused;
    own = open_applied(&log, &applied,
                       (quipu_projection_options){ .group = &group });
    (void)signal(SIGTERM, stop);
    assert_ok(quipu_projection_run(own, &error), &error);
    assert_ok(quipu_projection_close(own, &error), &error);
    close_log(&log);
}

static struct member {
    pid_t process;
    int64_t resume_time; /* not 0: it is stopped until then */
} members[MEMBERS];

static void start(struct member *member, struct shared *shared)
{
    *member = (struct member){ .process = process_start(work, shared) };
}

static void resume(struct member *member)
{
    assert_int_equal(kill(member->process, SIGCONT), 0);
    member->resume_time = 0;
}

/* ------------------------------------------------------------ disturbances */

static int kills;
static int stops;

static void disturb(struct shared *shared)
{
    struct member *member = &members[process_random(MEMBERS)];
    int stopped = 0;

    for (int i = 0; i < MEMBERS; i++) {
        stopped += members[i].resume_time != 0;
    }
    if (atomic_load(&shared->phase) == KILLS || process_random(3) > 0) {
        assert_true(process_kill(member->process));
        start(member, shared);
        kills++;
    } else if (member->resume_time == 0 && stopped < STOPPED_MOST) {
        assert_int_equal(kill(member->process, SIGSTOP), 0);
        member->resume_time = quipu_clock_deadline(STOP);
        stops++;
    }
}

/* Resumes the members that have been stopped for long enough, or all. */
static void resume_members(bool all)
{
    for (int i = 0; i < MEMBERS; i++) {
        if (members[i].resume_time != 0 &&
            (all || quipu_clock_left(members[i].resume_time) == 0)) {
            resume(&members[i]);
        }
    }
}

static void disturb_often(struct shared *shared, int disturbances)
{
    int64_t next = quipu_clock_deadline(1000);

    while (kills + stops < disturbances) {
        resume_members(false);
        if (quipu_clock_left(next) == 0) {
            disturb(shared);
            next = quipu_clock_deadline(50 + process_random(250));
        }
        process_sleep(10000);
    }
    resume_members(true);
}

/* --------------------------------------------------------------- observing */

static int64_t positions[PARTITIONS];   /* as seen last */
static int64_t moved_times[PARTITIONS]; /* when they had moved */
static quipu_uuid owners[PARTITIONS];
static int64_t
    owned_times[PARTITIONS]; /* when they had moved, or had got them */

static void note_longest(atomic_llong *longest, int64_t nanoseconds)
{
    if (nanoseconds / MILLISECOND > atomic_load(longest)) {
        atomic_store(longest, nanoseconds / MILLISECOND);
    }
}

/* Notes which partitions have moved.  The log grows all the time, so that each
 * of them always has something to do.  Returns the lowest position. */
static int64_t observe(struct shared *shared, struct opened_log *log)
{
    struct quipu_group_state state = { .partition_count = 0 };
    int64_t now = quipu_clock_now();
    int phase = atomic_load(&shared->phase);
    quipu_error error;

    assert_ok(
        quipu_group_state_read(&state, log->datastore, "applied@1", &error),
        &error);
    for (uint32_t i = 0; i < state.partition_count; i++) {
        int64_t id = state.partitions[i].position.notification_id;

        assert_true(id >= positions[i]);
        if (id > positions[i] || moved_times[i] == 0) {
            moved_times[i] = now;
            owned_times[i] = now;
        }
        if (memcmp(&owners[i], &state.partitions[i].owner, sizeof(*owners)) !=
            0) {
            owned_times[i] = now;
        }
        positions[i] = id;
        owners[i] = state.partitions[i].owner;
        note_longest(&shared->longest_idle[phase], now - moved_times[i]);
        note_longest(&shared->longest_loss[phase], now - owned_times[i]);
    }
    int64_t lowest =
        quipu_group_state_lowest(
            &state, quipu_group_all_partitions(state.partition_count))
            .notification_id;

    quipu_group_state_finish(&state);
    return lowest;
}

/* Appends events and observes, until the members have handled all of them. */
static void append_and_observe(void *context)
{
    struct shared *shared = context;
    struct opened_log log;

    open_log(&log, shared->name);
    log.sequences = SEQUENCES;
    while (!atomic_load(&shared->is_undisturbed)) {
        fill_log(&log, SEQUENCES);
        (void)observe(shared, &log);
        process_sleep(10000);
    }
    while (observe(shared, &log) < log.stored) {
        process_sleep(10000);
    }
    atomic_store(&shared->stored, log.stored);
    close_log(&log);
}

static void run_group(struct acceptance *run)
{
    struct shared *shared = process_share(sizeof(*shared));

    shared->model = run->model;
    run->model->prepare("groups", "durability=relaxed", shared->name);
    pid_t observer = process_start(append_and_observe, shared);

    for (int i = 0; i < MEMBERS; i++) {
        start(&members[i], shared);
    }
    disturb_often(shared, run->is_short ? 10 : 100);
    atomic_store(&shared->phase, KILLS_AND_STOPS);
    disturb_often(shared, run->is_short ? 20 : 200);
    atomic_store(&shared->is_undisturbed, true);
    assert_false(process_wait_killed(observer));
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(kill(members[i].process, SIGTERM), 0);
        assert_false(process_wait_killed(members[i].process));
    }
    struct model_counts counts =
        count_model(run->model, shared->name, "applied@1", SEQUENCES);
    const int64_t limit = 2 * LEASE + 1000;

    acceptance_note(
        run,
        "%lld events, %d kills, %d stops; %d commits refused; twice %lld, "
        "missing %lld, out of order %lld, beyond %lld",
        (long long)atomic_load(&shared->stored), kills, stops,
        atomic_load(&shared->refused), (long long)counts.twice,
        (long long)counts.missing, (long long)counts.disorder,
        (long long)counts.beyond);
    for (int phase = 0; phase < PHASES; phase++) {
        acceptance_note(run,
                        "; %s at most %lld ms without a new owner, %lld "
                        "without progress",
                        phase == KILLS ? "kills:" : "with stops:",
                        (long long)atomic_load(&shared->longest_loss[phase]),
                        (long long)atomic_load(&shared->longest_idle[phase]));
    }
    assert_exact(&counts);
    assert_int_equal(counts.record, atomic_load(&shared->stored));
    assert_true(atomic_load(&shared->longest_loss[KILLS]) <= limit);
    assert_true(atomic_load(&shared->longest_loss[KILLS_AND_STOPS]) <=
                limit + STOP);
    /* The new owner may be hit as well. */
    assert_true(atomic_load(&shared->longest_idle[KILLS_AND_STOPS]) <=
                3 * limit);
}

const struct acceptance_test acceptance_groups = {
    .name = "A4",
    .title = "eight members of a group, killed and stopped at random times",
    .run = run_group,
    .has_short = true,
};
