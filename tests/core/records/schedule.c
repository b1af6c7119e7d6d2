/* SPDX-License-Identifier: Apache-2.0 */
/* Forced schedules for the commit queue: the fake driver and the threads. */
#include "quipu_test.h"

#include "schedule.h"

#include <ctype.h>
#include <sched.h>

#include "records/records.h"

struct schedule schedule;

/* --------------------------------------------------------------- the driver */

/* Returns the letter of a request; a transaction comes without requests. */
static char name_of(const quipu_request *requests, size_t index)
{
    if (!requests) {
        return '!';
    }
    return *(const char *)requests[index].items[0].state.data;
}

static struct schedule_call *arrive(const quipu_request *requests, size_t count,
                                    int64_t deadline)
{
    struct schedule_call *call;

    pthread_mutex_lock(&schedule.lock);
    call = &schedule.calls[schedule.count % SCHEDULE_CALLS];
    *call = (struct schedule_call){ .count = count, .deadline = deadline };
    for (size_t i = 0; i < count && i + 1 < sizeof(call->names); i++) {
        call->names[i] = name_of(requests, i);
    }
    schedule.count++;
    schedule.inside++;
    if (schedule.inside > schedule.together) {
        schedule.together = schedule.inside;
    }
    pthread_cond_broadcast(&schedule.changed);
    while (schedule.held && schedule.allowed == 0) {
        pthread_cond_wait(&schedule.changed, &schedule.lock);
    }
    schedule.allowed -= schedule.held;
    pthread_mutex_unlock(&schedule.lock);
    if (schedule.meanwhile) {
        schedule.meanwhile(call);
    }
    return call;
}

static void depart(void)
{
    pthread_mutex_lock(&schedule.lock);
    schedule.inside--;
    pthread_mutex_unlock(&schedule.lock);
}

/* Answers CONFLICT to a capital letter; otherwise stores the item, at ten times
 * its id. */
static void accept(const quipu_request *request, quipu_result *result)
{
    int64_t *positions = result->positions;

    if (result->status != 0 || result->first_notification_id != 0) {
        schedule.used = true;
    }
    if (isupper((unsigned char)name_of(request, 0))) {
        *result = (quipu_result){ .status = QUIPU_CONFLICT,
                                  .cause = QUIPU_CAUSE_POSITION,
                                  .flags = QUIPU_RESULT_HAS_LAST,
                                  .last_position = 7,
                                  .positions = positions };
        return;
    }
    result->first_notification_id = schedule.next_id++;
    if (positions) {
        positions[0] = result->first_notification_id * 10;
    }
}

static int play(const quipu_host *host, const quipu_request *requests,
                size_t count, quipu_result *results, size_t *taken,
                int64_t deadline, quipu_error *error)
{
    const struct schedule_call *call = arrive(requests, count, deadline);

    *taken = schedule.most && schedule.most < count ? schedule.most : count;
    if (schedule.bad && strchr(call->names, schedule.bad)) {
        depart();
        return host->error_set(error, schedule.bad_status, 42, "08006",
                               "%c is bad", schedule.bad);
    }
    pthread_mutex_lock(
        &schedule.lock); /* without a queue, several threads call */
    for (size_t i = 0; i < *taken; i++) {
        accept(&requests[i], &results[i]);
    }
    pthread_mutex_unlock(&schedule.lock);
    depart();
    return QUIPU_OK;
}

static void meet_transaction(enum fake_call call)
{
    if (call == FAKE_TRANSACT) {
        arrive(NULL, 1, fake.deadline);
        depart();
    }
}

/* --------------------------------------------------------------- the workers
 */

static int work(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    return QUIPU_OK;
}

static void *act(void *argument)
{
    struct schedule_worker *worker = argument;
    quipu_item item = fake_item();
    quipu_append append = { .struct_size = sizeof(append),
                            .items = &item,
                            .item_count = worker->is_empty ? 0 : 1 };

    item.state = (quipu_bytes){ worker->state ? worker->state : &worker->name,
                                worker->state ? worker->size : 1 };
    worker->result.positions = &worker->position;
    worker->status =
        worker->transacts
            ? quipu_records_transact(fake_records, &append, work, NULL,
                                     &worker->result, &worker->error)
            : quipu_records_append(fake_records, &append, &worker->result,
                                   &worker->error);
    atomic_store(&worker->answered, true);
    return NULL;
}

/* Returns the number of queued requests, or of those of one thread. */
static size_t count_queued(const pthread_t *thread)
{
    struct quipu_commit_queue *queue = fake_store->queue;
    size_t count = 0;

    if (!queue) {
        return 0;
    }
    pthread_mutex_lock(&queue->lock);
    for (struct quipu_commit_request *t = queue->first; t; t = t->next) {
        count += !thread || pthread_equal(t->thread, *thread);
    }
    pthread_mutex_unlock(&queue->lock);
    return count;
}

size_t schedule_queued(void)
{
    return count_queued(NULL);
}

/* Returns the number of calls that have begun; *inside: one has not ended. */
static size_t come(bool *inside)
{
    size_t calls;

    pthread_mutex_lock(&schedule.lock);
    calls = schedule.count;
    *inside = schedule.inside > 0;
    pthread_mutex_unlock(&schedule.lock);
    return calls;
}

static struct schedule_worker *start(struct schedule_worker worker)
{
    struct schedule_worker *own = &schedule.workers[schedule.worker_count++];
    bool inside;
    size_t calls = come(&inside);
    bool queues = inside && fake_store->queue && !worker.is_empty;

    *own = worker;
    assert_int_equal(pthread_create(&own->thread, NULL, act, own), 0);
    while (
        !atomic_load(&own->answered) &&
        (queues ? count_queued(&own->thread) == 0 : come(&inside) == calls)) {
        sched_yield();
    }
    return own;
}

struct schedule_worker *schedule_append(char name)
{
    return start((struct schedule_worker){ .name = name });
}

struct schedule_worker *schedule_append_state(char name, const void *state,
                                              size_t size)
{
    return start(
        (struct schedule_worker){ .name = name, .state = state, .size = size });
}

struct schedule_worker *schedule_transact(void)
{
    return start((struct schedule_worker){ .name = '!', .transacts = true });
}

struct schedule_worker *schedule_transact_nothing(void)
{
    return start((struct schedule_worker){
        .name = '!', .transacts = true, .is_empty = true });
}

void schedule_append_all(const char *names)
{
    for (; *names; names++) {
        schedule_append(*names);
    }
}

int schedule_join(struct schedule_worker *worker)
{
    assert_int_equal(pthread_join(worker->thread, NULL), 0);
    worker->thread = 0;
    return worker->status;
}

void schedule_join_all(void)
{
    for (size_t i = 0; i < schedule.worker_count; i++) {
        if (schedule.workers[i].thread) {
            schedule_join(&schedule.workers[i]);
        }
    }
}

/* -------------------------------------------------------------- the schedule
 */

void schedule_begin(const char *uri)
{
    void *state = NULL;
    quipu_error error;

    memset(&schedule, 0, sizeof(schedule));
    pthread_mutex_init(&schedule.lock, NULL);
    pthread_cond_init(&schedule.changed, NULL);
    schedule.next_id = 1;
    fake_begin(&state);
    fake_end(&state);
    assert_ok(quipu_datastore_open(uri, NULL, &fake_store, &error), &error);
    assert_ok(
        quipu_records_open(fake_store, &fake_schema, &fake_records, &error),
        &error);
    fake.append = play;
    fake.meanwhile = meet_transaction;
    schedule.held = true;
}

void schedule_end(void)
{
    void *state = NULL;

    schedule_release();
    schedule_join_all();
    assert_int_equal(schedule_queued(), 0);
    assert_false(schedule.used);
    fake_end(&state);
}

void schedule_let(size_t calls)
{
    pthread_mutex_lock(&schedule.lock);
    schedule.allowed += calls;
    pthread_cond_broadcast(&schedule.changed);
    pthread_mutex_unlock(&schedule.lock);
}

void schedule_release(void)
{
    pthread_mutex_lock(&schedule.lock);
    schedule.held = false;
    pthread_cond_broadcast(&schedule.changed);
    pthread_mutex_unlock(&schedule.lock);
}

void schedule_wait_calls(size_t calls)
{
    pthread_mutex_lock(&schedule.lock);
    while (schedule.count < calls) {
        pthread_cond_wait(&schedule.changed, &schedule.lock);
    }
    pthread_mutex_unlock(&schedule.lock);
}

void schedule_wait_queued(size_t threads)
{
    while (schedule_queued() != threads) {
        sched_yield();
    }
}

const char *schedule_names(size_t call)
{
    assert_in_range(call, 0, schedule.count - 1);
    return schedule.calls[call].names;
}

struct schedule_worker *schedule_worker(char name)
{
    for (size_t i = 0; i < schedule.worker_count; i++) {
        if (schedule.workers[i].name == name) {
            return &schedule.workers[i];
        }
    }
    fail_msg("no thread is named %c", name);
    return NULL;
}
