/* SPDX-License-Identifier: Apache-2.0 */
/* A driver that stores nothing.  It gives the answers that a test sets, counts
 * its calls, and keeps the arguments of the last. */
#ifndef QUIPU_TESTS_FAKE_DRIVER_H
#define QUIPU_TESTS_FAKE_DRIVER_H

#include <quipu/quipu.h>

enum fake_call {
    FAKE_OPEN,
    FAKE_CLOSE,
    FAKE_INTERRUPT,
    FAKE_SETUP,
    FAKE_TEARDOWN,
    FAKE_BIND,
    FAKE_UNBIND,
    FAKE_APPEND,
    FAKE_TRANSACT,
    FAKE_READ_SEQUENCE,
    FAKE_READ_LOG,
    FAKE_LIST_SCHEMAS,
    FAKE_LIST_SEQUENCES,
    FAKE_LIST_TRACKING,
    FAKE_STEP,
    FAKE_CURSOR_CLOSE,
    FAKE_LAST_POSITION,
    FAKE_LOG_HEAD,
    FAKE_WAIT,
    FAKE_READ_TRACKING,
    FAKE_BACKUP,
    FAKE_RESTORE,
    FAKE_LIST_ENTRIES,
    FAKE_READ_FILTERED,
    FAKE_FIND_EVENT,
    FAKE_ERASE,
    FAKE_ERASURES,
    FAKE_ALTER,
    FAKE_LAST_ITEM,
    FAKE_READ_SEQUENCES,
    FAKE_LIST_LOGS,
    FAKE_CALLS
};

#define FAKE_OPTIONS 8

struct fake {
    /* The answers to give. */
    int status[FAKE_CALLS];
    bool mute;       /* fails without setting an error */
    bool wrong_word; /* the error has another code than the answer */
    bool chatty;     /* sets an error even if it succeeds */
    bool no_handle;  /* answers OK, but gives NULL */
    quipu_opened opened;
    size_t taken;
    quipu_result result; /* of an append; positions are set */
    int (*work_status)(
        int status); /* status of transact, from the status of the work */
    const void *const *rows; /* NULL after the last */
    const void *page; /* not NULL: `pages` steps lend an array of page_count */
    size_t page_count;
    int pages;
    int fail_at_step; /* the n-th step answers `status`; 0: all */
    bool found;
    int64_t last_position;
    const quipu_item *last_item; /* NULL: the sequence is empty */
    size_t read_count;           /* of the last call of read_sequences */
    quipu_position position;
    /* If not NULL, called by each append instead; there may be several
     * requests. */
    int (*append)(const quipu_host *host, const quipu_request *requests,
                  size_t count, quipu_result *results, size_t *taken,
                  int64_t deadline, quipu_error *error);
    /* If not NULL, called by each wait; returns its head. */
    int64_t (*wait)(void);
    int64_t head;
    /* The numbers of items that the calls of erase report, one after the other.
     */
    int64_t erased[4];
    int64_t erasures;
    /* If not NULL, called by each read of the log, with or without a filter,
     * before it answers: sets the page that the cursor lends, and returns the
     * status. */
    int (*open_log)(const quipu_range *range);
    /* If not NULL, called before each answer. */
    void (*meanwhile)(enum fake_call call);

    /* The arguments of the last call. */
    unsigned count[FAKE_CALLS];
    int64_t deadline;
    uint32_t open_flags;
    char scheme[32];
    char body[256];
    char rest[256];
    char name_space[64];
    char option_names[FAKE_OPTIONS][32];
    char option_values[FAKE_OPTIONS][32];
    size_t option_count;
    uint32_t struct_size; /* of structs passed singly: open, schema, range */
    char table[64];
    quipu_request request;
    quipu_tracking tracking;
    int64_t *positions;
    quipu_range range;
    quipu_bytes sequence_id;
    quipu_bytes after;
    int64_t wait_after;
    char consumer[256];
    char log[256];
    char path[256];
    uint32_t backup_flags;
    quipu_conditions conditions; /* of the request, if it has some */
    quipu_entry_write entries[4];
    char prefix[512]; /* "(absent)" if it is */
    char from[512];
    const quipu_filter *filter;
    char event_id[16];
    quipu_erasure erasures_asked[4]; /* of the calls of erase, in order */
};

extern struct fake fake;

/* Makes the driver answer OK to all calls, with all capabilities, and forget
 * its calls. */
void fake_reset(void);

/*
 * Registers the driver under its schemes:
 *   fake     all operations
 *   bare     none of the optional ones
 *   unfiltered   as fake, without read_filtered, find_event and erase
 *   passes   as fake, and passes options on
 */
void fake_add(void);

/* Returns the number of calls so far. */
unsigned fake_calls(void);

/* Fixtures.  Of a group: fake_add.  Of a test: an open store of scheme "fake"
 * whose schema has all columns; at the end everything must be closed. */
int fake_group(void **state);
int fake_begin(void **state);
int fake_end(void **state);

extern quipu_datastore *fake_store;
extern quipu_records *fake_records; /* of fake_schema */

/* Contiguous, UUID ids, with event id, metadata, time, and a further column of
 * each kind, named after it; fake_begin sets it. */
extern quipu_schema fake_schema;
extern quipu_column fake_columns[7];

/* Closes fake_records and opens them again, for fake_schema as it is now. */
void fake_rebind(void);

/* Returns an item of fake_schema with all members; its bytes are static, and
 * its columns are fake_values. */
quipu_item fake_item(void);
extern quipu_value fake_values[7];

#define fake_test(test) \
    cmocka_unit_test_setup_teardown(test, fake_begin, fake_end)

#endif
