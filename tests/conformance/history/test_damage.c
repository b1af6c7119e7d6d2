/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories that are right are found to be right; changes that keep them
 * right are found so, too; and each kind of damage is found, by its name.
 */
#include "quipu_test.h"

#include "history_fixture.h"
#include "history_model.h"

#include <inttypes.h>

#define ROUNDS 60

/* Damages the history, or says that it has no place for that. */
typedef bool (*damage_fn)(struct model *m);

static bool is_stored(const struct model_operation *op)
{
    return op->kind == MODEL_APPEND && op->status &&
           strcmp(op->status, "OK") == 0;
}

static bool is_listing(const struct model_operation *op)
{
    return (op->kind == MODEL_READ || op->kind == MODEL_LOG) && op->count > 0;
}

/* One of those that are so, or NULL. */
static struct model_operation *some(
    struct model *m, bool (*is)(const struct model_operation *op))
{
    size_t start = model_random(m, m->count);

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

/* ------------------------------------------------- what keeps it as it was */

static bool forget_answers(struct model *m)
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

static bool lose_the_last(struct model *m)
{
    const struct model_operation *op = appender_of(m, (int64_t)m->head);

    m->head -= op->count;
    return true;
}

static bool deny(struct model *m)
{
    struct model_operation *op = some(m, is_stored);

    if (!op) {
        return false;
    }
    op->status = "BUSY";
    return true;
}

static bool see_another(struct model *m)
{
    struct model_operation *op = some(m, is_listing);

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

static bool tear_the_end(struct model *m)
{
    const struct model_operation *op = appender_of(m, (int64_t)m->head);

    m->head--;
    return op->count > 1;
}

static bool tear_in_the_middle(struct model *m)
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

static bool store_twice(struct model *m)
{
    m->log[m->head] = m->log[model_random(m, m->head)];
    m->log[m->head].position = m->lengths[m->log[m->head].sequence];
    m->log[m->head].id = (int64_t)m->head + 1;
    m->head++;
    return true;
}

static bool show_twice(struct model *m)
{
    struct model_operation *op = some(m, is_listing);

    if (!op) {
        return false;
    }
    op->limit++;
    op->entries[op->count] = op->entries[op->count - 1];
    op->count++;
    return true;
}

static bool leave_an_id_out(struct model *m)
{
    size_t from = model_random(m, m->head);

    for (size_t i = from; i < m->head; i++) {
        m->log[i].id++;
    }
    return true;
}

static bool is_long_log(const struct model_operation *op)
{
    return op->kind == MODEL_LOG && op->count > 4;
}

/* Of another append than its neighbours, or it would be torn. */
static bool arrive_late(struct model *m)
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

/* An append that was acknowledged moves behind one that began later. */
static bool reorder(struct model *m)
{
    struct model_operation *op = some(m, is_stored);

    if (!op || op->result + (int64_t)op->count > (int64_t)m->head) {
        return false; /* the last one may be as late as it likes */
    }
    op->begin = m->time;
    op->instant = op->end = ++m->time;
    m->time++;
    return true;
}

static bool shows_the_head(const struct model_operation *op)
{
    return op->kind == MODEL_HEAD;
}

static bool read_stale(struct model *m)
{
    struct model_operation *op = some(m, shows_the_head);

    if (!op || op->result == (int64_t)m->head) {
        return false;
    }
    op->begin = m->time;
    op->end = ++m->time;
    m->time++;
    return true;
}

/* With no answer to any append only what others saw is left. */
static bool read_backwards(struct model *m)
{
    struct model_operation *before, *after = some(m, shows_the_head);

    if (!after || after->result == (int64_t)m->head) {
        return false;
    }
    for (size_t i = 0; i < m->count; i++) {
        if (is_stored(&m->operations[i])) {
            m->operations[i].status = NULL;
        }
    }
    before = some(m, is_listing);
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

static bool read_early(struct model *m)
{
    struct model_operation *op = some(m, is_listing);

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

static bool refuse_without_cause(struct model *m)
{
    struct model_operation *op = some(m, is_conflict);

    if (!op) {
        return false;
    }
    op->result =
        strcmp(op->cause, "guard") == 0 ? op->guard : op->items[0].position - 1;
    return true;
}

static bool tell_a_last_that_never_was(struct model *m)
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

static bool succeed_without_cause(struct model *m)
{
    struct model_operation *op = some(m, is_guarded);

    if (!op) {
        return false;
    }
    op->guard += 1;
    return true;
}

static bool tell_wrong_ids(struct model *m)
{
    struct model_operation *op = some(m, is_stored);

    if (!op) {
        return false;
    }
    op->result += model_random(m, 2) ? 1 : -1;
    return true;
}

static bool read_beyond(struct model *m)
{
    struct model_operation *op = some(m, is_listing);

    if (!op) {
        return false;
    }
    op->limit = (int64_t)op->count - 1;
    return true;
}

static bool alter(struct model *m)
{
    struct model_operation *op = some(m, is_listing);

    if (!op) {
        return false;
    }
    op->entries[model_random(m, op->count)].hash ^= 1;
    return true;
}

static bool alter_what_is_stored(struct model *m)
{
    m->log[model_random(m, m->head)].hash ^= 1u << 7;
    return true;
}

/* ------------------------------------------------------------------- rounds */

static void judge(struct model *m, struct quipu_violations *violations)
{
    char *sessions[MODEL_SESSIONS + 2];

    model_write(m, sessions);
    history_check((const char *const *)sessions, violations);
    for (int i = 0; sessions[i]; i++) {
        free(sessions[i]);
    }
}

/* `kind` -1: it stays right. */
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

            judge(&m, &violations);
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
    assert_true(done > ROUNDS / 20); /* the damage finds its place */
}

#define TEST(name, damage, kind)   \
    static void name(void **state) \
    {                              \
        (void)state;               \
        run(damage, kind);         \
    }

TEST(right_ones_are_right, nothing, -1)
TEST(unknown_outcomes_are_right, forget_answers, -1)
TEST(slower_ones_are_right, stretch, -1)
TEST(a_lost_append_is_found, lose_the_last, QUIPU_LOST_APPEND)
TEST(a_refused_append_is_found, deny, QUIPU_FAILED_VISIBLE)
TEST(what_vanished_is_found, see_another, QUIPU_VANISHED)
TEST(a_torn_end_is_found, tear_the_end, QUIPU_TORN_APPEND)
TEST(a_torn_append_is_found, tear_in_the_middle, QUIPU_TORN_APPEND)
TEST(a_duplicate_is_found, store_twice, QUIPU_DUPLICATE)
TEST(a_duplicate_in_a_read_is_found, show_twice, QUIPU_DUPLICATE)
TEST(a_gap_is_found, leave_an_id_out, QUIPU_GAP)
TEST(a_late_arrival_is_found, arrive_late, QUIPU_LATE_ARRIVAL)
TEST(another_order_is_found, reorder, QUIPU_REORDERED)
TEST(a_stale_read_is_found, read_stale, QUIPU_STALE_READ)
TEST(a_read_that_goes_back_is_found, read_backwards, QUIPU_NON_MONOTONIC)
TEST(what_is_seen_too_early_is_found, read_early, QUIPU_TOO_EARLY)
TEST(a_causeless_refusal_is_found, refuse_without_cause,
     QUIPU_UNJUSTIFIED_CONFLICT)
TEST(a_false_refusal_is_found, tell_a_last_that_never_was,
     QUIPU_UNJUSTIFIED_CONFLICT)
TEST(a_causeless_success_is_found, succeed_without_cause,
     QUIPU_UNJUSTIFIED_SUCCESS)
TEST(a_wrong_result_is_found, tell_wrong_ids, QUIPU_WRONG_RESULT)
TEST(a_wrong_read_is_found, read_beyond, QUIPU_WRONG_READ)
TEST(an_altered_read_is_found, alter, QUIPU_ALTERED_ITEM)
TEST(an_altered_item_is_found, alter_what_is_stored, QUIPU_ALTERED_ITEM)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_ones_are_right),
        cmocka_unit_test(unknown_outcomes_are_right),
        cmocka_unit_test(slower_ones_are_right),
        cmocka_unit_test(a_lost_append_is_found),
        cmocka_unit_test(a_refused_append_is_found),
        cmocka_unit_test(what_vanished_is_found),
        cmocka_unit_test(a_torn_end_is_found),
        cmocka_unit_test(a_torn_append_is_found),
        cmocka_unit_test(a_duplicate_is_found),
        cmocka_unit_test(a_duplicate_in_a_read_is_found),
        cmocka_unit_test(a_gap_is_found),
        cmocka_unit_test(a_late_arrival_is_found),
        cmocka_unit_test(another_order_is_found),
        cmocka_unit_test(a_stale_read_is_found),
        cmocka_unit_test(a_read_that_goes_back_is_found),
        cmocka_unit_test(what_is_seen_too_early_is_found),
        cmocka_unit_test(a_causeless_refusal_is_found),
        cmocka_unit_test(a_false_refusal_is_found),
        cmocka_unit_test(a_causeless_success_is_found),
        cmocka_unit_test(a_wrong_result_is_found),
        cmocka_unit_test(a_wrong_read_is_found),
        cmocka_unit_test(an_altered_read_is_found),
        cmocka_unit_test(an_altered_item_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
