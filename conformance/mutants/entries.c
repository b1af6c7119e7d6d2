/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants that are wrong about key-value entries, and about the conditions of
 * an append.
 *
 * Most of them change a request before they pass it to the base driver, one at
 * a time, so that the base driver cannot do what they do wrong.
 */
#include "mutant.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ------------------------------------------------------------ changed requests
 */

/* A request whose conditions may be changed. */
struct changed {
    quipu_request request;
    quipu_conditions conditions;
    quipu_entry_write *writes; /* a copy; to be freed */
};

static struct changed change(const quipu_request *request)
{
    const quipu_conditions *given = request->condition;
    struct changed c = { .request = *request };

    if (!given) {
        return c;
    }
    c.conditions = *given;
    c.writes = calloc(given->entry_count + 1, sizeof(*c.writes));
    if (!c.writes) {
        abort();
    }
    for (size_t i = 0; i < given->entry_count; i++) {
        c.writes[i] = given->entries[i];
    }
    c.conditions.entries = c.writes;
    return c;
}

/* Passes the changed request on, and frees it; returns the status. */
static int append_changed(struct append_call *a, struct changed *c)
{
    int status;

    if (c->request.condition) {
        c->request.condition = &c->conditions;
    }
    status = mutant_append_one(a, &c->request);
    free(c->writes);
    return status;
}

static bool is_check(const quipu_entry_write *write)
{
    return write->flags & QUIPU_ENTRY_CHECK;
}

static void forget_expectation(quipu_entry_write *write)
{
    write->flags &= ~(uint32_t)QUIPU_ENTRY_EXPECT;
    write->revision = 0;
}

/* Removes the checks, and the expectations of the other writes. */
static void forget_expectations(struct changed *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->conditions.entry_count; i++) {
        if (!is_check(&c->writes[i])) {
            c->writes[count] = c->writes[i];
            forget_expectation(&c->writes[count]);
            count++;
        }
    }
    c->conditions.entry_count = count;
}

/* Writes the entries of a request by an append of their own, whatever they
 * expect.  Leaves the results of the call alone. */
static void write_entries(struct append_call *a, const quipu_request *request)
{
    struct changed c = change(request);
    quipu_result result = { .status = QUIPU_OK };
    struct append_call own = *a;
    size_t taken;

    if (!request->condition) {
        return;
    }
    forget_expectations(&c);
    c.conditions.flags = 0;
    c.conditions.tracking_from = 0;
    own.results = &result;
    own.taken = &taken;
    c.request = (quipu_request){ .condition = &c.conditions };
    (void)append_changed(&own, &c);
}

/* ------------------------------------------------------------- expectations */

/* M110: ignores expected revisions. */
static int ignore_expectations(struct append_call *a)
{
    struct changed c = change(a->requests);

    forget_expectations(&c);
    return append_changed(a, &c);
}

/* Returns the revision of an entry in the base driver; 0: there is none. */
static int64_t revision_of(quipu_driver_datastore *datastore, quipu_bytes key)
{
    const quipu_driver *base = mutant_base_driver();
    quipu_driver_cursor *cursor;
    const void *rows = NULL;
    size_t count = 0;
    int64_t revision = 0;

    if (base->list_entries(datastore, key, key, INT64_MAX, &cursor, NULL) !=
        QUIPU_OK) {
        abort();
    }
    if (base->step(cursor, INT64_MAX, &rows, &count, NULL) == QUIPU_OK &&
        count > 0) {
        const quipu_entry *entry = rows;

        revision = mutant_bytes_equal(entry->key, key) ? entry->revision : 0;
    }
    base->cursor_close(cursor);
    return revision;
}

/* M111: judges all requests of a call against the state before the first.  It
 * waits, so that requests of other threads queue up behind it. */
static int judge_before_group(struct append_call *a)
{
    quipu_request *requests = calloc(a->count, sizeof(*requests));
    struct changed *changed = calloc(a->count, sizeof(*changed));
    struct append_call all = *a;
    int status;

    if (!requests || !changed) {
        abort();
    }
    for (size_t i = 0; i < a->count; i++) {
        changed[i] = change(&a->requests[i]);
        for (size_t k = 0; k < changed[i].conditions.entry_count; k++) {
            quipu_entry_write *write = &changed[i].writes[k];

            if (!is_check(write) &&
                revision_of(a->datastore, write->key) == write->revision) {
                forget_expectation(write);
            }
        }
        requests[i] = changed[i].request;
        if (requests[i].condition) {
            requests[i].condition = &changed[i].conditions;
        }
    }
    all.requests = requests;
    status = mutant_append_all(&all);
    for (size_t i = 0; i < a->count; i++) {
        free(changed[i].writes);
    }
    free(changed);
    free(requests);
    mutant_sleep(2000000);
    return status;
}

/* ------------------------------------------------------- entries and refusals
 */

/* M92: writes the entries of an append before it checks the rest. */
static int write_although_refused(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && a->results[0].status != QUIPU_OK &&
        a->results[0].cause != QUIPU_CAUSE_ENTRY) {
        write_entries(a, a->requests);
    }
    return status;
}

/* M93: writes the entries of a repeat. */
static int write_at_repeat(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && (a->results[0].flags & QUIPU_RESULT_REPEATED)) {
        write_entries(a, a->requests);
    }
    return status;
}

/* M94: commits the items first, and then the entries. */
static int write_afterwards(struct append_call *a)
{
    struct changed c = change(a->requests);
    size_t count = 0;
    int status;

    for (size_t i = 0; i < c.conditions.entry_count; i++) {
        if (c.writes[i].flags & QUIPU_ENTRY_EXPECT) {
            c.writes[count] = c.writes[i];
            c.writes[count].flags = QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK;
            c.writes[count].value = (quipu_bytes){ NULL, 0 };
            count++;
        }
    }
    c.conditions.entry_count = count;
    status = append_changed(a, &c);
    if (status == QUIPU_OK && a->results[0].status == QUIPU_OK &&
        !(a->results[0].flags & QUIPU_RESULT_REPEATED)) {
        mutant_sleep(200000);
        write_entries(a, a->requests);
    }
    return status;
}

/* M95: checks entries, runs the function, and then begins the transaction. */
static int check_before_function(quipu_driver_datastore *datastore,
                                 const quipu_request *request, quipu_work work,
                                 void *context, quipu_result *result,
                                 int64_t deadline, quipu_error *error)
{
    struct changed c = change(request);
    quipu_request checks = { .condition = request->condition };
    size_t taken;
    struct append_call a = { datastore, &checks,  1,    result,
                             &taken,    deadline, error };
    int status = request->condition ? mutant_append_first(&a) : QUIPU_OK;

    if (status == QUIPU_OK && (!request->condition || !result->status)) {
        status = work(&a, context, error);
    }
    if (status != QUIPU_OK || result->status) {
        free(c.writes);
        return status;
    }
    forget_expectations(&c);
    return append_changed(&a, &c);
}

static int open_with_transact(const quipu_host *host, const quipu_open *how,
                              int64_t deadline,
                              quipu_driver_datastore **datastore,
                              quipu_opened *opened, quipu_error *error)
{
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    opened->capabilities |= QUIPU_CAN_TRANSACT;
    return status;
}

/* --------------------------------------------------------- tracking records */

/* M96: ignores the expected position of a tracking record. */
static int ignore_expected_position(struct append_call *a)
{
    struct changed c = change(a->requests);

    if (!(c.conditions.flags & QUIPU_CONDITIONS_TRACKING_REWIND)) {
        c.conditions.flags = 0;
        c.conditions.tracking_from = 0;
    }
    return append_changed(a, &c);
}

/* M97: keeps a tracking record where it is, instead of setting it back. */
static int ignore_rewinding(struct append_call *a)
{
    struct changed c = change(a->requests);

    if (c.conditions.flags & QUIPU_CONDITIONS_TRACKING_REWIND) {
        c.conditions.flags = 0;
        c.conditions.tracking_from = 0;
        c.request.tracking = NULL;
    }
    return append_changed(a, &c);
}

/* ---------------------------------------------------------------- revisions */

#define KEYS 64

/* Keys that were created again, and the revision before their first; under
 * `lock`. */
static struct {
    char key[QUIPU_KEY_MAX];
    size_t size;
    int64_t before;
} again[KEYS];

static size_t again_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Returns the revision that counts as 0 for the key. */
static int64_t *before_first(quipu_bytes key)
{
    size_t i = 0;

    while (i < again_count &&
           !mutant_bytes_equal((quipu_bytes){ again[i].key, again[i].size },
                               key)) {
        i++;
    }
    if (i == again_count) {
        if (i == KEYS) {
            abort();
        }
        memcpy(again[i].key, key.data, key.size);
        again[i].size = key.size;
        again[i].before = 0;
        again_count++;
    }
    return &again[i].before;
}

/* M98: the revision of an entry begins at 1 again after its deletion.  The base
 * driver's own revisions are shown with the difference. */
static int begin_again(struct append_call *a)
{
    struct changed c = change(a->requests);
    const quipu_conditions *given = a->requests[0].condition;
    int status;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < c.conditions.entry_count; i++) {
        if (c.writes[i].revision > 0 &&
            *before_first(c.writes[i].key) < INT64_MAX) {
            c.writes[i].revision += *before_first(c.writes[i].key);
        }
    }
    status = append_changed(a, &c);
    for (size_t i = 0; given && status == QUIPU_OK && i < given->entry_count;
         i++) {
        quipu_bytes key = given->entries[i].key;
        int64_t revision = revision_of(a->datastore, key);

        if (given->entries[i].flags & QUIPU_ENTRY_DELETE) {
            *before_first(key) = INT64_MAX;
        } else if (*before_first(key) == INT64_MAX && revision > 0) {
            *before_first(key) = revision - 1;
        }
    }
    pthread_mutex_unlock(&lock);
    return status;
}

static bool show_from_one(quipu_entry *row)
{
    pthread_mutex_lock(&lock);
    row->revision -= *before_first(row->key);
    pthread_mutex_unlock(&lock);
    return true;
}

/* ----------------------------------------------------------------- listings */

/* M99: compares keys as text of any case. */
static int compare_ignoring_case(const void *a, const void *b)
{
    const quipu_bytes *one = &((const quipu_entry *)a)->key;
    const quipu_bytes *two = &((const quipu_entry *)b)->key;
    size_t shorter = one->size < two->size ? one->size : two->size;
    int order = strncasecmp(one->data, two->data, shorter);

    return order ? order : (one->size > two->size) - (one->size < two->size);
}

/* M100: a prefix is only where the listing begins. */
static int list_from_prefix(quipu_driver_datastore *datastore,
                            quipu_bytes prefix, quipu_bytes from,
                            int64_t deadline, quipu_driver_cursor **cursor,
                            quipu_error *error)
{
    const quipu_bytes all = { NULL, 0 };

    return mutant_base_driver()->list_entries(
        datastore, all, from.data ? from : prefix, deadline, cursor, error);
}

/* M101: keeps values as text that ends at a NUL. */
static bool cut_at_nul(quipu_entry *row)
{
    row->value.size = strnlen(row->value.data, row->value.size);
    return true;
}

/* M102: readers have a copy of the entries that is two milliseconds old. */
static _Atomic int64_t last_write;

static int note_write(struct append_call *a)
{
    int status = mutant_append_first(a);

    atomic_store(&last_write, mutant_now());
    return status;
}

static bool hide_new(quipu_entry *row)
{
    (void)row;
    return mutant_now() - atomic_load(&last_write) >
           INT64_C(2000000) * mutant_patience;
}

static const struct mutant mutants[] = {
    { "M110", "expected-revision-is-ignored",
      "compare-and-swap whose compare is left out", "K4.expected-revision",
      .append = ignore_expectations },
    { "M111", "expectation-is-judged-before-the-group",
      "group commit: two compare-and-swaps of one batch both succeed",
      "K4.race", .append = judge_before_group },
    { "M92", "refused-append-writes-its-entries",
      "projections: the read model is written before the version is checked",
      "K2.refused-append-writes-no-entry", .append = write_although_refused },
    { "M93", "repeat-writes-its-entries",
      "outbox: a retried command overwrites what came after it",
      "K2.repeat-writes-no-entry", .append = write_at_repeat },
    { "M94", "entries-are-committed-after-the-items",
      "a read model that is written in a second transaction", "K2.together",
      .append = write_afterwards },
    { "M95", "check-is-not-held-until-the-commit",
      "read committed: a row that was read is changed before the commit",
      "K7.check-holds",
      .replaced = { .open = open_with_transact,
                    .transact = check_before_function } },
    { "M96", "expected-tracking-position-is-ignored",
      "two daemons with other batch sizes apply events twice",
      "T1.overlapping-batch-is-refused", .append = ignore_expected_position },
    { "M97", "tracking-record-is-not-rewound",
      "a rebuild that empties the read model and keeps the checkpoint",
      "T2.rewind", .append = ignore_rewinding },
    { "M98", "revision-begins-again-after-deletion",
      "ZooKeeper: the version of a node that is created again is 0",
      "K3.revisions", .append = begin_again, .entry = show_from_one },
    { "M99", "entries-are-listed-ignoring-case",
      "PostgreSQL, MySQL: keys are ordered by a collation", "K6.order",
      .compare_entries = compare_ignoring_case },
    { "M100", "prefix-has-no-end",
      "LevelDB: iterators that seek to a prefix go on behind it", "K6.order",
      .replaced = { .list_entries = list_from_prefix } },
    { "M101", "value-ends-at-a-nul", "SQLite: a blob that is bound as text",
      "K6.values-of-any-bytes", .entry = cut_at_nul },
    { "M102", "entries-are-read-from-an-old-copy",
      "read replicas: a program does not read its own write",
      "K1.visible-at-once", .append = note_write, .entry = hide_new },
};
MUTANT_FAMILY(entries);
