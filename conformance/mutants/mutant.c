/* SPDX-License-Identifier: Apache-2.0 */
/* The active mutant, its base driver, and functions that mutants share. */
#include "mutant.h"

#include <quipu/drivers.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const quipu_driver *quipu_driver_entry_memory(void);

unsigned mutant_patience = 1;

static const struct mutant *active;

/* --------------------------------------------------------- the base driver */

void mutant_activate(const struct mutant *mutant)
{
    active = mutant;
}

const struct mutant *mutant_active(void)
{
    return active;
}

static const quipu_driver *find_base(const char *uri)
{
    const quipu_driver *driver = NULL;
    char scheme[40];
    quipu_error error;

    snprintf(scheme, sizeof(scheme), "%.*s", (int)strcspn(uri, ":"), uri);
    if (quipu_drivers_find(scheme, &driver, &error)) {
        fprintf(stderr, "quipu-mutants: %s\n", error.message);
        exit(2);
    }
    return driver;
}

const quipu_driver *mutant_base_driver(void)
{
    return active && active->base ? find_base(active->base)
                                  : quipu_driver_entry_memory();
}

/* ------------------------------------------------------------------ appends */

int mutant_append_all(struct append_call *a)
{
    return mutant_base_driver()->append(a->datastore, a->requests, a->count,
                                        a->results, a->taken, a->deadline,
                                        a->error);
}

int mutant_append_one(struct append_call *a, const quipu_request *request)
{
    return mutant_base_driver()->append(a->datastore, request, 1, a->results,
                                        a->taken, a->deadline, a->error);
}

int mutant_append_first(struct append_call *a)
{
    return mutant_append_one(a, a->requests);
}

void mutant_report_success(struct append_call *a, size_t index)
{
    const quipu_request *request = &a->requests[index];
    quipu_result *result = &a->results[index];

    *result = (quipu_result){ .positions = result->positions,
                              .first_notification_id =
                                  request->item_count > 0 ? 1 : 0 };
    for (size_t i = 0; result->positions && i < request->item_count; i++) {
        result->positions[i] = request->items[i].position;
    }
}

int64_t mutant_log_head(const struct append_call *a)
{
    quipu_position head = { 0 };

    mutant_base_driver()->log_head(a->datastore, a->requests[0].schema,
                                   INT64_MAX, &head, NULL);
    return head.notification_id;
}

/* ------------------------------------------------------------ time and bytes
 */

void mutant_sleep(int64_t nanoseconds)
{
    struct timespec span = { .tv_sec = (time_t)(nanoseconds / 1000000000),
                             .tv_nsec = (long)(nanoseconds % 1000000000) };

    nanosleep(&span, NULL);
}

int64_t mutant_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool mutant_bytes_equal(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}
