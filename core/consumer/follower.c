/* SPDX-License-Identifier: Apache-2.0 */
/* Following a log; follower.h has the method and the invariants. */
#include "consumer/follower.h"

#include <inttypes.h>
#include <string.h>

#include <quipu/id.h>

#include "base/clock.h"
#include "base/memory.h"
#include "datastore/driver_call.h"

#define MILLISECOND INT64_C(1000000)
#define CHECK_NANOSECONDS (1000 * MILLISECOND)

/* ---------------------------------------------------------------- opening */

static int check_operations(const quipu_datastore *datastore,
                            quipu_error *error)
{
    const quipu_driver *driver = datastore->driver;
    int status = quipu_driver_call_supported(
        datastore, QUIPU_CALL_READ_LOG, driver->read_log, QUIPU_CAN_LOG, error);

    if (status == QUIPU_OK) {
        status =
            quipu_driver_call_supported(datastore, QUIPU_CALL_LOG_HEAD,
                                        driver->log_head, QUIPU_CAN_LOG, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(
            datastore, QUIPU_CALL_WAIT, driver->wait, QUIPU_CAN_LOG, error);
    }
    return status;
}

int quipu_follower_init(struct quipu_follower *follower, quipu_records *records,
                        const quipu_filter *filter,
                        struct quipu_stopper *stopper, quipu_error *error)
{
    int status = check_operations(records->datastore, error);

    *follower = (struct quipu_follower){ .records = records,
                                         .stopper = stopper,
                                         .end = INT64_MAX };
    if (status == QUIPU_OK) {
        status = quipu_records_head(records, &follower->head, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_filter_copy(records->schema, filter, &follower->filter,
                                   error);
    }
    return status;
}

void quipu_follower_reset(struct quipu_follower *follower)
{
    if (follower->is_scanning) {
        quipu_log_scan_finish(&follower->scan);
        follower->is_scanning = false;
    }
    follower->checked_time = 0;
}

void quipu_follower_move(struct quipu_follower *follower,
                         const quipu_position *position,
                         uint32_t partition_count, uint64_t partitions)
{
    quipu_follower_reset(follower);
    follower->examined = *position;
    follower->filter->partition_count = partition_count;
    follower->filter->partitions = partitions;
}

void quipu_follower_finish(struct quipu_follower *follower)
{
    quipu_follower_reset(follower);
    quipu_release(follower->filter);
    follower->filter = NULL;
}

/* --------------------------------------------------------------- checking */

/* Sets CONFLICT: the log ends before the position. */
static int refuse_set_back(const struct quipu_follower *follower,
                           quipu_error *error)
{
    const char *consumer = follower->consumer;

    return quipu_error_set(
        error, QUIPU_CONFLICT,
        "the log of \"%s\" ends at notification %" PRId64
        ", but %s%s%s has processed it up to %" PRId64
        ": the store was set back, for example by a restored backup. Find out "
        "what the events that are missing have caused, then reset the consumer",
        follower->records->schema->table, follower->head.notification_id,
        consumer ? "consumer \"" : "this subscription",
        consumer ? consumer : "", consumer ? "\"" : "",
        follower->examined.notification_id);
}

static bool is_other_store(const quipu_uuid *a, const quipu_uuid *b)
{
    return !quipu_uuid_is_nil(a) && !quipu_uuid_is_nil(b) &&
           memcmp(a, b, sizeof(*a)) != 0;
}

int quipu_follower_check(struct quipu_follower *follower, quipu_error *error)
{
    const quipu_position *examined = &follower->examined;
    int status = quipu_records_head(follower->records, &follower->head, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (is_other_store(&examined->store, &follower->head.store)) {
        return quipu_error_set(
            error, QUIPU_CONFLICT,
            "the log of \"%s\" is that of another store than the position "
            "%" PRId64 " to continue behind: the store was exchanged",
            follower->records->schema->table, examined->notification_id);
    }
    if (examined->notification_id > follower->head.notification_id) {
        return refuse_set_back(follower, error);
    }
    status = quipu_records_check_position(follower->records, examined, error);
    if (status == QUIPU_OK) {
        follower->checked_time = quipu_clock_now();
    }
    return status;
}

int quipu_follower_complete(const struct quipu_follower *follower,
                            quipu_position *position, quipu_error *error)
{
    if (position->notification_id < 1 ||
        !quipu_uuid_is_nil(&position->event_id) ||
        !follower->records->schema->event_id) {
        return QUIPU_OK;
    }
    return quipu_records_position(follower->records, position->notification_id,
                                  position, error);
}

/* ---------------------------------------------------------------- reading */

/* Reads the head again, and checks the position if the last check is old. */
static int look(struct quipu_follower *follower, quipu_error *error)
{
    int64_t now = quipu_clock_now();

    if (follower->checked_time == 0 ||
        now - follower->checked_time > CHECK_NANOSECONDS) {
        return quipu_follower_check(follower, error); /* INV2 */
    }
    int status = quipu_records_head(follower->records, &follower->head, error);

    return status == QUIPU_OK && follower->head.notification_id <
                                     follower->examined.notification_id
               ? refuse_set_back(follower, error)
               : status;
}

static void begin_scan(struct quipu_follower *follower)
{
    const quipu_range range = {
        .struct_size = sizeof(range),
        .lower = follower->examined.notification_id + 1,
        .upper = follower->end,
        .limit = INT64_MAX,
    };

    quipu_log_scan_init(&follower->scan, follower->records, follower->filter,
                        &range, follower->head.notification_id);
    follower->is_scanning = !follower->scan.is_done;
}

/* The event id of the last examined item is known if it is the head. */
static void examine_window(struct quipu_follower *follower)
{
    int64_t id = follower->scan.next - 1;

    if (id == follower->head.notification_id) {
        follower->examined = follower->head;
    } else if (id > follower->examined.notification_id) {
        follower->examined = (quipu_position){ .notification_id = id,
                                               .store = follower->head.store };
    }
    if (follower->scan.is_done) {
        quipu_log_scan_finish(&follower->scan);
        follower->is_scanning = false;
    }
}

static void examine_item(struct quipu_follower *follower,
                         const quipu_item *item)
{
    quipu_position position = { .notification_id = item->notification_id,
                                .store = follower->head.store };

    if (item->event_id.size == sizeof(position.event_id.bytes)) {
        memcpy(position.event_id.bytes, item->event_id.data,
               sizeof(position.event_id.bytes));
    }
    follower->examined = position;
}

int quipu_follower_read(struct quipu_follower *follower,
                        const quipu_item **item, quipu_error *error)
{
    int status = QUIPU_OK;

    *item = NULL;
    if (!follower->is_scanning) {
        status = look(follower, error);
        if (status != QUIPU_OK) {
            return status;
        }
        begin_scan(follower);
    }
    if (follower->is_scanning) {
        status = quipu_log_scan_next(&follower->scan, item, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (*item) {
        examine_item(follower, *item);
    } else if (follower->is_scanning) {
        examine_window(follower);
    }
    return QUIPU_OK;
}

/* ---------------------------------------------------------------- waiting */

int quipu_follower_wait(struct quipu_follower *follower, int64_t deadline,
                        quipu_error *error)
{
    int64_t slice = quipu_clock_deadline(QUIPU_STOPPER_SLICE);
    int64_t left = quipu_clock_left(deadline < slice ? deadline : slice);
    int64_t head;

    if (!quipu_stopper_begin_wait(follower->stopper)) {
        return QUIPU_OK;
    }
    int status = quipu_records_wait(
        follower->records, follower->examined.notification_id,
        (left + MILLISECOND - 1) / MILLISECOND, &head, error);

    quipu_stopper_end_wait(follower->stopper);
    return status == QUIPU_TIMEOUT ? QUIPU_OK : status;
}
