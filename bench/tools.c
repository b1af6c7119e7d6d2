/* SPDX-License-Identifier: Apache-2.0 */
/* What all of the benchmarks use. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const unsigned char bench_state[BENCH_STATE_SIZE] = {
    0x81, 0xa4, 'd', 'a', 't', 'a', 0xc4, 191, /* {"data": 191 bytes} */
};

quipu_uuid bench_sequence(size_t n)
{
    static const quipu_uuid name_space = { { 0x71, 0x75, 0x69, 0x70, 0x75 } };
    quipu_uuid id;
    quipu_uuid_of_name(&id, &name_space, &n, sizeof(n));
    return id;
}

void bench_append_by(void (*fill)(void *side, const struct bench_event *events,
                                  size_t count),
                     void *side, const quipu_uuid *sequence, int64_t first,
                     size_t count)
{
    struct bench_event events[BENCH_BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        events[i] = (struct bench_event){ *sequence, first + (int64_t)i };
    }
    fill(side, events, count);
}

void bench_touch(const void *data, size_t size)
{
    static volatile unsigned char sink;
    const unsigned char *bytes = data;
    sink = (unsigned char)(sink ^ bytes[0] ^ bytes[size - 1]);
}

double bench_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_load(void)
{
    double load = 0;
    return getloadavg(&load, 1) == 1 ? load : 0;
}

void bench_die(const char *what, const char *why)
{
    (void)fprintf(stderr, "quipu-bench: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

void *bench_allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory) {
        bench_die("memory", "there is none left");
    }
    return memory;
}

void bench_need(int status, const quipu_error *error, const char *what)
{
    if (status != QUIPU_OK) {
        bench_die(what, error->message);
    }
}
