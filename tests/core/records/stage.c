/* SPDX-License-Identifier: Apache-2.0 */
/* Forced schedules for the commit queue. */
#include "quipu_test.h"

#include "stage.h"

#include <ctype.h>
#include <sched.h>

#include "records/handles.h"

struct stage stage;

/* --------------------------------------------------------------- the driver */

/* A transaction comes without requests. */
static char name_of(const quipu_request *requests, size_t index)
{
    if (!requests) {
        return '!';
    }
    return *(const char *)requests[index].items[0].state.data;
}

static struct stage_call *arrive(const quipu_request *requests, size_t count,
                                 int64_t deadline)
{
    struct stage_call *call;

    pthread_mutex_lock(&stage.lock);
    call = &stage.calls[stage.count % STAGE_CALLS];
    *call = (struct stage_call){ .count = count, .deadline = deadline };
    for (size_t i = 0; i < count && i + 1 < sizeof(call->names); i++) {
        call->names[i] = name_of(requests, i);
    }
    stage.count++;
    stage.inside++;
    if (stage.inside > stage.together) {
        stage.together = stage.inside;
    }
    pthread_cond_broadcast(&stage.changed);
    while (stage.held && stage.allowed == 0) {
        pthread_cond_wait(&stage.changed, &stage.lock);
    }
    stage.allowed -= stage.held;
    pthread_mutex_unlock(&stage.lock);
    if (stage.meanwhile) {
        stage.meanwhile(call);
    }
    return call;
}

static void depart(void)
{
    pthread_mutex_lock(&stage.lock);
    stage.inside--;
    pthread_mutex_unlock(&stage.lock);
}

/* Refuses one in capitals; else stores it, at ten times its id. */
static void accept(const quipu_request *request, quipu_result *result)
{
    int64_t *positions = result->positions;

    if (result->status != 0 || result->first_notification_id != 0) {
        stage.used = true;
    }
    if (isupper((unsigned char)name_of(request, 0))) {
        *result = (quipu_result){ .status = QUIPU_CONFLICT,
                                  .cause = QUIPU_CAUSE_POSITION,
                                  .flags = QUIPU_RESULT_HAS_LAST,
                                  .last_position = 7,
                                  .positions = positions };
        return;
    }
    result->first_notification_id = stage.next_id++;
    if (positions) {
        positions[0] = result->first_notification_id * 10;
    }
}

static int play(const quipu_host *host, const quipu_request *requests,
                size_t count, quipu_result *results, size_t *taken,
                int64_t deadline, quipu_error *error)
{
    const struct stage_call *call = arrive(requests, count, deadline);

    *taken = stage.most && stage.most < count ? stage.most : count;
    if (stage.bad && strchr(call->names, stage.bad)) {
        depart();
        return host->error_set(error, stage.bad_status, 42, "08006",
                               "%c is bad", stage.bad);
    }
    pthread_mutex_lock(&stage.lock); /* without a queue there are several */
    for (size_t i = 0; i < *taken; i++) {
        accept(&requests[i], &results[i]);
    }
    pthread_mutex_unlock(&stage.lock);
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

/* --------------------------------------------------------------- the actors */

static int work(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    return QUIPU_OK;
}

static void *act(void *argument)
{
    struct stage_actor *actor = argument;
    quipu_item item = fake_item();
    quipu_append append = { .struct_size = sizeof(append),
                            .items = &item,
                            .item_count = 1 };

    item.state = (quipu_bytes){ actor->state ? actor->state : &actor->name,
                                actor->state ? actor->size : 1 };
    actor->result.positions = &actor->position;
    actor->status =
        actor->transacts
            ? quipu_records_transact(fake_records, &append, work, NULL,
                                     &actor->result, &actor->error)
            : quipu_records_append(fake_records, &append, &actor->result,
                                   &actor->error);
    atomic_store(&actor->answered, true);
    return NULL;
}

/* How many are queued; of one thread, if it is given. */
static size_t count_queued(const pthread_t *thread)
{
    struct quipu_queue *queue = fake_store->queue;
    size_t count = 0;

    if (!queue) {
        return 0;
    }
    pthread_mutex_lock(&queue->lock);
    for (struct quipu_ticket *t = queue->first; t; t = t->next) {
        count += !thread || pthread_equal(t->thread, *thread);
    }
    pthread_mutex_unlock(&queue->lock);
    return count;
}

size_t stage_queued(void)
{
    return count_queued(NULL);
}

/* How many have come; *inside: whether one of them is still there. */
static size_t come(bool *inside)
{
    size_t calls;

    pthread_mutex_lock(&stage.lock);
    calls = stage.count;
    *inside = stage.inside > 0;
    pthread_mutex_unlock(&stage.lock);
    return calls;
}

static struct stage_actor *start(struct stage_actor actor)
{
    struct stage_actor *own = &stage.actors[stage.actor_count++];
    bool inside;
    size_t calls = come(&inside);
    bool queues = inside && fake_store->queue;

    *own = actor;
    assert_int_equal(pthread_create(&own->thread, NULL, act, own), 0);
    while (
        !atomic_load(&own->answered) &&
        (queues ? count_queued(&own->thread) == 0 : come(&inside) == calls)) {
        sched_yield();
    }
    return own;
}

struct stage_actor *stage_append(char name)
{
    return start((struct stage_actor){ .name = name });
}

struct stage_actor *stage_append_state(char name, const void *state,
                                       size_t size)
{
    return start(
        (struct stage_actor){ .name = name, .state = state, .size = size });
}

struct stage_actor *stage_transact(void)
{
    return start((struct stage_actor){ .name = '!', .transacts = true });
}

void stage_append_all(const char *names)
{
    for (; *names; names++) {
        stage_append(*names);
    }
}

int stage_join(struct stage_actor *actor)
{
    assert_int_equal(pthread_join(actor->thread, NULL), 0);
    actor->thread = 0;
    return actor->status;
}

void stage_join_all(void)
{
    for (size_t i = 0; i < stage.actor_count; i++) {
        if (stage.actors[i].thread) {
            stage_join(&stage.actors[i]);
        }
    }
}

/* -------------------------------------------------------------- the schedule
 */

void stage_begin(const char *uri)
{
    void *state = NULL;
    quipu_error error;

    memset(&stage, 0, sizeof(stage));
    pthread_mutex_init(&stage.lock, NULL);
    pthread_cond_init(&stage.changed, NULL);
    stage.next_id = 1;
    fake_begin(&state);
    fake_end(&state);
    assert_ok(quipu_datastore_open(uri, NULL, &fake_store, &error), &error);
    assert_ok(
        quipu_records_open(fake_store, &fake_schema, &fake_records, &error),
        &error);
    fake.append = play;
    fake.meanwhile = meet_transaction;
    stage.held = true;
}

void stage_end(void)
{
    void *state = NULL;

    stage_release();
    stage_join_all();
    assert_int_equal(stage_queued(), 0);
    assert_false(stage.used);
    fake_end(&state);
}

void stage_let(size_t calls)
{
    pthread_mutex_lock(&stage.lock);
    stage.allowed += calls;
    pthread_cond_broadcast(&stage.changed);
    pthread_mutex_unlock(&stage.lock);
}

void stage_release(void)
{
    pthread_mutex_lock(&stage.lock);
    stage.held = false;
    pthread_cond_broadcast(&stage.changed);
    pthread_mutex_unlock(&stage.lock);
}

void stage_wait_calls(size_t calls)
{
    pthread_mutex_lock(&stage.lock);
    while (stage.count < calls) {
        pthread_cond_wait(&stage.changed, &stage.lock);
    }
    pthread_mutex_unlock(&stage.lock);
}

void stage_wait_queued(size_t threads)
{
    while (stage_queued() != threads) {
        sched_yield();
    }
}

const char *stage_names(size_t call)
{
    assert_in_range(call, 0, stage.count - 1);
    return stage.calls[call].names;
}

struct stage_actor *stage_actor(char name)
{
    for (size_t i = 0; i < stage.actor_count; i++) {
        if (stage.actors[i].name == name) {
            return &stage.actors[i];
        }
    }
    fail_msg("nobody is named %c", name);
    return NULL;
}
