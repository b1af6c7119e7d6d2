/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests events of two releases of a program in one store (Y1 to Y3), whose URI
 * is in EVOLVE_URI: cursors, replay, snapshots, subscriptions, projections, and
 * appends that are repeated after an upgrade.
 */
#include <stdlib.h>

#include <quipu/declare.h>
#include <quipu/quipu.h>

#include "quipu_test.h"

#include "domain/aggregate_type.h"

#define TABLE "evolving"

/* ---------------------------------------------------------------- releases */

QUIPU_EVENT(added_1, "Sum.Increased", QUIPU_VALUE(int64_t, amount));
QUIPU_EVENT(noted_1, "Sum.Noted", QUIPU_VALUE(int64_t, ignored));
static const quipu_event_type *const types_1[] = { &added_1, &noted_1 };

/* Version 2 counts in hundredths. */
static int to_cents(quipu_rewrite *members, quipu_error *error)
{
    int64_t amount = 0;

    if (!quipu_rewrite_int(members, "amount", &amount)) {
        return quipu_error_set(error, QUIPU_CORRUPT, "no amount");
    }
    quipu_rewrite_remove(members, "amount");
    quipu_rewrite_set_int(members, "cents", amount * 100);
    return QUIPU_OK;
}

static const quipu_cast casts[] = { { .from = 1, .cast = to_cents }, { 0 } };
static const char *const topics[] = { "Sum.Increased", NULL };
static const quipu_event_traits added_traits = {
    .struct_size = sizeof(added_traits),
    .version = 2,
    .casts = casts,
    .aliases = topics,
};
QUIPU_EVENT(added, "Sum.Added", QUIPU_VALUE(int64_t, cents),
            QUIPU_TRAITS(added_traits));
static const quipu_event_type *const types_2[] = { &added };
static const char *const retired[] = { "Sum.Noted", NULL };

QUIPU_AGGREGATE(sum, QUIPU_VALUE(int64_t, cents));
QUIPU_HANDLER(sum, added)
{
    sum->cents += event->cents;
    return QUIPU_OK;
}
static QUIPU_AGGREGATE_TYPE(sum, "Sum", QUIPU_APPLIES(added));

/* ------------------------------------------------------------------ stores */

struct release {
    quipu_datastore *datastore;
    quipu_store *store;
};

static quipu_schema schema_of(void)
{
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.table = TABLE;
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    return schema;
}

static void release_open(struct release *release, int number)
{
    const quipu_schema schema = schema_of();
    const quipu_mapping mapping = {
        .struct_size = sizeof(mapping),
        .types = number == 1 ? types_1 : types_2,
        .type_count = number == 1 ? 2 : 1,
        .retired = number == 1 ? NULL : retired,
    };
    quipu_error error;

    assert_ok(quipu_datastore_open(getenv("EVOLVE_URI"), NULL,
                                   &release->datastore, &error),
              &error);
    assert_ok(quipu_datastore_setup(release->datastore, &schema, &error),
              &error);
    assert_ok(quipu_store_open(release->datastore, &schema, &mapping,
                               &release->store, &error),
              &error);
}

static void release_close(struct release *release)
{
    quipu_error error;

    assert_ok(quipu_store_close(release->store, &error), &error);
    assert_ok(quipu_datastore_close(release->datastore, &error), &error);
}

static quipu_id id_of(const char *text)
{
    quipu_id id;

    assert_ok(quipu_id_of_text(&id, text, NULL), NULL);
    return id;
}

static void append(struct release *release, quipu_event *event,
                   const quipu_event_type *type, const char *name,
                   int64_t version)
{
    const quipu_id id = id_of(name);
    const quipu_event *const events[] = { event };
    quipu_error error;

    quipu_event_init(event, type, &id, version);
    assert_ok(quipu_store_append(release->store, events, 1, NULL, &error),
              &error);
}

/* Removes the schema, and stores events of the first release: "a" has 1, a
 * note and 2; "b" a note, 4 and a note. */
static int set_up(void **state)
{
    const quipu_schema schema = schema_of();
    struct release first;
    struct added_1 one = { .amount = 1 };
    struct added_1 two = { .amount = 2 };
    struct added_1 four = { .amount = 4 };
    struct noted_1 note = { .ignored = 9 };
    quipu_error error;

    (void)state;
    release_open(&first, 1);
    (void)quipu_store_close(first.store, NULL);
    assert_ok(quipu_datastore_teardown(first.datastore, &schema, &error),
              &error);
    assert_ok(quipu_datastore_close(first.datastore, &error), &error);
    release_open(&first, 1);
    append(&first, &one.base, &added_1, "a", 0);
    append(&first, &note.base, &noted_1, "a", 1);
    append(&first, &note.base, &noted_1, "b", 0);
    append(&first, &two.base, &added_1, "a", 2);
    append(&first, &four.base, &added_1, "b", 1);
    append(&first, &note.base, &noted_1, "b", 2);
    release_close(&first);
    return 0;
}

/* ------------------------------------------------------------------- tests */

static void cursors_cast_and_pass_over(void **state)
{
    static const int64_t cents[] = { 100, 200, 400 };
    struct release second;
    quipu_events *events = NULL;
    const quipu_event *event = NULL;
    quipu_event *last = NULL;
    const quipu_id b = id_of("b");
    quipu_error error;

    (void)state;
    release_open(&second, 2);
    assert_ok(quipu_store_read_log(second.store, NULL, &events, &error),
              &error);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(quipu_events_next(events, &event, &error), &error);
        assert_non_null(event);
        assert_int_equal(((const struct added *)event)->cents, cents[i]);
    }
    assert_ok(quipu_events_next(events, &event, &error), &error);
    assert_null(event);
    assert_null(quipu_events_item(events));
    quipu_events_close(events);
    assert_ok(quipu_store_last(second.store, &b, &last, &error), &error);
    assert_int_equal(last->originator_version, 1);
    quipu_event_destroy(last);
    release_close(&second);
}

static void expect_sum(quipu_repository *sums, const char *name, int64_t cents,
                       int64_t version)
{
    const quipu_id id = id_of(name);
    quipu_error error;
    struct sum *sum = quipu_repository_get(sums, &id, &error);

    if (!sum) {
        fail_msg("%s", error.message);
        return;
    }
    assert_int_equal(sum->cents, cents);
    assert_int_equal(sum->base.version, version);
    quipu_aggregate_destroy(&sum->base);
}

/* Adds 5 cents. */
static int add(quipu_unit *unit, void *context, quipu_error *error)
{
    const quipu_id id = id_of("b");
    struct sum *sum = quipu_unit_get(unit, context, &id, error);

    return sum ? QUIPU_TRIGGER(sum, added, error, .cents = 5) : error->code;
}

/* "b" begins and ends with an event that is retired. */
static void replay_keeps_the_versions(void **state)
{
    struct release second;
    quipu_repository *sums = NULL;
    const quipu_id b = id_of("b");
    quipu_error error;

    (void)state;
    release_open(&second, 2);
    assert_ok(
        quipu_repository_open(second.store, NULL, &sum_type, &sums, &error),
        &error);
    expect_sum(sums, "a", 300, 3);
    expect_sum(sums, "b", 400, 3);
    struct sum *before = quipu_repository_get_at(sums, &b, 0, &error);

    assert_non_null(before);
    assert_int_equal(before->cents, 0);
    assert_int_equal(before->base.version, 1);
    quipu_aggregate_destroy(&before->base);
    assert_ok(quipu_unit_run(second.store, NULL, add, sums, NULL, &error),
              &error);
    expect_sum(sums, "b", 405, 4);
    quipu_repository_close(sums);
    release_close(&second);
}

/* The last item of the state that a snapshot has is one that is retired. */
static void snapshots_contain_what_is_passed_over(void **state)
{
    const quipu_snapshot_policy policy = { .struct_size = sizeof(policy),
                                           .every = 2 };
    quipu_repository_counts counts = { .struct_size = sizeof(counts) };
    struct release second;
    quipu_repository *sums = NULL;
    quipu_error error;

    (void)state;
    release_open(&second, 2);
    assert_ok(
        quipu_repository_open(second.store, NULL, &sum_type, &sums, &error),
        &error);
    assert_ok(quipu_repository_use_snapshots(sums, &policy, &error), &error);
    expect_sum(sums, "b", 400, 3);
    expect_sum(sums, "b", 400, 3);
    assert_ok(quipu_repository_count(sums, &counts, &error), &error);
    assert_int_equal(counts.snapshots_used, 1);
    assert_int_equal(counts.snapshots_refused, 0);
    quipu_repository_close(sums);
    release_close(&second);
}

static uint64_t layout_of(const quipu_event_type *event,
                          const char *const *retired_topics)
{
    const quipu_handler handlers[] = { { .event = event }, { 0 } };
    const quipu_aggregate_type type = { .name = "Sum",
                                        .size = sizeof(struct sum),
                                        .fields = sum_fields,
                                        .handlers = handlers };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = &event,
                                    .type_count = 1,
                                    .retired = retired_topics };
    const quipu_schema schema = schema_of();
    quipu_mapper *mapper = NULL;
    quipu_error error;

    assert_ok(quipu_mapper_open(&schema, &mapping, &mapper, &error), &error);
    uint64_t layout = quipu_aggregate_type_layout(&type, mapper);

    quipu_mapper_close(mapper);
    return layout;
}

/* So a snapshot from before such a change is not used (D3). */
static void layouts_contain_versions_aliases_and_retired_topics(void **state)
{
    const quipu_field fields[] = { QUIPU_FIELD(struct added, cents),
                                   QUIPU_FIELD_ALIAS(struct added, cents,
                                                     "pence"),
                                   { 0 } };
    quipu_event_traits traits = added_traits;
    quipu_event_type type = added;
    const uint64_t layout = layout_of(&added, NULL);

    (void)state;
    assert_true(layout_of(&added, NULL) == layout);
    assert_true(layout_of(&added, retired) != layout);
    type.traits = &traits;
    assert_true(layout_of(&type, NULL) == layout);
    traits.aliases = NULL;
    assert_true(layout_of(&type, NULL) != layout);
    traits = (quipu_event_traits){ .struct_size = sizeof(traits),
                                   .aliases = topics };
    assert_true(layout_of(&type, NULL) != layout);
    type = added;
    type.fields = fields;
    type.field_count = sizeof(fields) / sizeof(fields[0]);
    assert_true(layout_of(&type, NULL) != layout);
}

/* The filter names the topic of today; the items have that of the first
 * release. */
static void filters_ask_for_aliases(void **state)
{
    const quipu_bytes wanted = quipu_bytes_of_text("Sum.Added");
    const quipu_match match = { .topics = &wanted, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .flags = QUIPU_SUBSCRIPTION_TO_NOW,
        .filter = &filter,
    };
    const quipu_item *item = NULL;
    quipu_subscription *subscription = NULL;
    struct release second;
    size_t count = 0;
    quipu_error error;

    (void)state;
    release_open(&second, 2);
    assert_ok(quipu_subscription_open_events(second.store, &options,
                                             &subscription, &error),
              &error);
    do {
        assert_ok(quipu_subscription_next(subscription, &item, 10000, &error),
                  &error);
        if (item) {
            const quipu_event *event = NULL;

            assert_ok(quipu_subscription_event(subscription, &event, &error),
                      &error);
            assert_ptr_equal(event->type, &added);
            count++;
        }
    } while (item);
    assert_int_equal(count, 3);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    release_close(&second);
}

/* Without a filter, too. */
static void subscriptions_pass_over_retired_items(void **state)
{
    const quipu_subscription_options options = {
        .struct_size = sizeof(options), .flags = QUIPU_SUBSCRIPTION_TO_NOW
    };
    const quipu_item *item = NULL;
    quipu_subscription *subscription = NULL;
    quipu_position position = { .notification_id = 0 };
    struct release second;
    size_t count = 0;
    quipu_error error;

    (void)state;
    release_open(&second, 2);
    assert_ok(quipu_subscription_open_events(second.store, &options,
                                             &subscription, &error),
              &error);
    do {
        assert_ok(quipu_subscription_next(subscription, &item, 10000, &error),
                  &error);
        if (item) {
            count++;
            assert_ok(quipu_subscription_acknowledge(subscription, &error),
                      &error);
        }
    } while (item);
    assert_int_equal(count, 3);
    assert_ok(quipu_subscription_position(subscription, &position, &error),
              &error);
    assert_int_equal(position.notification_id, 6);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    release_close(&second);
}

static int on_added(void *native, void *context, const quipu_event *event,
                    const quipu_item *item, quipu_error *error)
{
    (void)native;
    (void)item;
    (void)error;
    *(int64_t *)context += ((const struct added *)event)->cents;
    return QUIPU_OK;
}

static void projections_get_events_under_aliases(void **state)
{
    static const quipu_projection_handler handlers[] = {
        { .event = &added, .apply = on_added }, { 0 }
    };
    static const quipu_projection_type type = { .name = "sums",
                                                .version = 1,
                                                .handlers = handlers };
    int64_t cents = 0;
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &cents };
    quipu_projection *projection = NULL;
    struct release second;
    bool caught_up = false;
    quipu_error error;

    (void)state;
    release_open(&second, 2);
    assert_ok(quipu_projection_open(second.store, &type, &options, &projection,
                                    &error),
              &error);
    assert_ok(quipu_projection_reset(projection, &error), &error);
    cents = 0;
    while (!caught_up) {
        assert_ok(quipu_projection_step(projection, &caught_up, &error),
                  &error);
    }
    assert_int_equal(cents, 700);
    assert_ok(quipu_projection_close(projection, &error), &error);
    release_close(&second);
}

/* The first release has appended an event, and the second one repeats that. */
static void repeats_of_another_release_are_recognised(void **state)
{
    struct release first;
    struct release second;
    struct added_1 old = { .amount = 8 };
    struct added again = { .cents = 800 };
    const quipu_event *const olds[] = { &old.base };
    const quipu_event *const agains[] = { &again.base };
    quipu_result result = { 0 };
    quipu_error error;

    (void)state;
    release_open(&first, 1);
    append(&first, &old.base, &added_1, "c", 0);
    assert_ok(quipu_store_append(first.store, olds, 1, &result, &error),
              &error); /* a repeat of the same release */
    release_open(&second, 2);
    again.base = old.base;
    again.base.type = &added;
    assert_ok(quipu_store_append(second.store, agains, 1, &result, &error),
              &error);
    assert_int_equal(result.first_notification_id, 7);
    again.cents = 801; /* another event of that id */
    assert_status(quipu_store_append(second.store, agains, 1, &result, &error),
                  QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_EVENT_ID);
    release_close(&second);
    release_close(&first);
}

/* The first release meets what the second one has written. */
static void earlier_releases_refuse_newer_events(void **state)
{
    static const quipu_event_type renamed = { .topic = "Sum.Added",
                                              .size = sizeof(struct added_1),
                                              .fields = added_1_fields };
    static const quipu_event_type *const types[] = { &renamed };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1 };
    const quipu_schema schema = schema_of();
    const quipu_id id = id_of("d");
    struct added event = { .cents = 1 };
    struct release second;
    quipu_store *store = NULL;
    quipu_event *last = NULL;
    quipu_error error;

    (void)state;
    release_open(&second, 2);
    append(&second, &event.base, &added, "d", 0);
    assert_ok(
        quipu_store_open(second.datastore, &schema, &mapping, &store, &error),
        &error);
    assert_refused(quipu_store_last(store, &id, &last, &error),
                   QUIPU_UNSUPPORTED, &error,
                   "event Sum.Added of sequence d at position 0: it is of "
                   "version 2, and its event type in this program is of "
                   "version 1");
    assert_ok(quipu_store_close(store, &error), &error);
    release_close(&second);
}

int main(void)
{
#define WITH_EVENTS(test) cmocka_unit_test_setup(test, set_up)
    const struct CMUnitTest tests[] = {
        WITH_EVENTS(cursors_cast_and_pass_over),
        WITH_EVENTS(replay_keeps_the_versions),
        WITH_EVENTS(snapshots_contain_what_is_passed_over),
        cmocka_unit_test(layouts_contain_versions_aliases_and_retired_topics),
        WITH_EVENTS(filters_ask_for_aliases),
        WITH_EVENTS(subscriptions_pass_over_retired_items),
        WITH_EVENTS(projections_get_events_under_aliases),
        WITH_EVENTS(repeats_of_another_release_are_recognised),
        WITH_EVENTS(earlier_releases_refuse_newer_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
