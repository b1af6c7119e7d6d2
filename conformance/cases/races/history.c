/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded histories: workloads of many sessions, each of which records its
 * calls and their results.  The checker (conformance/history) decides from the
 * record alone whether the guarantees hold.
 */
#include "cases/case.h"

#include "workload/workload.h"

#include <limits.h>

/* Weights of the reads, which all workloads have in common. */
#define READS                                                            \
    [QUIPU_STEP_READ] = 6, [QUIPU_STEP_PAIR] = 4, [QUIPU_STEP_LAST] = 4, \
    [QUIPU_STEP_HEAD] = 2, [QUIPU_STEP_LOG] = 4

static const struct quipu_workload hot_sequences = {
    .name = "hot-sequences",
    .weights = { READS, [QUIPU_STEP_NEXT] = 8, [QUIPU_STEP_POSITION] = 12 },
    .log_count = 1,
    .shared = 2,
    .required = QUIPU_COVER_CONFLICT,
};

static const struct quipu_workload groups = {
    .name = "groups-and-guards",
    .weights = { READS, [QUIPU_STEP_GROUP] = 8, [QUIPU_STEP_GUARD] = 8,
                 [QUIPU_STEP_GUARD_ONLY] = 3, [QUIPU_STEP_CREATE] = 3,
                 [QUIPU_STEP_TRACKING] = 6, [QUIPU_STEP_REPEAT] = 4,
                 [QUIPU_STEP_STOLEN_ID] = 3, [QUIPU_STEP_READ_TRACKING] = 3 },
    .log_count = 1,
    .shapes = { QUIPU_SHAPE_TEXT },
    .shared = 4,
    .required = QUIPU_COVER_CONFLICT | QUIPU_COVER_GUARD |
                QUIPU_COVER_EVENT_ID | QUIPU_COVER_ALREADY | QUIPU_COVER_REPEAT,
};

static const struct quipu_workload followers = {
    .name = "followers",
    .weights = { [QUIPU_STEP_NEXT] = 6,
                 [QUIPU_STEP_GROUP] = 4,
                 [QUIPU_STEP_TAIL] = 2,
                 [QUIPU_STEP_LOG] = 4,
                 [QUIPU_STEP_TRACKING] = 3,
                 [QUIPU_STEP_READ_TRACKING] = 1 },
    .followers = 1,
    .log_count = 1,
    .shared = 3,
    .required = QUIPU_COVER_WAKE,
};

static const struct quipu_workload several_logs = {
    .name = "several-logs",
    .weights = { READS, [QUIPU_STEP_NEXT] = 8, [QUIPU_STEP_POSITION] = 6,
                 [QUIPU_STEP_GROUP] = 4, [QUIPU_STEP_GUARD] = 4,
                 [QUIPU_STEP_TRACKING] = 3, [QUIPU_STEP_REPEAT] = 2,
                 [QUIPU_STEP_TAIL] = 1, [QUIPU_STEP_READ_TRACKING] = 2 },
    .log_count = 3,
    .shapes = { QUIPU_SHAPE_PLAIN, QUIPU_SHAPE_TEXT | QUIPU_SHAPE_NO_EVENT_ID,
                QUIPU_SHAPE_TEXT | QUIPU_SHAPE_NAMED },
    .shared = 2,
    .other_namespace = true,
    .required = QUIPU_COVER_CONFLICT,
};

static const struct quipu_workload killed = {
    .name = "killed-processes",
    .weights = { READS, [QUIPU_STEP_NEXT] = 10, [QUIPU_STEP_POSITION] = 6,
                 [QUIPU_STEP_GROUP] = 8, [QUIPU_STEP_GUARD] = 4,
                 [QUIPU_STEP_TRACKING] = 4, [QUIPU_STEP_TAIL] = 2,
                 [QUIPU_STEP_READ_TRACKING] = 1 },
    .log_count = 1,
    .shared = 3,
    .required = QUIPU_COVER_KILL,
};

static const struct quipu_workload stopped = {
    .name = "stopped-server",
    .weights = { READS, [QUIPU_STEP_NEXT] = 10, [QUIPU_STEP_POSITION] = 6,
                 [QUIPU_STEP_GROUP] = 8, [QUIPU_STEP_GUARD] = 4,
                 [QUIPU_STEP_TRACKING] = 4, [QUIPU_STEP_TAIL] = 2,
                 [QUIPU_STEP_READ_TRACKING] = 1 },
    .log_count = 1,
    .shared = 3,
};

/* Adapts a workload to the profile and to the capabilities of the store. */
static struct quipu_workload fit(struct quipu_context *ctx,
                                 const struct quipu_workload *workload)
{
    struct quipu_workload w = *workload;

    w.threads = 2 + w.followers;
    w.steps = quipu_context_scale(ctx, 500, 5000, 100000);
    w.seconds = quipu_context_scale(ctx, 1, 15, 200);
    if (!(ctx->traits & QUIPU_CAN_TRACK)) {
        w.weights[QUIPU_STEP_TRACKING] = w.weights[QUIPU_STEP_READ_TRACKING] =
            0;
        w.required &= ~(uint32_t)QUIPU_COVER_ALREADY;
    }
    return w;
}

static void run_processes(struct quipu_context *ctx,
                          const struct quipu_workload *workload)
{
    struct quipu_workload w = fit(ctx, workload);

    w.processes = quipu_context_scale(ctx, 4, 8, 8);
    quipu_workload_check(ctx, &w);
}

static void run_threads(struct quipu_context *ctx,
                        const struct quipu_workload *workload,
                        bool own_datastores)
{
    struct quipu_workload w = fit(ctx, workload);

    w.threads = 8;
    w.followers = 2 * w.followers;
    w.own_datastores = own_datastores;
    quipu_workload_check(ctx, &w);
}

/* --------------------------------------------------------------- processes */

static void hot_processes(struct quipu_context *ctx)
{
    run_processes(ctx, &hot_sequences);
}

static void group_processes(struct quipu_context *ctx)
{
    run_processes(ctx, &groups);
}

static void follower_processes(struct quipu_context *ctx)
{
    run_processes(ctx, &followers);
}

static void log_processes(struct quipu_context *ctx)
{
    run_processes(ctx, &several_logs);
}

static void killed_processes(struct quipu_context *ctx)
{
    struct quipu_workload w = fit(ctx, &killed);

    w.processes = quipu_context_scale(ctx, 4, 8, 8);
    w.kills = quipu_context_scale(ctx, 10, 100, 2000);
    w.steps *= 10; /* most processes are killed before their last step */
    quipu_workload_check(ctx, &w);
}

/* The sessions go on until the last stop, however long the stops take. */
static void stopped_server(struct quipu_context *ctx)
{
    struct quipu_workload w = fit(ctx, &stopped);

    w.processes = quipu_context_scale(ctx, 4, 8, 8);
    w.stops = quipu_context_scale(ctx, 2, 20, 60);
    w.steps = UINT_MAX;
    quipu_workload_check(ctx, &w);
}

/* ----------------------------------------------------------------- threads */

static void hot_threads(struct quipu_context *ctx)
{
    run_threads(ctx, &hot_sequences, false);
}

static void group_threads(struct quipu_context *ctx)
{
    run_threads(ctx, &groups, false);
}

static void follower_threads(struct quipu_context *ctx)
{
    run_threads(ctx, &followers, false);
}

static void log_threads(struct quipu_context *ctx)
{
    run_threads(ctx, &several_logs, false);
}

static void group_datastores(struct quipu_context *ctx)
{
    run_threads(ctx, &groups, true);
}

static const struct quipu_case cases[] = {
    { "V1.history-of-threads",
      "Each answer must be true at some instant of its call, and all calls "
      "must have one common order.",
      hot_threads, QUIPU_CAN_LOG, 0, 600 },
    { "U2.history-of-groups-in-threads",
      "Guards, repeats and tracking records are checked at the same instant at "
      "which the items are stored.",
      group_threads, QUIPU_CAN_LOG, 0, 600 },
    { "U2.history-of-groups-in-datastores",
      "The same holds if each thread has a datastore of its own.",
      group_datastores, QUIPU_CAN_LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "L2.history-of-followers-in-threads",
      "A consumer that follows a log sees each item once, in order and within "
      "a second, and each append as a whole.",
      follower_threads, QUIPU_CAN_LOG, 0, 600 },
    { "F3.history-of-several-logs-in-threads",
      "The logs of several schemas and namespaces do not affect each other.",
      log_threads, QUIPU_CAN_LOG, 0, 600 },
    { "V1.history-of-processes",
      "Each answer must be true at some instant of its call, and all calls "
      "must have one common order.",
      hot_processes, QUIPU_CAN_LOG | QUIPU_CAN_SHARE, 0, 600 },
    { "U2.history-of-groups-in-processes",
      "Guards, repeats and tracking records are checked at the same instant at "
      "which the items are stored.",
      group_processes, QUIPU_CAN_LOG | QUIPU_CAN_SHARE, 0, 600 },
    { "L2.history-of-followers-in-processes",
      "A consumer that follows a log sees each item once, in order and within "
      "a second, and each append as a whole.",
      follower_processes, QUIPU_CAN_LOG | QUIPU_CAN_SHARE, 0, 600 },
    { "F3.history-of-several-logs-in-processes",
      "The logs of several schemas and namespaces do not affect each other.",
      log_processes, QUIPU_CAN_LOG | QUIPU_CAN_SHARE, 0, 600 },
    { "U3.history-of-killed-processes",
      "An append that a killed process had begun is stored as a whole or not "
      "at all, and another process can repeat it.",
      killed_processes, QUIPU_CAN_LOG | QUIPU_CAN_SHARE | QUIPU_CAN_PERSIST, 0,
      600 },
    { "V5.history-of-server-stops",
      "A failed append has stored nothing, and one with an unknown outcome can "
      "be repeated.",
      stopped_server,
      QUIPU_CAN_LOG | QUIPU_CAN_SHARE | QUIPU_CAN_PERSIST | QUIPU_TRAIT_SERVER,
      0, 600 },
};
QUIPU_FAMILY_OF_RACES(history);
