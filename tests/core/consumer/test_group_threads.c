/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a group in several threads of one process, which share a datastore
 * and come and go while the log grows. */
#include "model_fixture.h"

#include <pthread.h>

enum { MEMBERS = 4, SEQUENCES = 16, ROUNDS = 3 };

static const quipu_group_options group = {
    .struct_size = sizeof(group),
    .partitions = 8,
    .lease_milliseconds = 2000,
};

struct member {
    quipu_projection *projection;
    struct applied applied;
    pthread_t thread;
    int status;
    quipu_error error;
};

static void *run(void *context)
{
    struct member *member = context;

    member->status = quipu_projection_run(member->projection, &member->error);
    return NULL;
}

static void start(struct member *member, struct opened_log *log)
{
    member->applied.model = &model_sqlite;
    member->projection = open_applied(
        log, &member->applied, (quipu_projection_options){ .group = &group });
    assert_int_equal(pthread_create(&member->thread, NULL, run, member), 0);
}

static void stop(struct member *member)
{
    quipu_error error;

    quipu_projection_stop(member->projection);
    assert_int_equal(pthread_join(member->thread, NULL), 0);
    assert_ok(member->status, &member->error);
    assert_ok(quipu_projection_close(member->projection, &error), &error);
}

static void wait_for_all(struct opened_log *log)
{
    quipu_error error;

    assert_ok(quipu_tracking_wait(log->datastore, "applied@1", "stored_events",
                                  log->stored, 60000, &error),
              &error);
}

static void threads_share_the_partitions(void **state)
{
    static struct member members[MEMBERS];
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    struct opened_log log;
    quipu_error error;
    char name[96];
    (void)state;

    model_sqlite.prepare("threads", "durability=relaxed", name);
    open_log(&log, name);
    log.sequences = SEQUENCES;
    for (int i = 0; i < MEMBERS; i++) {
        start(&members[i], &log);
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct member *member = &members[round % MEMBERS];

        add_events(&log, 5 * SEQUENCES);
        stop(member); /* the others take its partitions at once */
        add_events(&log, SEQUENCES);
        wait_for_all(&log);
        start(member, &log);
        assert_ok(quipu_projection_status(members[MEMBERS - 1].projection,
                                          &status, &error),
                  &error);
        assert_true(status.position <= log.stored);
    }
    fill_log(&log, 10 * SEQUENCES);
    wait_for_all(&log);
    for (int i = 0; i < MEMBERS; i++) {
        stop(&members[i]);
    }
    close_log(&log);
    struct model_counts counts =
        count_model(&model_sqlite, name, "applied@1", SEQUENCES);

    assert_exact(&counts);
    assert_int_equal(counts.rows, ROUNDS * 6 * SEQUENCES + 10 * SEQUENCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_the_partitions),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
