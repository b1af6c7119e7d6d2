/* SPDX-License-Identifier: Apache-2.0 */
/* Forced schedules for the commit queue: threads that append and queue in a
 * known order while the fake driver is held, and a record of its calls. */
#ifndef QUIPU_TESTS_SCHEDULE_H
#define QUIPU_TESTS_SCHEDULE_H

#include <pthread.h>
#include <stdatomic.h>

#include "fake_driver.h"

#define SCHEDULE_CALLS 4096
#define SCHEDULE_WORKERS 128

/* One call of the driver. */
struct schedule_call {
    char names[64]; /* of the requests, one letter each; "!": a transaction */
    size_t count;
    int64_t deadline;
};

/* One thread that makes one append or transaction. */
struct schedule_worker {
    pthread_t thread;
    char name;
    bool transacts;
    bool is_empty;     /* has no items */
    const void *state; /* of the item; NULL: the name */
    size_t size;
    int status;
    quipu_result result;
    quipu_error error;
    int64_t position;
    atomic_bool answered;
};

struct schedule {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held;
    size_t allowed; /* calls that may return although the driver is held */
    struct schedule_call calls[SCHEDULE_CALLS];
    size_t count;    /* of calls that have begun */
    size_t inside;   /* calls that have not ended */
    size_t together; /* largest value of `inside` */
    int64_t next_id; /* of the next request that is stored */
    bool used;       /* a result was not empty at the start of a call */
    struct schedule_worker workers[SCHEDULE_WORKERS];
    size_t worker_count;

    /* How it answers: a request named in capitals is refused by a conflict;
     * a group with `bad` in it answers bad_status; one call takes `most`. */
    char bad;
    int bad_status;
    size_t most;
    /* Called by each call before it answers, without the lock. */
    void (*meanwhile)(const struct schedule_call *call);
};

extern struct schedule schedule;

/* Begins a test: opens a store with these options, and holds the driver. */
void schedule_begin(const char *uri);
/* Ends a test: joins all threads, and closes the store. */
void schedule_end(void);

/* Starts a thread, and waits until it is in the driver or in the queue, or has
 * been there already. */
struct schedule_worker *schedule_append(char name);
struct schedule_worker *schedule_append_state(char name, const void *state,
                                              size_t size);
struct schedule_worker *schedule_transact(void);
struct schedule_worker *schedule_transact_nothing(void); /* without items */
/* The same for each letter. */
void schedule_append_all(const char *names);

/* Lets this number of calls return. */
void schedule_let(size_t calls);
/* Stops holding the driver. */
void schedule_release(void);
/* Waits until this number of calls have reached the driver. */
void schedule_wait_calls(size_t calls);
/* Waits until this number of threads are queued. */
void schedule_wait_queued(size_t threads);
size_t schedule_queued(void);
/* Waits for the answer of a thread. */
int schedule_join(struct schedule_worker *worker);
void schedule_join_all(void);

/* Returns the letters of the n-th call. */
const char *schedule_names(size_t call);
struct schedule_worker *schedule_worker(char name);

#endif
