/* SPDX-License-Identifier: Apache-2.0 */
/* Tracking records (tracking.h). */
#include "tracking.h"

#include "format/checksum.h"
#include "txn/read_txn.h"

#include "common/safeguard.h"

#include <string.h>

struct tracking_record {
    uint32_t checksum;
    uint32_t reserved;
    quipu_position position;
};

MDB_val quipu_lmdb_tracking_key(unsigned char bytes[TRACKING_KEY_MAX],
                                quipu_bytes consumer, quipu_bytes log)
{
    memcpy(bytes, consumer.data, consumer.size);
    bytes[consumer.size] = '\0';
    memcpy(bytes + consumer.size + 1, log.data, log.size);
    return (MDB_val){ consumer.size + 1 +
                          SAFEGUARDED("U4.record-of-its-log", log.size, 0),
                      bytes };
}

bool quipu_lmdb_tracking_split(const MDB_val *key, quipu_bytes *consumer,
                               quipu_bytes *log)
{
    const char *bytes = key->mv_data;
    const char *zero = memchr(bytes, '\0', key->mv_size);
    if (!zero || key->mv_size > TRACKING_KEY_MAX) {
        return false;
    }
    *consumer = (quipu_bytes){ bytes, (size_t)(zero - bytes) };
    *log = (quipu_bytes){ zero + 1, key->mv_size - consumer->size - 1 };
    return consumer->size <= QUIPU_ID_MAX && log->size <= QUIPU_ID_MAX;
}

bool quipu_lmdb_tracking_position(const MDB_val *value,
                                  quipu_position *position)
{
    struct tracking_record record;
    if (value->mv_size != sizeof(record)) {
        return false;
    }
    memcpy(&record, value->mv_data, sizeof(record));
    *position = record.position;
    return record.checksum == checksum_of_record(&record, sizeof(record), 0);
}

int quipu_lmdb_tracking_get(const quipu_driver_datastore *datastore,
                            const struct snapshot *snapshot,
                            quipu_bytes consumer, quipu_bytes log,
                            quipu_position *position)
{
    unsigned char bytes[TRACKING_KEY_MAX];
    MDB_val key = quipu_lmdb_tracking_key(bytes, consumer, log);
    MDB_val value;
    int code = btree_lookup(snapshot, &datastore->tracked, key, &value);
    return code == MDB_SUCCESS &&
                   !quipu_lmdb_tracking_position(&value, position)
               ? MDB_CORRUPTED
               : code;
}

int quipu_lmdb_tracking_put(const quipu_driver_datastore *datastore,
                            MDB_txn *txn, const quipu_tracking *tracking)
{
    unsigned char bytes[TRACKING_KEY_MAX];
    struct tracking_record record = { .position = tracking->position };
    record.checksum = checksum_of_record(&record, sizeof(record), 0);
    MDB_val key =
        quipu_lmdb_tracking_key(bytes, tracking->consumer, tracking->log);
    MDB_val value = { sizeof(record), &record };
    return mdb_put(txn, datastore->tracked.dbi, &key, &value, 0);
}

int quipu_lmdb_tracking_delete(const quipu_driver_datastore *datastore,
                               MDB_txn *txn, const quipu_tracking *tracking)
{
    unsigned char bytes[TRACKING_KEY_MAX];
    MDB_val key =
        quipu_lmdb_tracking_key(bytes, tracking->consumer, tracking->log);
    return mdb_del(txn, datastore->tracked.dbi, &key, NULL);
}

struct request {
    quipu_bytes consumer;
    quipu_bytes log;
    quipu_position *position;
    int code;
};

static int read_record(quipu_driver_datastore *datastore,
                       const struct snapshot *snapshot, void *context,
                       quipu_error *error)
{
    struct request *request = context;
    (void)error;
    request->code =
        quipu_lmdb_tracking_get(datastore, snapshot, request->consumer,
                                request->log, request->position);
    return QUIPU_OK;
}

int quipu_lmdb_tracking_read(quipu_driver_datastore *datastore,
                             quipu_bytes consumer, quipu_bytes log,
                             int64_t deadline, quipu_position *position,
                             quipu_error *error)
{
    struct request request = { consumer, log, position, MDB_SUCCESS };
    int status = quipu_lmdb_read_txn_run(datastore, deadline, read_record,
                                         &request, error);
    if (status != QUIPU_OK || request.code == MDB_SUCCESS) {
        return status;
    }
    if (request.code == MDB_NOTFOUND) {
        return datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "consumer \"%.*s\" has no tracking record of log \"%.*s\"",
            (int)consumer.size, (const char *)consumer.data, (int)log.size,
            (const char *)log.data);
    }
    return quipu_lmdb_error_set(datastore->host, datastore->name, request.code,
                                "read a tracking record", error);
}
