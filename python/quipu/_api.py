# SPDX-License-Identifier: Apache-2.0
"""The functions and structs of libquipu that this package uses.

The declarations are those of include/quipu/*.h. cffi calls the shared library
by them (ABI mode), so that no compiler is needed to install the package, and
releases the interpreter's lock during each call. Nothing checks them at run
time; tests/test_declarations.py compiles them against the headers.
"""

from __future__ import annotations

import sys
from typing import Any

from cffi import FFI

DECLARATIONS = """
enum quipu_status {
    QUIPU_OK = 0, QUIPU_CONFLICT = 1, QUIPU_ALREADY = 2, QUIPU_NOT_FOUND = 3,
    QUIPU_BUSY = 4, QUIPU_TIMEOUT = 5, QUIPU_UNSUPPORTED = 6,
    QUIPU_INVALID = 7, QUIPU_NO_MEMORY = 8, QUIPU_IO = 9,
    QUIPU_UNKNOWN_OUTCOME = 10, QUIPU_CORRUPT = 11, QUIPU_DENIED = 12,
    QUIPU_INTERNAL = 13
};
enum quipu_value_kind {
    QUIPU_VALUE_NULL = 0, QUIPU_VALUE_BOOL = 1, QUIPU_VALUE_INT = 2,
    QUIPU_VALUE_DOUBLE = 3, QUIPU_VALUE_TEXT = 4, QUIPU_VALUE_BYTES = 5,
    QUIPU_VALUE_UUID = 6, QUIPU_VALUE_TIME = 7
};
enum quipu_item_flag {
    QUIPU_ITEM_NEXT = 1, QUIPU_ITEM_TIME = 2, QUIPU_ITEM_ERASED = 4
};
enum quipu_schema_flag { QUIPU_SCHEMA_TEXT_IDS = 1, QUIPU_SCHEMA_SPARSE = 2 };
enum quipu_entry_flag { QUIPU_ENTRY_EXPECT = 1, QUIPU_ENTRY_DELETE = 2 };
enum quipu_demand {
    QUIPU_DEMAND_EMPTY = 1, QUIPU_DEMAND_NOT_EMPTY = 2, QUIPU_DEMAND_LAST = 3
};
enum quipu_cause {
    QUIPU_CAUSE_NONE = 0, QUIPU_CAUSE_EVENT_ID = 1, QUIPU_CAUSE_GUARD = 2,
    QUIPU_CAUSE_TRACKING = 3, QUIPU_CAUSE_POSITION = 4, QUIPU_CAUSE_ITEM = 5,
    QUIPU_CAUSE_ENTRY = 6
};
enum quipu_result_flag { QUIPU_RESULT_HAS_LAST = 1, QUIPU_RESULT_REPEATED = 2 };
enum quipu_query_flag {
    QUIPU_QUERY_GT = 1, QUIPU_QUERY_GTE = 2, QUIPU_QUERY_LT = 4,
    QUIPU_QUERY_LTE = 8, QUIPU_QUERY_LIMIT = 16, QUIPU_QUERY_DESCENDING = 32
};
enum quipu_subscription_flag {
    QUIPU_SUBSCRIPTION_FROM_NOW = 1, QUIPU_SUBSCRIPTION_TO_NOW = 2
};

typedef struct quipu_datastore quipu_datastore;
typedef struct quipu_records quipu_records;
typedef struct quipu_cursor quipu_cursor;
typedef struct quipu_sequences quipu_sequences;
typedef struct quipu_subscription quipu_subscription;
typedef struct quipu_settings quipu_settings;

typedef struct quipu_error {
    int32_t code;
    int32_t native;
    char sqlstate[8];
    char message[1008];
} quipu_error;
typedef struct quipu_bytes { const void *data; size_t size; } quipu_bytes;
typedef struct quipu_uuid { uint8_t bytes[16]; } quipu_uuid;
typedef struct quipu_time { int64_t microseconds; } quipu_time;
typedef struct quipu_value {
    int32_t kind;
    uint32_t reserved;
    union { int64_t integer; double real; quipu_bytes bytes; } as;
} quipu_value;
typedef struct quipu_item {
    quipu_bytes sequence_id;
    int64_t position;
    int64_t notification_id;
    quipu_bytes topic;
    quipu_bytes state;
    quipu_bytes event_id;
    quipu_bytes metadata;
    quipu_time time;
    const quipu_value *columns;
    size_t column_count;
    const quipu_bytes *tags;
    size_t tag_count;
    uint32_t flags;
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_item;
typedef struct quipu_column {
    const char *name;
    int32_t kind;
    uint32_t reserved;
    const char *attribute;
    uint64_t reserved2[2];
} quipu_column;
typedef struct quipu_schema {
    uint32_t struct_size;
    uint32_t flags;
    const char *table;
    const char *notification_id;
    const char *sequence_id;
    const char *position;
    const char *topic;
    const char *state;
    const char *event_id;
    const char *metadata;
    const char *time;
    const quipu_column *columns;
    size_t column_count;
} quipu_schema;
typedef struct quipu_position {
    int64_t notification_id;
    quipu_uuid store;
    quipu_uuid event_id;
} quipu_position;
typedef struct quipu_tracking {
    quipu_bytes consumer;
    quipu_bytes log;
    quipu_position position;
    uint64_t reserved[2];
} quipu_tracking;
typedef struct quipu_entry {
    quipu_bytes key;
    quipu_bytes value;
    int64_t revision;
    uint64_t reserved[2];
} quipu_entry;
typedef struct quipu_entry_write {
    quipu_bytes key;
    quipu_bytes value;
    int64_t revision;
    uint32_t flags;
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_entry_write;
typedef struct quipu_conditions {
    uint32_t struct_size;
    uint32_t flags;
    const quipu_entry_write *entries;
    size_t entry_count;
    int64_t tracking_from;
} quipu_conditions;
typedef struct quipu_sequence {
    quipu_bytes id;
    int64_t last_position;
    uint64_t reserved[2];
} quipu_sequence;
typedef struct quipu_guard {
    quipu_bytes sequence_id;
    int64_t position;
    int32_t demand;
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_guard;
typedef struct quipu_append {
    uint32_t struct_size;
    uint32_t reserved;
    const quipu_item *items;
    size_t item_count;
    const quipu_guard *guards;
    size_t guard_count;
    const quipu_tracking *tracking;
    const quipu_conditions *conditions;
} quipu_append;
typedef struct quipu_result {
    int32_t status;
    int32_t cause;
    uint32_t flags;
    uint32_t reserved;
    size_t index;
    int64_t last_position;
    int64_t first_notification_id;
    int64_t *positions;
    uint64_t reserved2[2];
} quipu_result;
typedef struct quipu_query {
    uint32_t struct_size;
    uint32_t flags;
    int64_t gt, gte, lt, lte;
    int64_t limit;
} quipu_query;
typedef struct quipu_match {
    const quipu_bytes *topics;
    size_t topic_count;
    const quipu_bytes *tags;
    size_t tag_count;
    uint64_t reserved[4];
} quipu_match;
typedef struct quipu_filter {
    uint32_t struct_size;
    uint32_t partition_count;
    uint64_t partitions;
    const quipu_match *matches;
    size_t match_count;
    const quipu_bytes *prefixes;
    size_t prefix_count;
} quipu_filter;
typedef struct quipu_limits {
    uint64_t state_size;
    uint64_t append_items;
    uint64_t append_size;
    uint64_t reserved[5];
} quipu_limits;
typedef struct quipu_datastore_info {
    uint32_t struct_size;
    uint32_t capabilities;
    quipu_uuid identity;
    quipu_limits limits;
    const char *uri;
    const char *driver;
    const char *driver_version;
    const char *library;
    const char *name_space;
    bool readonly;
    bool relaxed;
} quipu_datastore_info;
typedef struct quipu_subscription_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *consumer;
    const char *log;
    quipu_datastore *tracking;
    quipu_position after;
    const quipu_filter *filter;
    uint32_t record_items;
    uint32_t record_milliseconds;
} quipu_subscription_options;

const char *quipu_status_name(int status);
bool quipu_status_is_transient(int status);
void quipu_uuid_ordered(quipu_uuid *uuid);

int quipu_datastore_open(const char *uri, const quipu_settings *settings,
                         quipu_datastore **datastore, quipu_error *error);
int quipu_datastore_close(quipu_datastore *datastore, quipu_error *error);
void quipu_datastore_interrupt(quipu_datastore *datastore);
int quipu_datastore_setup(quipu_datastore *datastore,
                          const quipu_schema *schema, quipu_error *error);
int quipu_datastore_teardown(quipu_datastore *datastore,
                             const quipu_schema *schema, quipu_error *error);
int quipu_datastore_describe(const quipu_datastore *datastore,
                             quipu_datastore_info *info, quipu_error *error);
int quipu_datastore_commit(quipu_datastore *datastore,
                           const quipu_append *append, quipu_result *result,
                           quipu_error *error);
int quipu_tracking_read(quipu_datastore *datastore, const char *consumer,
                        const char *log, quipu_position *position,
                        quipu_error *error);
int quipu_tracking_wait(quipu_datastore *tracking, const char *consumer,
                        const char *log, int64_t notification_id,
                        int64_t milliseconds, quipu_error *error);
int quipu_entry_read(quipu_datastore *datastore, const char *key,
                     quipu_entry **entry, quipu_error *error);
void quipu_entry_destroy(quipu_entry *entry);

int quipu_records_open(quipu_datastore *datastore, const quipu_schema *schema,
                       quipu_records **records, quipu_error *error);
int quipu_records_close(quipu_records *records, quipu_error *error);
int quipu_records_append(quipu_records *records, const quipu_append *append,
                         quipu_result *result, quipu_error *error);
int quipu_records_read(quipu_records *records, quipu_bytes sequence_id,
                       const quipu_query *query, quipu_cursor **cursor,
                       quipu_error *error);
int quipu_records_read_filtered(quipu_records *records,
                                const quipu_query *query,
                                const quipu_filter *filter,
                                quipu_cursor **cursor, quipu_error *error);
int quipu_records_find_event(quipu_records *records,
                             const quipu_uuid *event_id, quipu_cursor **cursor,
                             quipu_error *error);
int quipu_cursor_next(quipu_cursor *cursor, const quipu_item **item,
                      quipu_error *error);
void quipu_cursor_close(quipu_cursor *cursor);
int quipu_records_last(quipu_records *records, quipu_bytes sequence_id,
                       int64_t *position, quipu_error *error);
int quipu_records_head(quipu_records *records, quipu_position *head,
                       quipu_error *error);
int quipu_records_position(quipu_records *records, int64_t notification_id,
                           quipu_position *position, quipu_error *error);
int quipu_records_wait(quipu_records *records, int64_t after,
                       int64_t milliseconds, int64_t *head,
                       quipu_error *error);
int quipu_sequences_open(quipu_records *records, quipu_bytes after,
                         quipu_sequences **sequences, quipu_error *error);
int quipu_sequences_next(quipu_sequences *sequences,
                         const quipu_sequence **sequence, quipu_error *error);
void quipu_sequences_close(quipu_sequences *sequences);

int quipu_subscription_open(quipu_records *records,
                            const quipu_subscription_options *options,
                            quipu_subscription **subscription,
                            quipu_error *error);
int quipu_subscription_next(quipu_subscription *subscription,
                            const quipu_item **item, int64_t milliseconds,
                            quipu_error *error);
int quipu_subscription_acknowledge(quipu_subscription *subscription,
                                   quipu_error *error);
int quipu_subscription_position(quipu_subscription *subscription,
                                quipu_position *position, quipu_error *error);
void quipu_subscription_stop(quipu_subscription *subscription);
int quipu_subscription_close(quipu_subscription *subscription,
                             quipu_error *error);
"""

LIBRARY = "libquipu.so.0"

ffi: Any = FFI()
ffi.cdef(DECLARATIONS)


def _load() -> Any:
    try:
        return ffi.dlopen(LIBRARY)
    except OSError as error:
        raise ImportError(
            f"{LIBRARY} cannot be loaded: {error}. Install quipu, run ldconfig "
            "if it is in /usr/local/lib, or name its folder in LD_LIBRARY_PATH."
        ) from error


if sys.maxsize < 2**32:
    raise ImportError("this package needs a 64-bit interpreter")
lib: Any = _load()
