/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of a correct store have no violation; changes that keep them
 * correct cause none; and each kind of damage is found and named.
 */
#include "quipu_test.h"

#include "history_fixture.h"
#include "history_model.h"

#include <inttypes.h>

#define ROUNDS 60

/* Damages the history; returns false if it has no place for the damage. */
typedef bool (*damage_fn)(struct model *m);

static bool is_stored(const struct model_operation *op)
{
    return op->kind == MODEL_APPEND && op->status &&
           strcmp(op->status, "OK") == 0;
}

static bool is_nonempty_read(const struct model_operation *op)
{
    return (op->kind == MODEL_READ || op->kind == MODEL_LOG) && op->count > 0;
}

/* A random operation for which `is` returns true, or NULL. */
static struct model_operation *some(
    struct model *m, bool (*is)(const struct model_operation *op))
{
    size_t start = (size_t)model_random(m, m->count);

    for (size_t i = 0; i < m->count; i++) {
        struct model_operation *op = &m->operations[(start + i) % m->count];

        if (is(op)) {
            return op;
        }
    }
    return NULL;
}

static const struct model_operation *appender_of(const struct model *m,
                                                 int64_t id)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct model_operation *op = &m->operations[i];

        if (is_stored(op) && op->result <= id &&
            id < op->result + (int64_t)op->count) {
            return op;
        }
    }
    return NULL;
}

/* ---------------------------------------------- changes that do no damage */

static bool drop_responses(struct model *m)
{
    for (int i = 0; i < 10; i++) {
        struct model_operation *op = some(m, is_stored);

        if (!op) {
            return false;
        }
        op->status = i % 2 ? NULL : "UNKNOWN_OUTCOME";
    }
    return true;
}

static bool stretch(struct model *m)
{
    for (size_t i = 0; i < m->count; i++) {
        m->operations[i].begin -= (int64_t)model_random(m, 50);
        m->operations[i].end += (int64_t)model_random(m, 50);
    }
    m->time += 50;
    return true;
}

static bool nothing(struct model *m)
{
    (void)m;
    return true;
}

/* ---------------------------------------------------------------- damages */

static bool lose_last_append(struct model *m)
{
    const struct model_operation *op = appender_of(m, (int64_t)m->head);

    m->head -= op->count;
    return true;
}

static bool fail_stored_append(struct model *m)
{
    struct model_operation *op = some(m, is_stored);

    if (!op) {
        return false;
    }
    op->status = "BUSY";
    return true;
}

static bool show_other_item(struct model *m)
{
    struct model_operation *op = some(m, is_nonempty_read);

    if (!op) {
        return false;
    }
    op->entries[op->count - 1].number = 10000;
    return true;
}

static bool has_two(const struct model_operation *op)
{
    return is_stored(op) && op->count > 1;
}

static bool tear_last_append(struct model *m)
{
    const struct model_operation *op = appender_of(m, (int64_t)m->head);

    m->head--;
    return op->count > 1;
}

static bool tear_append(struct model *m)
{
    const struct model_operation *op = some(m, has_two);
    struct model_entry *entry;

    if (!op) {
        return false;
    }
    entry = &m->log[op->result];
    entry->session = m->log[0].session;
    entry->number = m->log[0].number;
    entry->index = m->log[0].index;
    return op->result > 1;
}

static bool store_item_twice(struct model *m)
{
    m->log[m->head] = m->log[model_random(m, m->head)];
    m->log[m->head].position = m->lengths[m->log[m->head].sequence];
    m->log[m->head].id = (int64_t)m->head + 1;
    m->head++;
    return true;
}

static bool show_entry_twice(struct model *m)
{
    struct model_operation *op = some(m, is_nonempty_read);

    if (!op) {
        return false;
    }
    op->limit++;
    op->entries[op->count] = op->entries[op->count - 1];
    op->count++;
    return true;
}

static bool skip_an_id(struct model *m)
{
    size_t from = (size_t)model_random(m, m->head);

    for (size_t i = from; i < m->head; i++) {
        m->log[i].id++;
    }
    return true;
}

static bool is_long_log(const struct model_operation *op)
{
    return op->kind == MODEL_LOG && op->count > 4;
}

/* Removes an entry of another append than its neighbours: otherwise the append
 * would be torn. */
static bool hide_an_id(struct model *m)
{
    struct model_operation *op = some(m, is_long_log);
    size_t i = 1;

    while (op && i + 1 < op->count) {
        const struct model_operation *own = appender_of(m, op->entries[i].id);

        if (own != appender_of(m, op->entries[i - 1].id) &&
            own != appender_of(m, op->entries[i + 1].id)) {
            memmove(&op->entries[i], &op->entries[i + 1],
                    (op->count - i - 1) * sizeof(*op->entries));
            op->count--;
            op->limit--;
            return true;
        }
        i++;
    }
    return false;
}

/* Makes an acknowledged append later than one that follows it in the log. */
static bool reorder_append(struct model *m)
{
    struct model_operation *op = some(m, is_stored);

    if (!op || op->result + (int64_t)op->count > (int64_t)m->head) {
        return false; /* the last append may be later */
    }
    op->begin = m->time;
    op->instant = op->end = ++m->time;
    m->time++;
    return true;
}

static bool reads_head(const struct model_operation *op)
{
    return op->kind == MODEL_HEAD;
}

static bool read_old_head(struct model *m)
{
    struct model_operation *op = some(m, reads_head);

    if (!op || op->result == (int64_t)m->head) {
        return false;
    }
    op->begin = m->time;
    op->end = ++m->time;
    m->time++;
    return true;
}

/* Without responses to appends only what reads show is left. */
static bool read_heads_backwards(struct model *m)
{
    struct model_operation *before, *after = some(m, reads_head);

    if (!after || after->result == (int64_t)m->head) {
        return false;
    }
    for (size_t i = 0; i < m->count; i++) {
        if (is_stored(&m->operations[i])) {
            m->operations[i].status = NULL;
        }
    }
    before = some(m, is_nonempty_read);
    if (!before) {
        return false;
    }
    before->kind = MODEL_HEAD;
    before->result = (int64_t)m->head;
    before->begin = m->time;
    before->end = m->time + 1;
    after->begin = m->time + 2;
    after->end = m->time + 3;
    m->time += 4;
    return true;
}

static bool read_before_appends(struct model *m)
{
    struct model_operation *op = some(m, is_nonempty_read);

    if (!op) {
        return false;
    }
    for (size_t i = 0; i < m->count; i++) {
        m->operations[i].begin += 10;
        m->operations[i].instant += 10;
        m->operations[i].end += 10;
    }
    m->time += 10;
    op->begin = 1;
    op->instant = op->end = 2;
    return true;
}

static bool is_conflict(const struct model_operation *op)
{
    return op->kind == MODEL_APPEND && op->status &&
           strcmp(op->status, "CONFLICT") == 0;
}

static bool remove_cause_of_conflict(struct model *m)
{
    struct model_operation *op = some(m, is_conflict);

    if (!op) {
        return false;
    }
    op->result =
        strcmp(op->cause, "guard") == 0 ? op->guard : op->items[0].position - 1;
    return true;
}

static bool report_false_last_position(struct model *m)
{
    struct model_operation *op = some(m, is_conflict);

    if (!op) {
        return false;
    }
    op->result = m->lengths[op->items[0].sequence] + 500;
    return true;
}

static bool is_guarded(const struct model_operation *op)
{
    return is_stored(op) && op->guarded;
}

static bool change_guard_of_stored_append(struct model *m)
{
    struct model_operation *op = some(m, is_guarded);

    if (!op) {
        return false;
    }
    op->guard += 1;
    return true;
}

static bool return_wrong_ids(struct model *m)
{
    struct model_operation *op = some(m, is_stored);

    if (!op) {
        return false;
    }
    op->result += model_random(m, 2) ? 1 : -1;
    return true;
}

static bool exceed_limit(struct model *m)
{
    struct model_operation *op = some(m, is_nonempty_read);

    if (!op) {
        return false;
    }
    op->limit = (int64_t)op->count - 1;
    return true;
}

static bool alter_read_entry(struct model *m)
{
    struct model_operation *op = some(m, is_nonempty_read);

    if (!op) {
        return false;
    }
    op->entries[model_random(m, op->count)].hash ^= 1;
    return true;
}

static bool alter_stored_item(struct model *m)
{
    m->log[model_random(m, m->head)].hash ^= 1u << 7;
    return true;
}

/* ------------------------------------------------------------------- rounds */

static void check(struct model *m, struct quipu_violations *violations)
{
    char *sessions[MODEL_SESSIONS + 2];

    model_write(m, sessions);
    history_check((const char *const *)sessions, violations);
    for (int i = 0; sessions[i]; i++) {
        free(sessions[i]);
    }
}

/* `kind` -1: the change does no damage. */
static void run(damage_fn damage, int kind)
{
    static struct model m;
    static struct quipu_violations violations;
    uint64_t seed = 1; /* the same histories each time */
    unsigned done = 0;

    for (unsigned i = 0; i < ROUNDS; i++, seed++) {
        model_run(&m, seed);
        if (damage(&m)) {
            bool right;

            check(&m, &violations);
            right =
                kind < 0 ? violations.total == 0 : violations.counts[kind] > 0;
            if (!right) {
                print_error("seed %" PRIu64 "\n%s", seed, history_report());
                fail();
            }
            done++;
        }
        model_finish(&m);
    }
    assert_true(done > ROUNDS / 20); /* often enough applicable */
}

#define TEST(name, damage, kind)   \
    static void name(void **state) \
    {                              \
        (void)state;               \
        run(damage, kind);         \
    }

TEST(correct_history_has_no_violation, nothing, -1)
TEST(history_with_unknown_outcomes_has_no_violation, drop_responses, -1)
TEST(stretched_history_has_no_violation, stretch, -1)
TEST(lost_append_is_found, lose_last_append, QUIPU_LOST_APPEND)
TEST(visible_failed_append_is_found, fail_stored_append, QUIPU_FAILED_VISIBLE)
TEST(vanished_item_is_found, show_other_item, QUIPU_VANISHED)
TEST(append_torn_at_the_end_is_found, tear_last_append, QUIPU_TORN_APPEND)
TEST(torn_append_is_found, tear_append, QUIPU_TORN_APPEND)
TEST(duplicate_is_found, store_item_twice, QUIPU_DUPLICATE)
TEST(duplicate_in_a_read_is_found, show_entry_twice, QUIPU_DUPLICATE)
TEST(gap_is_found, skip_an_id, QUIPU_GAP)
TEST(late_arrival_is_found, hide_an_id, QUIPU_LATE_ARRIVAL)
TEST(reordered_append_is_found, reorder_append, QUIPU_REORDERED)
TEST(stale_read_is_found, read_old_head, QUIPU_STALE_READ)
TEST(non_monotonic_read_is_found, read_heads_backwards, QUIPU_NON_MONOTONIC)
TEST(early_read_is_found, read_before_appends, QUIPU_TOO_EARLY)
TEST(unjustified_conflict_is_found, remove_cause_of_conflict,
     QUIPU_UNJUSTIFIED_CONFLICT)
TEST(conflict_with_false_last_position_is_found, report_false_last_position,
     QUIPU_UNJUSTIFIED_CONFLICT)
TEST(unjustified_success_is_found, change_guard_of_stored_append,
     QUIPU_UNJUSTIFIED_SUCCESS)
TEST(wrong_result_is_found, return_wrong_ids, QUIPU_WRONG_RESULT)
TEST(wrong_read_is_found, exceed_limit, QUIPU_WRONG_READ)
TEST(altered_read_is_found, alter_read_entry, QUIPU_ALTERED_ITEM)
TEST(altered_item_is_found, alter_stored_item, QUIPU_ALTERED_ITEM)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correct_history_has_no_violation),
        cmocka_unit_test(history_with_unknown_outcomes_has_no_violation),
        cmocka_unit_test(stretched_history_has_no_violation),
        cmocka_unit_test(lost_append_is_found),
        cmocka_unit_test(visible_failed_append_is_found),
        cmocka_unit_test(vanished_item_is_found),
        cmocka_unit_test(append_torn_at_the_end_is_found),
        cmocka_unit_test(torn_append_is_found),
        cmocka_unit_test(duplicate_is_found),
        cmocka_unit_test(duplicate_in_a_read_is_found),
        cmocka_unit_test(gap_is_found),
        cmocka_unit_test(late_arrival_is_found),
        cmocka_unit_test(reordered_append_is_found),
        cmocka_unit_test(stale_read_is_found),
        cmocka_unit_test(non_monotonic_read_is_found),
        cmocka_unit_test(early_read_is_found),
        cmocka_unit_test(unjustified_conflict_is_found),
        cmocka_unit_test(conflict_with_false_last_position_is_found),
        cmocka_unit_test(unjustified_success_is_found),
        cmocka_unit_test(wrong_result_is_found),
        cmocka_unit_test(wrong_read_is_found),
        cmocka_unit_test(altered_read_is_found),
        cmocka_unit_test(altered_item_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
