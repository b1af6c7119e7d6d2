/* SPDX-License-Identifier: Apache-2.0 */
/* Commits that fail as planned. */
#include "scenario/faults.h"

#include "base/status.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct quipu_faults *list;

/* The plan of a handle, which has one as long as its operations are called. */
static struct quipu_faults *find(const quipu_driver_datastore *handle)
{
    struct quipu_faults *faults;

    pthread_mutex_lock(&list_lock);
    faults = list;
    while (faults && faults->handle != handle) {
        faults = faults->next;
    }
    pthread_mutex_unlock(&list_lock);
    return faults;
}

/* The fate of one commit. */
struct fate {
    int status;     /* that it returns; QUIPU_OK: that of the driver */
    bool is_stored; /* before it fails */
    bool crashes;
};

static struct fate decide(struct quipu_faults *faults)
{
    struct fate fate = { .status = QUIPU_OK };

    pthread_mutex_lock(&faults->lock);
    if (faults->is_paused) {
        fate.status = QUIPU_OK;
    } else if (faults->has_crashed) {
        fate.status = QUIPU_IO;
    } else if (faults->count > 0) {
        fate.status = faults->status;
        fate.is_stored = faults->status == QUIPU_UNKNOWN_OUTCOME;
    } else if (faults->crash_is_planned) {
        fate.crashes = true;
        fate.is_stored = faults->crashes_after;
        fate.status = fate.is_stored ? QUIPU_UNKNOWN_OUTCOME : QUIPU_IO;
    }
    pthread_mutex_unlock(&faults->lock);
    return fate;
}

/* Takes what has happened out of the plan. */
static int fail(struct quipu_faults *faults, const struct fate *fate,
                const quipu_tracking *tracking, quipu_error *error)
{
    pthread_mutex_lock(&faults->lock);
    if (fate->crashes) {
        faults->crash_is_planned = false;
        faults->has_crashed = true;
        faults->crashed_tracking =
            tracking ? tracking->position.notification_id : 0;
    } else if (!faults->has_crashed && faults->count > 0) {
        faults->has_failed = true;
        faults->count--;
    }
    pthread_mutex_unlock(&faults->lock);
    return quipu_error_set(error, fate->status,
                           "the scenario lets this commit fail%s",
                           fate->is_stored ? " after it was stored" : "");
}

static int append(quipu_driver_datastore *handle, const quipu_request *requests,
                  size_t count, quipu_result *results, size_t *taken,
                  int64_t deadline, quipu_error *error)
{
    struct quipu_faults *faults = find(handle);
    const struct fate fate = decide(faults);
    int status = QUIPU_OK;

    if (fate.status == QUIPU_OK || fate.is_stored) {
        status = faults->driver->append(handle, requests, count, results, taken,
                                        deadline, error);
        if (fate.status == QUIPU_OK || status != QUIPU_OK ||
            results[0].status != QUIPU_OK) {
            return status;
        }
    }
    *taken = count;
    return fail(faults, &fate, requests[0].tracking, error);
}

/* A function that runs, and is then rolled back. */
struct lost_work {
    quipu_work work;
    void *context;
    bool was_done;
};

static int do_and_lose(void *native, void *context, quipu_error *error)
{
    struct lost_work *lost = context;
    int status = lost->work(native, lost->context, error);

    lost->was_done = status == QUIPU_OK;
    return lost->was_done
               ? quipu_error_set(error, QUIPU_IO, "the commit is lost")
               : status;
}

static int transact(quipu_driver_datastore *handle,
                    const quipu_request *request, quipu_work work,
                    void *context, quipu_result *result, int64_t deadline,
                    quipu_error *error)
{
    struct quipu_faults *faults = find(handle);
    const quipu_driver *driver = faults->driver;
    const struct fate fate = decide(faults);
    struct lost_work lost = { .work = work, .context = context };
    const bool is_lost = fate.status != QUIPU_OK && !fate.is_stored;
    int status = is_lost ? driver->transact(handle, request, do_and_lose, &lost,
                                            result, deadline, error)
                         : driver->transact(handle, request, work, context,
                                            result, deadline, error);
    const bool was_done =
        is_lost ? lost.was_done
                : status == QUIPU_OK && result->status == QUIPU_OK;

    return fate.status != QUIPU_OK && was_done
               ? fail(faults, &fate, request->tracking, error)
               : status;
}

int quipu_faults_init(struct quipu_faults *faults, quipu_datastore *datastore,
                      quipu_error *error)
{
    *faults = (struct quipu_faults){ .table = *datastore->driver,
                                     .driver = datastore->driver,
                                     .handle = datastore->handle };
    if (pthread_mutex_init(&faults->lock, NULL) != 0) {
        faults->driver = NULL;
        return quipu_error_no_memory(error);
    }
    faults->table.append = append;
    faults->table.transact = faults->driver->transact ? transact : NULL;
    pthread_mutex_lock(&list_lock);
    faults->next = list;
    list = faults;
    pthread_mutex_unlock(&list_lock);
    datastore->driver = &faults->table;
    return QUIPU_OK;
}

void quipu_faults_finish(struct quipu_faults *faults,
                         quipu_datastore *datastore)
{
    struct quipu_faults **at = &list;

    if (!faults->driver) {
        return;
    }
    datastore->driver = faults->driver;
    pthread_mutex_lock(&list_lock);
    while (*at != faults) {
        at = &(*at)->next;
    }
    *at = faults->next;
    pthread_mutex_unlock(&list_lock);
    pthread_mutex_destroy(&faults->lock);
    faults->driver = NULL;
}

void quipu_faults_pause(struct quipu_faults *faults, bool paused)
{
    pthread_mutex_lock(&faults->lock);
    faults->is_paused = paused;
    pthread_mutex_unlock(&faults->lock);
}

void quipu_faults_plan(struct quipu_faults *faults, int status, int count)
{
    pthread_mutex_lock(&faults->lock);
    faults->status = status;
    faults->count = count;
    pthread_mutex_unlock(&faults->lock);
}

void quipu_faults_plan_crash(struct quipu_faults *faults, bool after)
{
    pthread_mutex_lock(&faults->lock);
    faults->crash_is_planned = true;
    faults->crashes_after = after;
    pthread_mutex_unlock(&faults->lock);
}

void quipu_faults_restart(struct quipu_faults *faults)
{
    pthread_mutex_lock(&faults->lock);
    faults->has_crashed = false;
    pthread_mutex_unlock(&faults->lock);
}

bool quipu_faults_take_failed(struct quipu_faults *faults)
{
    pthread_mutex_lock(&faults->lock);
    bool has_failed = faults->has_failed;

    faults->has_failed = false;
    pthread_mutex_unlock(&faults->lock);
    return has_failed;
}

void quipu_faults_report(const struct quipu_faults *faults,
                         struct quipu_report *report)
{
    if (faults->crash_is_planned) {
        quipu_report_add(report,
                         "no crash: the program has committed nothing after "
                         "quipu_scenario_crash");
    }
    if (faults->count > 0) {
        quipu_report_add(report,
                         "%d of the commits that were to fail have not "
                         "followed",
                         faults->count);
    }
}
