/* SPDX-License-Identifier: Apache-2.0 */
/* The preconditions of an append, written once over a table of look-ups.
 *
 * METHOD
 *
 * Nearly every append is accepted, and its event ids are new. So a driver makes
 * an append in one of two passes, each in a transaction:
 *
 *   optimistic pass   Check guards, entries, tracking and, in a contiguous
 *                     schema, positions. Insert the items and let the unique
 *                     indexes on event ids and positions find violations. No
 *                     event id is looked up unless another check has refused
 *                     the request.
 *   strict pass       If an index refuses an item in the optimistic pass, roll
 *                     everything back and repeat all requests of the append, in
 *                     a new transaction: look the event ids of each request up
 *                     first, then check the rest as before.
 *
 * Both passes give the same outcome; the strict pass only finds out which of
 * the requests is a repeat, which one conflicts, and at which item.
 *
 * INVARIANTS
 *
 *   INV1  The outcome is that of the checks in the order event ids (U3), guards
 *         (S3), entries (K4), tracking (T1, U4), positions (S1, S2, U1). The
 *         first check that refuses determines cause and index. The optimistic
 *         pass preserves this order by looking up the event ids before it
 *         reports a refusal of another check.
 *   INV2  Guards, entries, tracking and event ids refer to the state before the
 *         request; earlier requests of the same append belong to that state. So
 *         nothing of a request is written before the request is checked.
 *   INV3  Each item moves the last position of its sequence for the items after
 *         it (S2). `sequences` holds these positions; the store does not know
 *         them yet.
 *   INV4  A conflict that reports a last position reports that of the store,
 *         never one of items that are not stored (U1).
 *   INV5  A request is a repeat only if all its event ids are stored, in order,
 *         under consecutive notification ids, with equal sequence id, topic and
 *         state (of items that are stored as erased, the state does not count:
 *         E2), and its tracking record or a later one is stored; a record
 *         that the request rewinds does not count, since it may have moved
 *         either way. Any other overlap conflicts at the first item that is
 *         stored. Entries do not count: a repeat writes none (K2). */
#include "preconditions.h"

#include "safeguard.h"

/* ---------------------------------------------------------------- outcomes */

static void refuse(struct preconditions *check, int status, int cause,
                   size_t index)
{
    check->result->status = status;
    check->result->cause = cause;
    check->result->index = index;
}

/* Refuses with the last position of the sequence, the revision of the entry, or
 * the position of the tracking record, if there is one (INV4). */
static void refuse_at(struct preconditions *check, int cause, size_t index,
                      const struct key_entry *stored)
{
    quipu_result *result = check->result;

    refuse(check, QUIPU_CONFLICT, cause, index);
    if (stored->found) {
        SAFEGUARD("U1.last-position-is-told")
        result->flags |= QUIPU_RESULT_HAS_LAST;
        result->last_position = stored->last;
    }
}

static int no_memory(const struct preconditions *check, quipu_error *error)
{
    return check->host->error_set(
        error, QUIPU_NO_MEMORY, 0, NULL,
        "no memory to check the preconditions of %zu items",
        check->request->item_count);
}

static int look_up_last(const struct preconditions *check,
                        struct key_entry *sequence, quipu_error *error)
{
    return check->lookups->last_position(
        check->context, sequence->id, &sequence->found, &sequence->last, error);
}

/* --------------------------------------------------------------- event ids */

/* An item that is stored as erased has no state to compare; one that is
 * appended as erased is no repeat of one whose state is stored. */
static bool states_are_equal(const quipu_item *found,
                             const quipu_item *appended)
{
    if (SAFEGUARDED("E2.repeat-of-an-erased-item",
                    (found->flags & QUIPU_ITEM_ERASED) != 0, false)) {
        return true;
    }
    return SAFEGUARDED("E7.full-item-is-no-repeat",
                       (appended->flags & QUIPU_ITEM_ERASED) == 0, true) &&
           quipu_common_key_table_is_equal(found->state, appended->state);
}

void quipu_common_preconditions_compare(const quipu_item *found,
                                        const quipu_item *appended,
                                        struct stored_item *stored)
{
    *stored = (struct stored_item){
        .found = true,
        .notification_id = found->notification_id,
        .position = found->position,
    };
    stored->is_equal =
        SAFEGUARDED("U3.equal-sequence",
                    quipu_common_key_table_is_equal(found->sequence_id,
                                                    appended->sequence_id),
                    true) &&
        SAFEGUARDED(
            "U3.equal-topic",
            quipu_common_key_table_is_equal(found->topic, appended->topic),
            true) &&
        SAFEGUARDED("U3.equal-state", states_are_equal(found, appended), true);
}

/* Sets *index to the first item that has the event id of an earlier item of the
 * request, or to the number of items. */
static int find_twin(const struct preconditions *check, size_t *index,
                     quipu_error *error)
{
    const quipu_request *request = check->request;
    struct key_table ids;
    bool added = true;

    *index = request->item_count;
    if (request->item_count < 2) {
        return QUIPU_OK;
    }
    if (!quipu_common_key_table_init(&ids, check->host, request->item_count)) {
        return no_memory(check, error);
    }
    for (size_t i = 0; added && i < request->item_count; i++) {
        (void)quipu_common_key_table_get(&ids, request->items[i].event_id, 0,
                                         &added);
        if (!added) {
            *index = i;
        }
    }
    quipu_common_key_table_finish(&ids);
    return QUIPU_OK;
}

static int look_up_tracking(const struct preconditions *check,
                            struct key_entry *record, quipu_error *error)
{
    return check->lookups->tracking(check->context, check->request->tracking,
                                    &record->found, &record->last, error);
}

/* Returns true if the tracking record of the request, or a later one of its
 * consumer and log, is stored. */
static bool tracking_is_stored(const struct preconditions *check,
                               const struct key_entry *record)
{
    const int64_t id = check->request->tracking->position.notification_id;

    return record->found && SAFEGUARDED("U4.record-that-is-equal",
                                        record->last >= id, record->last > id);
}

/* Sets *repeated to false if the tracking record of a request whose items are
 * stored contradicts a repeat (INV5). */
static int check_tracking_of_repeat(const struct preconditions *check,
                                    bool *repeated, quipu_error *error)
{
    struct key_entry record = { .found = false };

    if (!check->request->tracking ||
        SAFEGUARDED("T2.repeat-of-a-rewind",
                    quipu_common_preconditions_rewinds(check->request),
                    false)) {
        return QUIPU_OK;
    }
    int status = look_up_tracking(check, &record, error);
    *repeated = tracking_is_stored(check, &record);
    return status;
}

/* The first item is stored: the request is a repeat or a conflict (INV5). */
static int check_repeat(struct preconditions *check, struct stored_item first,
                        quipu_error *error)
{
    const quipu_request *request = check->request;
    quipu_result *result = check->result;
    struct stored_item stored = first;
    bool repeated = true;
    int status = QUIPU_OK;

    for (size_t i = 0;
         status == QUIPU_OK && repeated && i < request->item_count; i++) {
        if (i > 0) {
            status = check->lookups->item(check->context, &request->items[i],
                                          &stored, error);
        }
        repeated = stored.found
                       ? stored.is_equal &&
                             SAFEGUARDED("U3.consecutive-ids",
                                         stored.notification_id ==
                                             first.notification_id + (int64_t)i,
                                         true)
                       : SAFEGUARDED("U3.all-of-them-stored", false, true);
        if (result->positions) {
            result->positions[i] =
                SAFEGUARDED("U3.positions-of-a-repeat", stored.position, 0);
        }
    }
    if (status == QUIPU_OK && repeated) {
        SAFEGUARD("U3.tracking-of-a-repeat")
        status = check_tracking_of_repeat(check, &repeated, error);
    }
    if (repeated) {
        result->flags |= QUIPU_RESULT_REPEATED;
        result->first_notification_id = first.notification_id;
    } else {
        refuse(check, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, 0);
    }
    return status;
}

/* Sets *decided to true if the event ids determine the outcome: a repeat or a
 * conflict. */
static int check_event_ids(struct preconditions *check, bool *decided,
                           quipu_error *error)
{
    const quipu_request *request = check->request;
    size_t twin = 0;

    *decided = false;
    if (!check->schema || !check->schema->event_id) {
        return QUIPU_OK;
    }
    int status = find_twin(check, &twin, error);
    if (status == QUIPU_OK && SAFEGUARDED("U3.twins-in-one-append",
                                          twin < request->item_count, false)) {
        refuse(check, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, twin);
        *decided = true;
        return QUIPU_OK;
    }
    for (size_t i = 0;
         status == QUIPU_OK && !*decided && i < request->item_count; i++) {
        struct stored_item stored = { .found = false };

        status = check->lookups->item(check->context, &request->items[i],
                                      &stored, error);
        if (status != QUIPU_OK || !stored.found) {
            continue;
        }
        *decided = true;
        if (i == 0) {
            status = check_repeat(check, stored, error);
        } else {
            SAFEGUARD("U3.overlap-at-the-end")
            refuse(check, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, i);
        }
    }
    return status;
}

/* ------------------------------------------------------------------ guards */

bool quipu_common_preconditions_guard_holds(const quipu_guard *guard,
                                            bool found, int64_t last)
{
    switch (guard->demand) {
    case QUIPU_DEMAND_EMPTY:
        return SAFEGUARDED("S3.guard-that-it-is-empty", !found, true);
    case QUIPU_DEMAND_NOT_EMPTY:
        return SAFEGUARDED("S3.guard-that-it-is-not", found, true);
    default:
        return SAFEGUARDED("S3.guard-at-zero-of-nothing", found, true) &&
               SAFEGUARDED("S3.guard-at-a-position", last == guard->position,
                           last >= guard->position);
    }
}

static int check_guards(struct preconditions *check, quipu_error *error)
{
    const quipu_request *request = check->request;

    for (size_t i = 0; i < request->guard_count; i++) {
        const quipu_guard *guard = &request->guards[i];
        struct key_entry sequence = { .id = guard->sequence_id };
        int status = look_up_last(check, &sequence, error);

        if (status != QUIPU_OK) {
            return status;
        }
        if (SAFEGUARDED("S3.every-guard", true, i < 1) &&
            !quipu_common_preconditions_guard_holds(guard, sequence.found,
                                                    sequence.last)) {
            refuse_at(check, QUIPU_CAUSE_GUARD, i, &sequence);
            return QUIPU_OK;
        }
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------- entries, tracking */

bool quipu_common_preconditions_entry_holds(const quipu_entry_write *write,
                                            bool found, int64_t revision)
{
    if ((write->flags & QUIPU_ENTRY_EXPECT) == 0) {
        return true;
    }
    if (write->revision == 0) {
        return SAFEGUARDED("K4.entry-that-must-not-exist", !found, true);
    }
    return SAFEGUARDED("K4.entry-that-does-not-exist", found, true) &&
           SAFEGUARDED("K4.revision-of-an-entry", revision == write->revision,
                       revision >= write->revision);
}

/* A revision that is not expected is not looked up: the write of such an entry
 * needs no precondition. */
static int check_entries(struct preconditions *check, quipu_error *error)
{
    const quipu_conditions *conditions =
        preconditions_conditions(check->request);
    const size_t count = conditions ? conditions->entry_count : 0;

    for (size_t i = 0; i < count; i++) {
        const quipu_entry_write *write = &conditions->entries[i];
        struct key_entry entry = { .id = write->key };

        if ((write->flags & QUIPU_ENTRY_EXPECT) == 0) {
            continue;
        }
        int status = check->lookups->entry(check->context, write->key,
                                           &entry.found, &entry.last, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (SAFEGUARDED("K4.every-entry", true, i < 1) &&
            !quipu_common_preconditions_entry_holds(write, entry.found,
                                                    entry.last)) {
            refuse_at(check, QUIPU_CAUSE_ENTRY, i, &entry);
            return QUIPU_OK;
        }
    }
    return QUIPU_OK;
}

bool quipu_common_preconditions_rewinds(const quipu_request *request)
{
    const quipu_conditions *conditions = preconditions_conditions(request);

    return conditions &&
           (conditions->flags & QUIPU_CONDITIONS_TRACKING_REWIND) != 0;
}

bool quipu_common_preconditions_tracking_holds(const quipu_request *request,
                                               bool found,
                                               int64_t notification_id)
{
    const quipu_conditions *conditions = preconditions_conditions(request);

    if (!conditions ||
        (conditions->flags & QUIPU_CONDITIONS_TRACKING_FROM) == 0) {
        return true;
    }
    if (conditions->tracking_from == 0) {
        return SAFEGUARDED("T1.record-that-must-not-exist", !found, true);
    }
    return found && SAFEGUARDED("T1.position-of-a-record",
                                notification_id == conditions->tracking_from,
                                notification_id >= conditions->tracking_from);
}

/* The expected position precedes the rule that a record only rises: a consumer
 * that was passed gets CONFLICT, and not ALREADY. */
static int check_tracking(struct preconditions *check, quipu_error *error)
{
    const quipu_request *request = check->request;
    struct key_entry record = { .found = false };

    if (!request->tracking) {
        return QUIPU_OK;
    }
    int status = look_up_tracking(check, &record, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!quipu_common_preconditions_tracking_holds(request, record.found,
                                                   record.last)) {
        SAFEGUARD("T1.expected-position")
        refuse_at(check, QUIPU_CAUSE_TRACKING, 0, &record);
    }
    if (check->result->status == QUIPU_OK &&
        SAFEGUARDED("T2.rewinding",
                    !quipu_common_preconditions_rewinds(request), true) &&
        tracking_is_stored(check, &record)) {
        SAFEGUARD("U4.record-that-is-not-above")
        refuse(check, QUIPU_ALREADY, QUIPU_CAUSE_TRACKING, 0);
    }
    return QUIPU_OK;
}

/* --------------------------------------------------------------- positions */

/* Refuses the item at `index`. The entry may count items of this request, so
 * the position to report is read from the store (INV4). */
static int refuse_position(struct preconditions *check,
                           struct key_entry *sequence, size_t index,
                           quipu_error *error)
{
    int status = QUIPU_OK;

    SAFEGUARD("U1.last-position-is-the-stores")
    status = look_up_last(check, sequence, error);
    if (status == QUIPU_OK) {
        refuse_at(check, QUIPU_CAUSE_POSITION, index, sequence);
    }
    return status;
}

int quipu_common_preconditions_refuse_position(struct preconditions *check,
                                               size_t index, quipu_error *error)
{
    struct key_entry sequence = {
        .id = check->request->items[index].sequence_id
    };
    int status = look_up_last(check, &sequence, error);

    refuse_at(check, QUIPU_CAUSE_POSITION, index, &sequence);
    return status;
}

/* Checks the next item of a sequence in a contiguous schema, whose last
 * position so far `sequence` holds, and sets its position; or refuses it. */
static int check_contiguous(struct preconditions *check, size_t index,
                            struct key_entry *sequence, int64_t *position,
                            quipu_error *error)
{
    const quipu_item *item = &check->request->items[index];
    const int64_t next = sequence->found ? sequence->last + 1
                                         : SAFEGUARDED("S1.beginning", 0, 1);

    if ((item->flags & QUIPU_ITEM_NEXT) == 0 &&
        SAFEGUARDED("S1.explicit-position", item->position != next,
                    item->position < next)) {
        return refuse_position(check, sequence, index, error);
    }
    *position = next;
    SAFEGUARD("S2.next-in-one-append")
    sequence->found = true;
    SAFEGUARD("S2.next-in-one-append")
    sequence->last = next;
    return QUIPU_OK;
}

static int check_contiguous_items(struct preconditions *check,
                                  quipu_error *error)
{
    const quipu_request *request = check->request;
    struct key_entry *sequence = NULL;

    for (size_t i = 0;
         i < request->item_count && check->result->status == QUIPU_OK; i++) {
        const quipu_bytes id = request->items[i].sequence_id;
        bool added = false;
        int status = QUIPU_OK;

        /* Items of one sequence mostly follow each other. */
        if (!sequence || !quipu_common_key_table_is_equal(sequence->id, id)) {
            sequence =
                quipu_common_key_table_get(&check->sequences, id, 0, &added);
        }
        if (added) {
            status = look_up_last(check, sequence, error);
        }
        if (status == QUIPU_OK) {
            status = check_contiguous(check, i, sequence,
                                      check->positions ? &check->positions[i]
                                                       : &check->position,
                                      error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    return QUIPU_OK;
}

/* Positions of a sparse schema must be free in the store and in the request. */
static int check_sparse_items(struct preconditions *check, quipu_error *error)
{
    const quipu_request *request = check->request;

    for (size_t i = 0; i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        bool added = false;
        bool taken = false;
        int status = QUIPU_OK;

        (void)quipu_common_key_table_get(&check->sequences, item->sequence_id,
                                         item->position, &added);
        if (added) {
            status = check->lookups->position_is_taken(
                check->context, item->sequence_id, item->position, &taken,
                error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
        if (!added || taken) {
            return quipu_common_preconditions_refuse_position(check, i, error);
        }
    }
    return QUIPU_OK;
}

/* In a sparse schema the optimistic pass, and a driver with savepoints in both
 * passes, leaves the positions to the index. */
static int check_positions(struct preconditions *check, quipu_error *error)
{
    const quipu_host *host = check->host;
    const size_t count = check->request->item_count;
    const bool sparse = check->schema && preconditions_is_sparse(check->schema);

    if (count == 0 ||
        (sparse && (!check->strict || !check->lookups->position_is_taken))) {
        return QUIPU_OK;
    }
    if (!quipu_common_key_table_init(&check->sequences, host, count)) {
        return no_memory(check, error);
    }
    if (sparse) {
        return check_sparse_items(check, error);
    }
    if (count > 1) {
        check->positions = host->allocate(count * sizeof(*check->positions));
        if (!check->positions) {
            return no_memory(check, error);
        }
    }
    return check_contiguous_items(check, error);
}

int64_t quipu_common_preconditions_position(const struct preconditions *check,
                                            size_t index)
{
    if (preconditions_is_sparse(check->schema)) {
        return check->request->items[index].position;
    }
    return check->positions ? check->positions[index] : check->position;
}

/* -------------------------------------------------------------- the request */

/* The checks but that of the event ids, in their order (INV1). */
typedef int (*state_check)(struct preconditions *check, quipu_error *error);

/* Checks all but the event ids. */
static int check_state(struct preconditions *check, quipu_error *error)
{
    const state_check checks[] = {
        SAFEGUARDED("U4.order-of-judging", check_guards, check_tracking),
        SAFEGUARDED("K4.order-of-checks", check_entries, check_tracking),
        SAFEGUARDED(
            "K4.order-of-checks",
            SAFEGUARDED("U4.order-of-judging", check_tracking, check_guards),
            check_entries),
        check_positions,
    };
    int status = QUIPU_OK;

    for (size_t i = 0;
         status == QUIPU_OK && check->result->status == QUIPU_OK &&
         i < sizeof(checks) / sizeof(checks[0]);
         i++) {
        status = checks[i](check, error);
    }
    return status;
}

/* A check of the optimistic pass has refused the request. The event ids precede
 * it (INV1): they decide the outcome if one of them is stored. */
static int check_refused(struct preconditions *check, quipu_error *error)
{
    const quipu_result refusal = *check->result;
    bool decided = false;
    int status = QUIPU_OK;

    *check->result = (quipu_result){ .positions = refusal.positions };
    SAFEGUARD("U3.ids-before-all-else")
    status = check_event_ids(check, &decided, error);
    if (!decided) {
        *check->result = refusal;
    }
    return status;
}

int quipu_common_preconditions_check(struct preconditions *check,
                                     quipu_error *error)
{
    bool decided = false;
    int status = QUIPU_OK;

    if (check->strict) {
        status = check_event_ids(check, &decided, error);
    }
    if (status == QUIPU_OK && !decided) {
        status = check_state(check, error);
        if (status == QUIPU_OK && check->result->status != QUIPU_OK &&
            !check->strict) {
            status = check_refused(check, error);
        }
    }
    return status;
}

void quipu_common_preconditions_finish(struct preconditions *check)
{
    quipu_common_key_table_finish(&check->sequences);
    check->host->release(check->positions);
    check->positions = NULL;
}
