/* SPDX-License-Identifier: Apache-2.0 */
/* Outboxes on a back end, which the macro MODEL names (R5).  The other system
 * is a file, to which `send` appends the notification ids. */
#include "core/consumer/model_fixture.h"

#include "quipu_test_child.h"

#include <fcntl.h>
#include <unistd.h>

#include <quipu/erasure.h>
#include <quipu/outbox.h>

extern const struct model MODEL;

enum { ITEMS = 40, SEQUENCES = 8 };

/* The context of `send`. */
struct receiver {
    int file;
    int64_t refused; /* each item whose id this divides; 0: none */
    int refusal;     /* with this status */
    int failures;    /* so many calls answer IO, after the first item */
    int calls;
    int erased; /* items that came without their contents */
};

static int send_ids(void *context, const quipu_item *items, size_t count,
                    quipu_error *error)
{
    struct receiver *receiver = context;

    receiver->calls++;
    for (size_t i = 0; i < count; i++) {
        int64_t id = items[i].notification_id;

        receiver->erased += items[i].flags & QUIPU_ITEM_ERASED ? 1 : 0;
        if (receiver->refused > 0 && id % receiver->refused == 0) {
            return quipu_error_set(error, receiver->refusal, "too large");
        }
        assert_int_equal(write(receiver->file, &id, sizeof(id)), sizeof(id));
        if (receiver->failures > 0) {
            receiver->failures--;
            return quipu_error_set(error, QUIPU_IO, "connection lost");
        }
    }
    return QUIPU_OK;
}

static void open_receiver(struct receiver *receiver)
{
    *receiver =
        (struct receiver){ .file = open("sent", O_RDWR | O_APPEND | O_CREAT,
                                        0600) };
    assert_true(receiver->file >= 0);
}

static void open_new_log(struct opened_log *log, char name[96])
{
    static int stores;
    char label[32];

    (void)unlink("sent");
    (void)snprintf(label, sizeof(label), "outbox%d", stores++);
    MODEL.prepare(label, "durability=relaxed", name);
    open_log(log, name);
    log->sequences = SEQUENCES;
    fill_log(log, ITEMS);
}

static quipu_outbox *open_outbox(struct opened_log *log,
                                 struct receiver *receiver,
                                 quipu_outbox_options options)
{
    quipu_outbox *outbox = NULL;
    quipu_error error;

    options.struct_size = sizeof(options);
    options.context = receiver;
    assert_ok(quipu_outbox_open(log->records, "feed", send_ids, &options,
                                &outbox, &error),
              &error);
    return outbox;
}

static int catch_up(quipu_outbox *outbox, quipu_error *error)
{
    bool caught_up = false;
    int status = QUIPU_OK;

    while (!caught_up &&
           (status == QUIPU_OK || quipu_status_is_transient(status))) {
        status = quipu_outbox_step(outbox, &caught_up, error);
    }
    return status;
}

static void close_outbox(quipu_outbox *outbox)
{
    quipu_error error;

    assert_ok(quipu_outbox_close(outbox, &error), &error);
}

/* The contents of the file. */
struct sent {
    int64_t count;
    int64_t distinct;
    int64_t
        disorder; /* first occurrences behind a higher one of the sequence */
    int64_t old;  /* at or below `record`, after the place `from` */
};

static struct sent read_sent(int64_t from, int64_t record)
{
    struct sent sent = { .count = 0 };
    bool seen[ITEMS + 1] = { false };
    int64_t last[SEQUENCES] = { 0 };
    int64_t id;
    int file = open("sent", O_RDONLY);

    while (file >= 0 && read(file, &id, sizeof(id)) == sizeof(id)) {
        int64_t *highest = &last[(id - 1) % SEQUENCES];

        assert_true(id > 0 && id <= ITEMS);
        sent.old += sent.count >= from && id <= record;
        sent.count++;
        if (!seen[id]) {
            sent.distinct++;
            sent.disorder += id < *highest;
            *highest = id;
        }
        seen[id] = true;
    }
    if (file >= 0) {
        (void)close(file);
    }
    return sent;
}

/* ------------------------------------------------------------------- tests */

static void items_are_sent_in_order(void **state)
{
    struct receiver receiver;
    struct opened_log log;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_log(&log, name);
    open_receiver(&receiver);
    quipu_outbox *outbox =
        open_outbox(&log, &receiver, (quipu_outbox_options){ 0 });

    assert_ok(catch_up(outbox, &error), &error);
    struct sent sent = read_sent(0, 0);

    assert_int_equal(sent.count, ITEMS);
    assert_int_equal(sent.distinct, ITEMS);
    assert_int_equal(sent.disorder, 0);
    assert_true(receiver.calls < ITEMS);
    assert_int_equal(tracked(log.datastore, "feed"), ITEMS);
    close_outbox(outbox);
    close_log(&log);
}

static void failing_receiver_is_tried_again(void **state)
{
    struct receiver receiver;
    struct opened_log log;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_log(&log, name);
    open_receiver(&receiver);
    receiver.failures = 3;
    quipu_outbox *outbox =
        open_outbox(&log, &receiver, (quipu_outbox_options){ .attempts = 1 });

    assert_refused(quipu_outbox_step(outbox, NULL, &error), QUIPU_IO, &error,
                   "connection lost");
    assert_int_equal(tracked(log.datastore, "feed"), 0);
    assert_ok(catch_up(outbox, &error), &error);
    struct sent sent = read_sent(0, 0);

    assert_int_equal(sent.count, ITEMS + 3);
    assert_int_equal(sent.distinct, ITEMS);
    assert_int_equal(sent.disorder, 0);
    close_outbox(outbox);
    close_log(&log);
}

/* Opens a new log, and an outbox that parks each 13th item, which the receiver
 * refuses. */
static quipu_outbox *open_parking_outbox(struct opened_log *log,
                                         struct receiver *receiver,
                                         uint32_t batch_items)
{
    char name[96];

    open_new_log(log, name);
    open_receiver(receiver);
    receiver->refused = 13;
    receiver->refusal = QUIPU_INVALID;
    return open_outbox(
        log, receiver,
        (quipu_outbox_options){ .attempts = 1,
                                .batch_items = batch_items,
                                .on_failure = QUIPU_FAILURE_PARK });
}

static void refused_items_are_parked(void **state)
{
    struct receiver receiver;
    struct opened_log log;
    quipu_error error;
    int64_t left = -1;
    (void)state;

    quipu_outbox *outbox = open_parking_outbox(&log, &receiver, 0);

    assert_ok(catch_up(outbox, &error), &error);
    assert_int_equal(read_sent(0, 0).distinct, ITEMS - ITEMS / 13);
    assert_int_equal(tracked(log.datastore, "feed"), ITEMS);
    assert_ok(quipu_outbox_retry(outbox, &left, &error), &error);
    assert_int_equal(left, ITEMS / 13);
    receiver.refused = 0;
    assert_ok(quipu_outbox_retry(outbox, &left, &error), &error);
    assert_int_equal(left, 0);
    assert_int_equal(read_sent(0, 0).distinct, ITEMS);
    close_outbox(outbox);
    close_log(&log);
}

static void erased_items_are_sent_as_such(void **state)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .lower = 11,
                                    .upper = 13 };
    struct receiver receiver;
    struct opened_log log;
    quipu_error error;
    int64_t left = -1;
    (void)state;

    quipu_outbox *outbox = open_parking_outbox(&log, &receiver, 5);

    assert_ok(quipu_records_erase(log.records, &erasure, NULL, &error), &error);
    assert_ok(catch_up(outbox, &error), &error);
    assert_true(receiver.erased >= 3);
    assert_int_equal(read_sent(0, 0).distinct, ITEMS - ITEMS / 13);
    assert_int_equal(tracked(log.datastore, "feed"), ITEMS);
    receiver.refused = 0;
    assert_ok(quipu_outbox_retry(outbox, &left, &error), &error);
    assert_int_equal(left, 0);
    assert_int_equal(read_sent(0, 0).distinct, ITEMS);
    close_outbox(outbox);
    close_log(&log);
}

static void members_send_their_partitions(void **state)
{
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 4 };
    struct receiver receivers[2];
    quipu_outbox *members[2];
    struct opened_log log;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_log(&log, name);
    for (int i = 0; i < 2; i++) {
        open_receiver(&receivers[i]);
        members[i] = open_outbox(
            &log, &receivers[i],
            (quipu_outbox_options){ .group = &group, .batch_items = 2 });
    }
    while (read_sent(0, 0).distinct < ITEMS) {
        for (int i = 0; i < 2; i++) {
            assert_ok(quipu_outbox_step(members[i], NULL, &error), &error);
        }
    }
    struct sent sent = read_sent(0, 0);

    assert_int_equal(sent.count, ITEMS);
    assert_int_equal(sent.disorder, 0);
    close_outbox(members[0]);
    close_outbox(members[1]);
    close_log(&log);
}

/* ------------------------------------------------------------------- kills */

static _Noreturn void send_all(const char *name, int kill_at)
{
    struct receiver receiver;
    struct opened_log log;
    quipu_error error;

    open_receiver(&receiver);
    open_log(&log, name);
    interposed.counts_ends = true;
    interposed.kill_at = kill_at;
    atomic_store(&interposed.calls, 0);
    quipu_outbox *outbox = open_outbox(
        &log, &receiver, (quipu_outbox_options){ .batch_items = 7 });

    assert_ok(catch_up(outbox, &error), &error);
    _exit(0);
}

static bool run_child(const char *name, int kill_at)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        send_all(name, kill_at);
    }
    return quipu_test_was_killed(process);
}

/* Kills a process at that call, and lets another one complete the work: it
 * sends nothing that was recorded.  Returns false if nothing was killed. */
static bool kill_once(int kill_at, int64_t *repeated)
{
    struct opened_log log;
    char name[96];

    open_new_log(&log, name);
    close_log(&log);
    bool was_killed = run_child(name, kill_at);
    struct sent before = read_sent(0, 0);

    await_model(&MODEL, name);
    open_log(&log, name);
    int64_t record = tracked(log.datastore, "feed");

    close_log(&log);
    assert_true(before.distinct >= record);
    assert_false(run_child(name, 0));
    struct sent sent = read_sent(before.count, record);

    assert_int_equal(sent.distinct, ITEMS);
    assert_int_equal(sent.disorder, 0);
    assert_int_equal(sent.old, 0);
    *repeated += sent.count - sent.distinct;
    return was_killed;
}

static void death_repeats_the_batch_under_way(void **state)
{
    int64_t repeated = 0;
    int kills = 0;
    (void)state;

    while (kill_once(kills + 1, &repeated)) {
        kills++;
    }
    print_message("%d kills, %lld items sent again\n", kills,
                  (long long)repeated);
    assert_true(kills > 20 && repeated > 0);
}

/* --------------------------------------------------------------- arguments */

static void arguments_are_checked(void **state)
{
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .partition_count = 2,
                                  .partitions = 1 };
    quipu_outbox_options options = { .struct_size = sizeof(options),
                                     .filter = &filter };
    quipu_outbox *outbox = NULL;
    struct opened_log log;
    quipu_error error;
    char name[96];
    (void)state;

    open_new_log(&log, name);
    assert_refused(
        quipu_outbox_open(NULL, "feed", send_ids, NULL, &outbox, &error),
        QUIPU_INVALID, &error, "records");
    assert_refused(
        quipu_outbox_open(log.records, "feed", NULL, NULL, &outbox, &error),
        QUIPU_INVALID, &error, "send");
    assert_refused(
        quipu_outbox_open(log.records, "a@1", send_ids, NULL, &outbox, &error),
        QUIPU_INVALID, &error, "the name of an outbox");
    assert_refused(quipu_outbox_open(log.records, "feed", send_ids, &options,
                                     &outbox, &error),
                   QUIPU_INVALID, &error, "partitions");
    assert_null(outbox);
    assert_refused(quipu_outbox_run(NULL, &error), QUIPU_INVALID, &error,
                   "outbox");
    assert_ok(quipu_outbox_close(NULL, &error), &error);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_sent_in_order),
        cmocka_unit_test(failing_receiver_is_tried_again),
        cmocka_unit_test(refused_items_are_parked),
        cmocka_unit_test(erased_items_are_sent_as_such),
        cmocka_unit_test(members_send_their_partitions),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(death_repeats_the_batch_under_way),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
