/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a workload.
 *
 * The case's process starts the others before it opens a datastore, because a
 * datastore belongs to the process that opened it.  Each process runs its
 * threads, each thread is a session.  Sessions that append make random steps
 * until their number or the time is used up; followers wait for the log to grow
 * and read it, until the last session that appends has ended.
 *
 * A process is killed while one of its sessions is in the middle of an append,
 * which is known from a slot in shared memory.  The slot also holds the
 * request: the process that takes the place of the killed one repeats it first,
 * under the same event ids, as a program would after a restart.
 */
#include "run.h"

#include "context/assertion.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds.  A long wait is longer than a wait may be late, so that a lost
 * wake-up is found; the short one is for the end, when nothing may come. */
#define LONG_WAIT 12000
#define SHORT_WAIT 50
#define FEW 60 /* steps that a session makes however long they take */

/* -------------------------------------------------------------------- logs */

static quipu_datastore *open_datastore(const struct quipu_workload_run *run,
                                       struct quipu_context *ctx, unsigned log)
{
    return run->options[log] ? quipu_context_open(ctx, run->options[log])
                             : quipu_context_datastore(ctx);
}

void quipu_workload_run_setup(struct quipu_workload_run *run)
{
    struct quipu_context *ctx = run->ctx;
    const struct quipu_workload *w = run->workload;

    for (unsigned i = 0; i < w->log_count; i++) {
        run->schemas[i] = quipu_context_schema(ctx, w->shapes[i]);
        run->options[i] = NULL;
        if (!w->other_namespace || i + 1 < w->log_count ||
            !(ctx->traits & QUIPU_TRAIT_MULTI_OPEN) ||
            strstr(ctx->uri, "namespace=")) {
            quipu_context_setup(ctx, run->schemas[i]);
            continue;
        }
        run->options[i] = quipu_context_format(
            ctx, "namespace=%s", quipu_context_name(ctx, "other"));
        OK(quipu_datastore_setup(open_datastore(run, ctx, i), run->schemas[i],
                                 ERR));
    }
}

void quipu_workload_run_teardown(struct quipu_workload_run *run)
{
    struct quipu_context *ctx = run->ctx;

    for (unsigned i = 0; i < run->workload->log_count; i++) {
        if (run->options[i] && (ctx->traits & QUIPU_CAN_PERSIST)) {
            quipu_datastore_teardown(open_datastore(run, ctx, i),
                                     run->schemas[i], ERR);
        }
    }
    quipu_context_close_all(ctx);
}

/* Opens the records of all logs, for a process or for one thread. */
static void open_logs(const struct quipu_workload_run *run,
                      struct quipu_context *ctx, quipu_records *records[])
{
    bool own = run->workload->own_datastores;

    for (unsigned i = 0; i < run->workload->log_count; i++) {
        quipu_datastore *datastore =
            own ? quipu_context_open(ctx, run->options[i])
                : open_datastore(run, ctx, i);

        records[i] = quipu_context_bind(ctx, datastore, run->schemas[i]);
    }
}

/* ---------------------------------------------------------------- sessions */

/* Starts a session with a recording of its own, on the records of open logs. */
static void begin_session(struct quipu_workload_run *run,
                          struct quipu_session *session,
                          quipu_records *const records[], uint32_t number,
                          uint32_t process)
{
    const struct quipu_workload *w = run->workload;

    *session = (struct quipu_session){
        .ctx = run->ctx,
        .number = number,
        .consumer = run->schemas[0]->table,
        .random = run->seed + number * UINT64_C(0x632be59bd9b4e019),
        .log_count = w->log_count,
        .shared = w->shared,
        .status = QUIPU_CONFLICT,
        .tolerates_outage = w->stops > 0,
    };
    for (unsigned i = 0; i < w->log_count; i++) {
        struct quipu_session_log *log = &session->logs[i];

        log->name[0] = (char)('a' + (int)i);
        log->records = records[i];
        log->text = w->shapes[i] & QUIPU_SHAPE_TEXT;
        log->events = !(w->shapes[i] & QUIPU_SHAPE_NO_EVENT_ID);
        for (unsigned k = 0; k < QUIPU_SESSION_SHARED; k++) {
            log->last[k] = -1;
        }
    }
    quipu_record_open(&session->recorder, run->folder, number, process,
                      run->epoch);
}

/* -------------------------------------------------- threads of one process */

struct thread_group {
    struct quipu_workload_run *run;
    struct quipu_context *ctx;
    quipu_records *records[QUIPU_SESSION_LOGS]; /* of all threads,
                                                   unless each has its own */
    uint32_t process;                           /* number in the history */
    uint32_t first; /* number of the first session */
};

/* Returns true if a session that has made `steps` steps makes another. */
static bool has_time(const struct quipu_workload_run *run, unsigned steps)
{
    if (run->workload->stops > 0) {
        return !atomic_load(&run->shared->stopped);
    }
    return steps < FEW || quipu_record_clock() - run->epoch <
                              (int64_t)run->workload->seconds * 1000000000 *
                                  run->ctx->patience;
}

/* Repeats the append that a killed process was making: it may be stored or
 * not. */
static void repeat_pending(struct quipu_session *s,
                           struct quipu_session_pending *slot)
{
    if (slot->pending && s->logs[slot->request.log].events) {
        struct quipu_session_request request = slot->request;

        quipu_workload_append(s, &request);
    }
    slot->pending = false;
}

/* Repeats the last append if its outcome is unknown, as a program would. */
static void repeat_unknown(struct quipu_session *s)
{
    if (s->status == QUIPU_UNKNOWN_OUTCOME && s->logs[s->request.log].events) {
        struct quipu_session_request request = s->request;

        quipu_workload_append(s, &request);
    }
}

/* Makes the steps of a session that appends.  The last one to end wakes the
 * followers. */
static void append_steps(struct quipu_workload_run *run,
                         struct quipu_session *s)
{
    const struct quipu_workload *w = run->workload;

    for (unsigned k = 0; k < w->steps && has_time(run, k); k++) {
        quipu_generator_step(s, w->weights);
        repeat_unknown(s);
    }
    if (atomic_fetch_sub(&run->shared->writing, 1) == 1) {
        quipu_generator_append_last(s);
    }
}

/* Follows a log until no session appends any more, and then to its end. */
static void follow(struct quipu_workload_run *run, struct quipu_session *s,
                   unsigned log)
{
    while (atomic_load(&run->shared->writing) > 0) {
        quipu_generator_follow(s, log, (int64_t)LONG_WAIT * s->ctx->patience);
    }
    while (quipu_generator_follow(s, log, SHORT_WAIT)) {
        continue;
    }
}

static void run_session(void *context, unsigned i)
{
    struct thread_group *group = context;
    struct quipu_workload_run *run = group->run;
    const struct quipu_workload *w = run->workload;
    quipu_records *own[QUIPU_SESSION_LOGS];
    struct quipu_session *session =
        quipu_context_allocate(group->ctx, sizeof(*session));

    if (w->own_datastores) {
        open_logs(run, group->ctx, own);
    }
    begin_session(run, session, w->own_datastores ? own : group->records,
                  group->first + i, group->process);
    session->ctx = group->ctx;
    if (w->kills > 0 || w->stops > 0) {
        session->slot = &run->shared->slots[group->process][i];
        repeat_pending(session, session->slot);
    }
    if (i < w->threads - w->followers) {
        append_steps(run, session);
    } else {
        follow(run, session, i % w->log_count);
    }
    quipu_record_close(&session->recorder);
}

static void run_threads(struct quipu_workload_run *run,
                        struct quipu_context *ctx, uint32_t process,
                        uint32_t first)
{
    struct thread_group group = {
        .run = run, .ctx = ctx, .process = process, .first = first
    };

    if (!run->workload->own_datastores) {
        open_logs(run, ctx, group.records);
    }
    quipu_workers_run_threads(run->workload->threads, run_session, &group);
}

/* --------------------------------------------------------------- processes */

/* Arguments of a child process, in its copy of the parent's memory. */
struct child {
    struct quipu_workload_run *run;
    uint32_t process, first;
};

static void run_child(struct quipu_context *ctx, void *shared, unsigned i)
{
    const struct child *child = shared;

    (void)i;
    run_threads(child->run, ctx, child->process, child->first);
}

static struct quipu_workers start(struct quipu_workload_run *run,
                                  uint32_t process)
{
    struct child child = { run, process, run->sessions + 1 };
    struct quipu_workers crew =
        quipu_workers_start(run->ctx, 1, run_child, &child);

    run->sessions += run->workload->threads;
    return crew;
}

static bool is_appending(const struct quipu_workload_run *run, unsigned process)
{
    bool appending = false;

    for (unsigned i = 0; i < run->workload->threads; i++) {
        appending =
            appending || atomic_load(&run->shared->slots[process][i].pending);
    }
    return appending;
}

/* Kills processes while they append, one after the other, and starts another in
 * the place of each. */
static void kill_processes(struct quipu_workload_run *run,
                           struct quipu_workers crews[])
{
    const struct quipu_workload *w = run->workload;

    for (unsigned k = 0; k < w->kills; k++) {
        unsigned process =
            (unsigned)quipu_context_random(run->ctx, w->processes);

        quipu_context_sleep(10000 + quipu_context_random(run->ctx, 60000));
        while (!quipu_workers_any_ended(&crews[process]) &&
               !is_appending(run, process)) {
            quipu_context_sleep(50);
        }
        if (quipu_workers_any_ended(&crews[process])) {
            continue;
        }
        quipu_workers_kill(&crews[process]);
        run->kills++;
        crews[process] = start(run, process);
        quipu_workers_release(&crews[process]);
    }
}

static bool any_is_appending(const struct quipu_workload_run *run)
{
    bool appending = false;

    for (unsigned i = 0; i < run->workload->processes; i++) {
        appending = appending || is_appending(run, i);
    }
    return appending;
}

/* Stops the server abruptly and starts it again, several times.  It stays down
 * until a session appends meanwhile: the driver may wait for it, or fail. */
static void stop_server(struct quipu_workload_run *run)
{
    for (unsigned k = 0; k < run->workload->stops; k++) {
        quipu_context_sleep(100000 + quipu_context_random(run->ctx, 200000));
        quipu_context_server_stop(run->ctx);
        while (!any_is_appending(run) && quipu_context_has_time(run->ctx)) {
            quipu_context_sleep(50);
        }
        quipu_context_sleep(quipu_context_random(run->ctx, 50000));
        quipu_context_server_start(run->ctx);
        run->stops++;
    }
    quipu_context_sleep(100000);
    atomic_store(&run->shared->stopped, true);
}

static void run_processes(struct quipu_workload_run *run)
{
    struct quipu_workers crews[QUIPU_WORKERS_MAX];
    const struct quipu_workload *w = run->workload;

    quipu_context_close_all(run->ctx);
    for (unsigned i = 0; i < w->processes; i++) {
        crews[i] = start(run, i);
    }
    for (unsigned i = 0; i < w->processes; i++) {
        quipu_workers_release(&crews[i]);
    }
    kill_processes(run, crews);
    stop_server(run);
    for (unsigned i = 0; i < w->processes; i++) {
        quipu_workers_join(&crews[i]);
    }
}

void quipu_workload_run_sessions(struct quipu_workload_run *run)
{
    const struct quipu_workload *w = run->workload;
    unsigned processes = w->processes > 0 ? w->processes : 1;

    run->epoch = quipu_record_clock();
    atomic_store(&run->shared->writing,
                 processes * (w->threads - w->followers));
    if (w->processes > 0) {
        run_processes(run);
    } else {
        run_threads(run, run->ctx, 0, 1);
        run->sessions = w->threads;
    }
}

void quipu_workload_run_read_all(struct quipu_workload_run *run)
{
    struct quipu_session *session =
        quipu_context_allocate(run->ctx, sizeof(*session));
    quipu_records *records[QUIPU_SESSION_LOGS];

    open_logs(run, run->ctx, records);
    begin_session(run, session, records, ++run->sessions,
                  run->workload->processes);
    quipu_generator_read_all(
        session, run->workload->weights[QUIPU_STEP_READ_TRACKING] > 0);
    quipu_record_close(&session->recorder);
}
