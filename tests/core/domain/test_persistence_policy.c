/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which lists a persistence policy stores, refuses and ignores. */
#include "core/store/store_fixture.h"
#include "domain_fixture.h"

static int add_driver(void **state)
{
    (void)state;
    script_add_driver();
    return 0;
}

static const quipu_event_type *const all_types[] = { &note_dropped, &noted };
static const quipu_event_type *const dropped_only[] = { &note_dropped };
static const quipu_mapping both = {
    .struct_size = sizeof(both),
    .types = all_types,
    .type_count = 2,
};

struct scene {
    struct opened opened;
    quipu_bus *bus;
    quipu_persistence_policy *policy;
    quipu_id id;
    struct note_dropped dropped;
    struct noted note;
};

static void scene_open(struct scene *scene, const quipu_mapping *mapping,
                       const quipu_event_type *const *types, size_t count)
{
    quipu_error error;

    memset(scene, 0, sizeof(*scene));
    opened_open(&scene->opened, 0, mapping);
    assert_ok(quipu_bus_open(&scene->bus, &error), &error);
    assert_ok(quipu_persistence_policy_open(scene->bus, scene->opened.store,
                                            types, count, &scene->policy,
                                            &error),
              &error);
    scene->id = uuid_id();
    scene->note = make_noted(&scene->id, 0, "milk");
    quipu_event_init(&scene->dropped.base, &note_dropped, &scene->id, 0);
}

static void scene_close(struct scene *scene)
{
    quipu_error error;

    quipu_persistence_policy_close(scene->policy);
    assert_ok(quipu_bus_close(scene->bus, &error), &error);
    opened_close(&scene->opened);
}

static int publish(struct scene *scene, const quipu_event *first,
                   const quipu_event *second, quipu_error *error)
{
    const quipu_event *const events[] = { first, second };

    return quipu_bus_publish(scene->bus, events, second ? 2 : 1, error);
}

static void all_published_events_are_stored_as_one_append(void **state)
{
    struct scene scene;
    quipu_error error;
    (void)state;

    scene_open(&scene, &both, NULL, 0);
    scene.dropped.base.originator_version = 1;
    assert_ok(publish(&scene, &scene.note.base, &scene.dropped.base, &error),
              &error);
    assert_int_equal(atomic_load(&script.appends), 1);
    assert_int_equal(log_size(scene.opened.store), 2);
    scene_close(&scene);
}

static void event_that_the_store_does_not_know_is_not_lost_in_silence(
    void **state)
{
    struct scene scene;
    quipu_error error;
    (void)state;

    scene_open(&scene, &noted_mapping, NULL, 0);
    assert_refused(publish(&scene, &scene.dropped.base, NULL, &error),
                   QUIPU_INVALID, &error, "Note.Dropped");
    assert_int_equal(log_size(scene.opened.store), 0);
    scene_close(&scene);
}

static void list_without_its_types_is_accepted(void **state)
{
    struct scene scene;
    quipu_error error;
    (void)state;

    scene_open(&scene, &both, dropped_only, 1);
    assert_ok(publish(&scene, &scene.note.base, NULL, &error), &error);
    assert_int_equal(log_size(scene.opened.store), 0);
    assert_ok(publish(&scene, &scene.dropped.base, NULL, &error), &error);
    assert_int_equal(log_size(scene.opened.store), 1);
    scene_close(&scene);
}

static void list_with_some_of_its_types_is_refused(void **state)
{
    struct scene scene;
    quipu_error error;
    (void)state;

    scene_open(&scene, &both, dropped_only, 1);
    assert_refused(
        publish(&scene, &scene.dropped.base, &scene.note.base, &error),
        QUIPU_INVALID, &error, "1 of the 2");
    assert_int_equal(log_size(scene.opened.store), 0);
    scene_close(&scene);
}

static void status_of_the_store_is_returned_to_the_publisher(void **state)
{
    struct scene scene;
    quipu_error error;
    (void)state;

    scene_open(&scene, &both, NULL, 0);
    atomic_store(&script.busy_appends, 1);
    assert_refused(publish(&scene, &scene.note.base, NULL, &error), QUIPU_BUSY,
                   &error, "scripted: busy");
    assert_int_equal(error.native, 5);
    scene.note.base.originator_version = 1;
    assert_status(publish(&scene, &scene.note.base, NULL, &error),
                  QUIPU_CONFLICT);
    scene_close(&scene);
}

static void wrong_arguments_are_refused(void **state)
{
    static const quipu_event_type *const unknown[] = { &note_written };
    static const quipu_event_type *const nothing[] = { NULL };
    quipu_persistence_policy *policy = NULL;
    struct scene scene;
    quipu_store *store = NULL;
    quipu_error error;
    (void)state;

    scene_open(&scene, &both, NULL, 0);
    store = scene.opened.store;
    assert_refused(quipu_persistence_policy_open(scene.bus, store, unknown, 1,
                                                 &policy, &error),
                   QUIPU_INVALID, &error, "Note.Written");
    assert_status(quipu_persistence_policy_open(scene.bus, store, nothing, 1,
                                                &policy, &error),
                  QUIPU_INVALID);
    assert_refused(quipu_persistence_policy_open(scene.bus, store, unknown, 0,
                                                 &policy, &error),
                   QUIPU_INVALID, &error, "no types");
    assert_status(
        quipu_persistence_policy_open(NULL, store, NULL, 0, &policy, &error),
        QUIPU_INVALID);
    assert_status(quipu_persistence_policy_open(scene.bus, NULL, NULL, 0,
                                                &policy, &error),
                  QUIPU_INVALID);
    assert_status(
        quipu_persistence_policy_open(scene.bus, store, NULL, 0, NULL, &error),
        QUIPU_INVALID);
    assert_null(policy);
    quipu_persistence_policy_close(NULL);
    scene_close(&scene);
}

static void store_and_bus_of_an_open_policy_do_not_close(void **state)
{
    struct scene scene;
    quipu_error error;
    (void)state;

    scene_open(&scene, &both, NULL, 0);
    assert_refused(quipu_store_close(scene.opened.store, &error), QUIPU_INVALID,
                   &error, "policies");
    assert_refused(quipu_bus_close(scene.bus, &error), QUIPU_INVALID, &error,
                   "unsubscribe its policies");
    assert_ok(publish(&scene, &scene.note.base, NULL, &error), &error);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_published_events_are_stored_as_one_append),
        cmocka_unit_test(
            event_that_the_store_does_not_know_is_not_lost_in_silence),
        cmocka_unit_test(list_without_its_types_is_accepted),
        cmocka_unit_test(list_with_some_of_its_types_is_refused),
        cmocka_unit_test(status_of_the_store_is_returned_to_the_publisher),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(store_and_bus_of_an_open_policy_do_not_close),
    };

    return cmocka_run_group_tests(tests, add_driver, NULL) != 0;
}
