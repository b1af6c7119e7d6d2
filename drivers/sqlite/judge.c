/* SPDX-License-Identifier: Apache-2.0 */
/* Judging a request: guards, tracking, positions, in this order; but event ids
 * (repeat.c) have the first word. */
#include "judge.h"

#include "common/preconditions.h"
#include "common/safeguard.h"

/* ------------------------------------------------------ guards, tracking */

/* A refusal that says where the sequence ends (U1). */
static void refuse_at(quipu_result *result, int cause, size_t index, bool found,
                      int64_t last)
{
    judge_refuse(result, QUIPU_CONFLICT, cause, index);
    if (found) {
        SAFEGUARD("U1.last-position-is-told")
        result->flags |= QUIPU_RESULT_HAS_LAST;
        result->last_position = last;
    }
}

static int judge_guards(struct judge *judge, const quipu_request *request,
                        quipu_result *result, quipu_error *error)
{
    for (size_t i = 0;
         i < request->guard_count && SAFEGUARDED("S3.every-guard", true, i < 1);
         i++) {
        bool found = false;
        int64_t last = 0;
        int status = quipu_sqlite_ask_last(
            judge->datastore, &judge->datastore->writer, judge->bound,
            request->guards[i].sequence_id, &found, &last, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (!quipu_common_preconditions_guard_holds(&request->guards[i], found,
                                                    last)) {
            refuse_at(result, QUIPU_CAUSE_GUARD, i, found, last);
            return QUIPU_OK;
        }
    }
    return QUIPU_OK;
}

static int judge_tracking(struct judge *judge, const quipu_request *request,
                          quipu_result *result, quipu_error *error)
{
    bool stored = false;
    if (!request->tracking) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_tracking_is_stored(judge, request->tracking,
                                                 &stored, error);
    if (status == QUIPU_OK && stored) {
        SAFEGUARD("U4.record-that-is-not-above")
        judge_refuse(result, QUIPU_ALREADY, QUIPU_CAUSE_TRACKING, 0);
    }
    return status;
}

/* -------------------------------------------------------------- positions */

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t hash(quipu_bytes id)
{
    const unsigned char *bytes = id.data;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < id.size; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return h ^ (h >> 32);
}

/* Room for every item's sequence, at most half full. */
static int make_tails(struct judge *judge, size_t count, quipu_error *error)
{
    const quipu_host *host = judge->datastore->host;
    size_t room = 8;
    while (room < 2 * count) {
        room *= 2;
    }
    judge->tails = host->allocate(room * sizeof(*judge->tails));
    judge->positions = host->allocate(count * sizeof(*judge->positions));
    if (!judge->tails || !judge->positions) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory to judge %zu items", count);
    }
    memset(judge->tails, 0, room * sizeof(*judge->tails));
    judge->tail_room = room;
    return QUIPU_OK;
}

static struct tail *tail_slot(struct judge *judge, quipu_bytes id)
{
    if (judge->tail_room == 0) {
        return &judge->one;
    }
    size_t i = (size_t)hash(id) & (judge->tail_room - 1);
    while (judge->tails[i].id.data && !judge_same(judge->tails[i].id, id)) {
        i = (i + 1) & (judge->tail_room - 1);
    }
    return &judge->tails[i];
}

static int find_tail(struct judge *judge, quipu_bytes id, struct tail **tail,
                     quipu_error *error)
{
    *tail = tail_slot(judge, id);
    if ((*tail)->id.data) {
        return QUIPU_OK;
    }
    (*tail)->id = id;
    return quipu_sqlite_ask_last(judge->datastore, &judge->datastore->writer,
                                 judge->bound, id, &(*tail)->found,
                                 &(*tail)->last, error);
}

/* Reports the last position in the store: the tail may count items of this
 * request, which are not stored. */
static int refuse_position(struct judge *judge, struct tail *tail, size_t index,
                           quipu_result *result, quipu_error *error)
{
    int status = QUIPU_OK;
    SAFEGUARD("U1.last-position-is-the-stores")
    status = quipu_sqlite_ask_last(judge->datastore, &judge->datastore->writer,
                                   judge->bound, tail->id, &tail->found,
                                   &tail->last, error);
    if (status == QUIPU_OK) {
        refuse_at(result, QUIPU_CAUSE_POSITION, index, tail->found, tail->last);
    }
    return status;
}

static int judge_contiguous(struct judge *judge, const quipu_request *request,
                            quipu_result *result, quipu_error *error)
{
    int status = QUIPU_OK;
    if (request->item_count > 1) {
        status = make_tails(judge, request->item_count, error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        struct tail *tail = NULL;
        status = find_tail(judge, item->sequence_id, &tail, error);
        if (status != QUIPU_OK) {
            break;
        }
        int64_t next =
            tail->found ? tail->last + 1 : SAFEGUARDED("S1.beginning", 0, 1);
        if ((item->flags & QUIPU_ITEM_NEXT) == 0 &&
            SAFEGUARDED("S1.explicit-position", item->position != next,
                        item->position < next)) {
            return refuse_position(judge, tail, i, result, error);
        }
        if (judge->positions) {
            judge->positions[i] = next;
        }
        SAFEGUARD("S2.next-in-one-append")
        tail->found = true;
        tail->last = SAFEGUARDED("S2.next-in-one-append", next,
                                 judge->positions ? tail->last : next);
    }
    return status;
}

int64_t quipu_sqlite_judge_position(const struct judge *judge,
                                    const quipu_request *request, size_t index)
{
    if (judge->positions) {
        return judge->positions[index];
    }
    return judge->one.id.data ? judge->one.last
                              : request->items[index].position;
}

bool quipu_sqlite_is_sparse(const quipu_request *request)
{
    return (request->schema->schema.flags & QUIPU_SCHEMA_SPARSE) != 0;
}

int quipu_sqlite_judge_taken(struct judge *judge, const quipu_request *request,
                             size_t index, quipu_result *result,
                             quipu_error *error)
{
    quipu_driver_datastore *datastore = judge->datastore;
    bool found = false;
    int64_t last = 0;
    int status = QUIPU_OK;
    SAFEGUARD("U2.savepoint-of-a-request")
    status = quipu_sqlite_statement_run(datastore, &datastore->writer, NULL,
                                        SQL_ROLLBACK_TO, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_ask_last(
            datastore, &datastore->writer, judge->bound,
            request->items[index].sequence_id, &found, &last, error);
    }
    refuse_at(result, QUIPU_CAUSE_POSITION, index, found, last);
    return status;
}

/* Guards, tracking, positions: all but the event ids. */
static int judge_conditions(struct judge *judge, const quipu_request *request,
                            quipu_result *result, quipu_error *error)
{
    int status = SAFEGUARDED("U4.order-of-judging", judge_guards,
                             judge_tracking)(judge, request, result, error);
    if (status == QUIPU_OK && result->status == QUIPU_OK) {
        status = SAFEGUARDED("U4.order-of-judging", judge_tracking,
                             judge_guards)(judge, request, result, error);
    }
    if (status == QUIPU_OK && result->status == QUIPU_OK &&
        !quipu_sqlite_is_sparse(request)) {
        status = judge_contiguous(judge, request, result, error);
    }
    return status;
}

int quipu_sqlite_judge_request(struct judge *judge,
                               const quipu_request *request,
                               quipu_result *result, quipu_error *error)
{
    bool decided = false;
    int status = QUIPU_OK;
    if (judge->careful) {
        status = quipu_sqlite_judge_event_ids(judge, request, result, &decided,
                                              error);
    }
    if (status == QUIPU_OK && !decided) {
        status = judge_conditions(judge, request, result, error);
    }
    if (status == QUIPU_OK && result->status != QUIPU_OK && !judge->careful) {
        quipu_result refusal = *result;
        *result = (quipu_result){ .positions = refusal.positions };
        SAFEGUARD("U3.ids-before-all-else")
        status = quipu_sqlite_judge_event_ids(judge, request, result, &decided,
                                              error);
        if (!decided) {
            *result = refusal;
        }
    }
    return status;
}

void quipu_sqlite_judge_finish(struct judge *judge)
{
    judge->datastore->host->release(judge->tails);
    judge->datastore->host->release(judge->positions);
}
