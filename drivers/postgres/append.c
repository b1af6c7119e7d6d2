/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending.  First a plan: all requests in one transaction and one round trip,
 * BEGIN to COMMIT, which the server undoes if a single demand of the plan does
 * not hold.  Then, or when appends have been refused of late, the same with
 * care: look with the heads locked, judge here, store what is accepted, commit.
 *
 * What is lost on the way to an answer is found again by the event ids: the
 * append is judged once more on another connection.
 */
#include "group.h"

#include <string.h>

#define ATTEMPTS 10
#define WARY 4 /* groups that are judged first after one was refused */
#define PAUSE (20 * CLOCK_MILLISECOND)
#define ANSWER_TIME (200 * CLOCK_MILLISECOND)

enum verdict {
    VERDICT_DONE,
    VERDICT_JUDGE,  /* nothing is stored: the plan does not hold */
    VERDICT_AGAIN,  /* nothing is stored: passing trouble */
    VERDICT_FAILED, /* nothing is stored */
    VERDICT_UNKNOWN
};

/* Locks are not waited for beyond the deadline; then an answer comes. */
static int64_t latest_answer(int64_t deadline)
{
    int64_t latest = clock_grace(deadline);
    return deadline < INT64_MAX - ANSWER_TIME && deadline + ANSWER_TIME > latest
               ? deadline + ANSWER_TIME
               : latest;
}

/* ----------------------------------------------------------------- the plan */

static void send_all_there(struct group *group, struct connection *connection)
{
    struct arguments *arguments = &connection->arguments;
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_int4(arguments, group->datastore->space);
    quipu_postgres_array_begin(arguments, TYPE_INT8, group->section_count);
    for (uint32_t i = 0; i < group->section_count; i++) {
        quipu_postgres_put_int8(arguments, group->sections[i].bound->number);
    }
    quipu_postgres_array_end(arguments);
    quipu_postgres_add_int8(arguments, group->section_count);
    quipu_postgres_send(connection, &group->datastore->common[SQL_ALL_THERE]);
}

/* What an error before the COMMIT means. */
static enum verdict judge_error(struct group *group,
                                struct connection *connection,
                                const PGresult *result)
{
    const char *state = quipu_postgres_state(result);
    if (quipu_postgres_is_over(group->datastore, state)) {
        connection->lost = true;
        return VERDICT_AGAIN;
    }
    if (strncmp(state, "40", 2) == 0) {
        return VERDICT_AGAIN;
    }
    if (strncmp(state, "23", 2) == 0 || strcmp(state, "22012") == 0 ||
        strcmp(state, "42P01") == 0) {
        return VERDICT_JUDGE;
    }
    return VERDICT_FAILED;
}

/* The first answer that is not good, before the COMMIT's. */
static enum verdict judge_answer(struct group *group,
                                 struct connection *connection,
                                 enum answer answer, PGresult **result,
                                 bool ended, quipu_error *error)
{
    enum verdict verdict = VERDICT_UNKNOWN;
    if (answer == ANSWER_ERROR) {
        verdict = judge_error(group, connection, *result);
    } else if (answer == ANSWER_NO_MEMORY) {
        verdict = VERDICT_FAILED;
    } else if (answer == ANSWER_LOST &&
               (!ended || quipu_postgres_state(*result)[0] != '\0')) {
        verdict = VERDICT_AGAIN; /* the server had not come to the COMMIT */
    }
    (void)quipu_postgres_fail(group->datastore, connection, answer, result,
                              "append", error);
    return verdict;
}

static enum verdict hear_plan(struct group *group,
                              struct connection *connection, unsigned before,
                              unsigned stores, bool ended, quipu_error *error)
{
    int64_t latest = latest_answer(group->deadline);
    PGresult *result = NULL;
    for (unsigned i = 0; i < before + stores; i++) {
        enum answer answer =
            quipu_postgres_receive(connection, latest, &result);
        if (answer != ANSWER_OK && answer != ANSWER_END) {
            return judge_answer(group, connection, answer, &result, ended,
                                error);
        }
        if (i >= before) {
            quipu_postgres_take_store(group, i - before, result);
        }
        PQclear(result);
    }
    enum answer answer = quipu_postgres_receive(connection, latest, &result);
    int status = quipu_postgres_judge_commit(group->datastore, connection,
                                             answer, &result, error);
    return status == QUIPU_OK                ? VERDICT_DONE
           : status == QUIPU_UNKNOWN_OUTCOME ? VERDICT_UNKNOWN
                                             : VERDICT_JUDGE;
}

/* Without its head a schema was torn down, and nothing of it is stored. */
static enum verdict check_there(struct group *group, quipu_error *error)
{
    for (uint32_t i = 0; i < group->section_count; i++) {
        if (!group->sections[i].there) {
            (void)quipu_postgres_torn_down(group->datastore,
                                           group->sections[i].bound, error);
            return VERDICT_FAILED;
        }
    }
    return VERDICT_DONE;
}

static enum verdict run_plan(struct group *group, struct connection *connection,
                             quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    unsigned before =
        quipu_postgres_send_begin(datastore, connection, group->deadline);
    if (group->section_count > 1) {
        send_all_there(group, connection);
        before++;
    }
    unsigned stores = quipu_postgres_send_store(group, connection);
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_send(connection, &datastore->common[SQL_COMMIT]);
    quipu_postgres_send_end(connection);
    bool ended = !connection->lost && !connection->no_memory;
    enum verdict verdict =
        hear_plan(group, connection, before, stores, ended, error);
    if (!connection->lost &&
        quipu_postgres_receive_end(
            connection, latest_answer(group->deadline)) != ANSWER_END) {
        connection->lost = true;
    }
    if (verdict == VERDICT_DONE) {
        verdict = check_there(group, error);
    }
    if (verdict == VERDICT_DONE) {
        quipu_postgres_tell_stored(group);
        group->accepted = true;
    }
    return verdict;
}

/* ------------------------------------------------------------- with care */

/* What a failed step before the COMMIT means. */
static enum verdict judge_status(struct group *group,
                                 struct connection *connection, int status,
                                 const quipu_error *own)
{
    if (quipu_postgres_is_over(group->datastore, own->sqlstate)) {
        connection->lost = true;
        return VERDICT_AGAIN;
    }
    /* "23": others wrote a tracking record, by another schema. */
    if (strncmp(own->sqlstate, "40", 2) == 0 ||
        strncmp(own->sqlstate, "23", 2) == 0 ||
        (connection->lost && status == QUIPU_IO)) {
        return VERDICT_AGAIN;
    }
    return VERDICT_FAILED;
}

static int send_accepted(struct group *group, struct connection *connection,
                         quipu_error *error)
{
    int64_t latest = clock_grace(group->deadline);
    unsigned answers = quipu_postgres_send_store(group, connection);
    if (answers == 0) {
        return QUIPU_OK;
    }
    quipu_postgres_send_end(connection);
    return quipu_postgres_skip(group->datastore, connection, answers + 1,
                               latest, "append", error);
}

/* One that was stored by the attempt before this is no repeat. */
static bool any_repeated(const struct group *group)
{
    for (uint32_t i = 0; i < group->section_count; i++) {
        if (group->sections[i].repeated) {
            return true;
        }
    }
    return false;
}

/* The group was stored as a whole, or not at all: if it was, so were tracking
 * records that have no items to be found by. */
static void resolve_tracking(struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->requests[i].item_count == 0 &&
            group->results[i].status == QUIPU_ALREADY) {
            group->results[i] =
                (quipu_result){ .positions = group->results[i].positions };
        }
    }
}

static int run_work(quipu_driver_datastore *datastore,
                    struct connection *connection, quipu_work work,
                    void *context, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    PGconn *pg = connection->pg;
    if (PQexitPipelineMode(pg) != 1 || PQsetnonblocking(pg, 0) != 0) {
        connection->lost = true;
        return quipu_postgres_no_memory(host, error);
    }
    int status = work(pg, context, error);
    PGTransactionStatusType state = PQtransactionStatus(pg);
    connection->limit = -1; /* who knows what it set */
    if (status == QUIPU_OK && state == PQTRANS_INERROR) {
        status = host->error_set(error, QUIPU_INVALID, 0, NULL,
                                 "a statement of the function in the "
                                 "transaction failed, and it did not say so");
    } else if (status == QUIPU_OK && state != PQTRANS_INTRANS) {
        status = host->error_set(
            error, PQstatus(pg) == CONNECTION_OK ? QUIPU_INVALID : QUIPU_IO, 0,
            NULL,
            PQstatus(pg) == CONNECTION_OK
                ? "the function in the transaction ended it; what it did is "
                  "not undone"
                : "the connection was lost in the function");
        connection->lost = true;
    } else if (status != QUIPU_OK && error != NULL && error->code != status) {
        (void)host->error_set(error, status, 0, NULL,
                              "the function in the transaction refused, and "
                              "did not say why");
    }
    if (PQsetnonblocking(pg, 1) != 0 || PQenterPipelineMode(pg) != 1) {
        connection->lost = true;
    }
    return status;
}

struct task {
    quipu_work work; /* or NULL */
    void *context;
};

/* Stores what was accepted, and commits. */
static enum verdict finish(struct group *group, struct connection *connection,
                           const struct task *task, quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    bool repeated = any_repeated(group) && !datastore->relaxed;
    if (!group->accepted && !repeated) {
        quipu_postgres_rollback(datastore, connection, group->deadline);
        return VERDICT_DONE;
    }
    int status = send_accepted(group, connection, error);
    if (status != QUIPU_OK) {
        return judge_status(group, connection, status, error);
    }
    if (group->accepted && task->work != NULL) {
        status =
            run_work(datastore, connection, task->work, task->context, error);
        if (status != QUIPU_OK) {
            return VERDICT_FAILED;
        }
    }
    status =
        quipu_postgres_commit(datastore, connection, group->deadline, error);
    return status == QUIPU_OK                ? VERDICT_DONE
           : status == QUIPU_UNKNOWN_OUTCOME ? VERDICT_UNKNOWN
                                             : VERDICT_AGAIN;
}

static enum verdict run_with_care(struct group *group,
                                  struct connection *connection,
                                  const struct task *task, quipu_error *error)
{
    enum verdict verdict = VERDICT_DONE;
    quipu_postgres_group_clear(group);
    int status = quipu_postgres_judge(group, connection, error);
    if (status != QUIPU_OK) {
        verdict = judge_status(group, connection, status, error);
    } else {
        verdict = finish(group, connection, task, error);
    }
    if (verdict == VERDICT_AGAIN || verdict == VERDICT_FAILED) {
        quipu_postgres_rollback(group->datastore, connection, group->deadline);
    }
    if (verdict == VERDICT_DONE && group->resolving && any_repeated(group)) {
        resolve_tracking(group);
    }
    return verdict;
}

/* --------------------------------------------------------------- the whole */

/* Whether the event ids tell what became of a group. */
static bool can_be_resolved(const struct group *group)
{
    bool any = false;
    for (size_t i = 0; i < group->count; i++) {
        const quipu_request *request = &group->requests[i];
        if (request->item_count > 0 &&
            request->schema->schema.event_id == NULL) {
            return false;
        }
        any = any || request->item_count > 0;
    }
    return any;
}

/* The planned way, if it can be gone. */
static enum verdict try_plan(struct group *group, struct connection *connection,
                             quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    bool possible = false;
    uint32_t wary = atomic_load(&datastore->wary);
    if (wary > 0) {
        (void)atomic_compare_exchange_strong(&datastore->wary, &wary, wary - 1);
        return VERDICT_JUDGE;
    }
    quipu_postgres_group_clear(group);
    int status = quipu_postgres_plan(group, &possible, error);
    if (status != QUIPU_OK) {
        return VERDICT_FAILED;
    }
    return possible ? run_plan(group, connection, error) : VERDICT_JUDGE;
}

static enum verdict attempt(struct group *group, struct connection *connection,
                            const struct task *task, quipu_error *error)
{
    enum verdict verdict = VERDICT_JUDGE;
    if (task->work == NULL && !group->resolving) {
        verdict = try_plan(group, connection, error);
    }
    if (verdict == VERDICT_JUDGE && !connection->lost) {
        verdict = run_with_care(group, connection, task, error);
        if (verdict == VERDICT_DONE && group->refused) {
            atomic_store(&group->datastore->wary, WARY);
        }
    } else if (verdict == VERDICT_JUDGE) {
        verdict = VERDICT_AGAIN;
    }
    return verdict;
}

/* One attempt on a connection of its own.  While it is resolved what became of
 * an earlier one, trouble changes nothing about that. */
static enum verdict attempt_once(struct group *group, const struct task *task,
                                 int *status, quipu_error *error)
{
    quipu_driver_datastore *datastore = group->datastore;
    struct connection *connection = NULL;
    *status =
        quipu_postgres_borrow(datastore, group->deadline, &connection, error);
    if (*status != QUIPU_OK) {
        return group->resolving ? VERDICT_UNKNOWN : VERDICT_FAILED;
    }
    enum verdict verdict = attempt(group, connection, task, error);
    if (PQtransactionStatus(connection->pg) == PQTRANS_INERROR) {
        quipu_postgres_rollback(datastore, connection, group->deadline);
    }
    if (verdict == VERDICT_DONE && group->accepted) {
        quipu_postgres_announce(datastore, connection);
    }
    quipu_postgres_return(datastore, connection);
    *status = error->code;
    if (group->resolving && verdict != VERDICT_DONE) {
        verdict = VERDICT_UNKNOWN;
    }
    return verdict;
}

static int give_up(struct group *group, quipu_error *error)
{
    char words[sizeof error->message];
    memcpy(words, error->message, sizeof words);
    if (error->code == QUIPU_UNKNOWN_OUTCOME) {
        return QUIPU_UNKNOWN_OUTCOME;
    }
    return group->datastore->host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, 0, NULL,
        "it is not known whether %s stored the append (%.600s); repeat it, or "
        "look its event ids up",
        group->datastore->name, words);
}

static int run(struct group *group, const struct task *task, quipu_error *error)
{
    int status = QUIPU_OK;
    for (int i = 0;; i++) {
        enum verdict verdict = attempt_once(group, task, &status, error);
        if (verdict == VERDICT_DONE) {
            return QUIPU_OK;
        }
        if (verdict == VERDICT_FAILED) {
            return status;
        }
        bool late = clock_now() + PAUSE > group->deadline;
        if (verdict == VERDICT_UNKNOWN) {
            if (late || !can_be_resolved(group)) {
                return give_up(group, error);
            }
            if (group->resolving) { /* the server may need its time */
                clock_sleep_until(clock_now() + PAUSE);
            }
            group->resolving = true;
        } else if (late || i == ATTEMPTS) {
            return status;
        }
    }
}

static int run_group(quipu_driver_datastore *datastore,
                     const quipu_request *requests, size_t count,
                     quipu_result *results, size_t *taken,
                     const struct task *task, int64_t deadline,
                     quipu_error *error)
{
    quipu_error own = { 0 };
    struct group group;
    *taken = count;
    if (datastore->readonly) {
        return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                          "%s is open with readonly=yes",
                                          datastore->name);
    }
    memset(&group, 0, offsetof(struct group, few_places));
    group.datastore = datastore;
    group.requests = requests;
    group.results = results;
    group.count = count;
    group.deadline = deadline;
    int status = quipu_postgres_group_init(&group, &own);
    *taken = group.count;
    if (status == QUIPU_OK) {
        status = run(&group, task, &own);
    }
    quipu_postgres_group_finish(&group);
    return quipu_shared_error_pass(status, &own, error);
}

int quipu_postgres_append(quipu_driver_datastore *datastore,
                          const quipu_request *requests, size_t count,
                          quipu_result *results, size_t *taken,
                          int64_t deadline, quipu_error *error)
{
    const struct task none = { NULL, NULL };
    return run_group(datastore, requests, count, results, taken, &none,
                     deadline, error);
}

int quipu_postgres_transact(quipu_driver_datastore *datastore,
                            const quipu_request *request, quipu_work work,
                            void *context, quipu_result *result,
                            int64_t deadline, quipu_error *error)
{
    const struct task task = { work, context };
    size_t taken = 0;
    return run_group(datastore, request, 1, result, &taken, &task, deadline,
                     error);
}
