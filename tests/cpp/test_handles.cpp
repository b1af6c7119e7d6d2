/* SPDX-License-Identifier: Apache-2.0 */
/* Handles: moves, closing twice, closing in the wrong order; and each class of
 * the lower layers. */
#include <type_traits>

#include "bank.hpp"

namespace {

template <class Handle> constexpr bool is_only_moved()
{
    return !std::is_copy_constructible_v<Handle> &&
           !std::is_copy_assignable_v<Handle> &&
           std::is_nothrow_move_constructible_v<Handle> &&
           std::is_nothrow_move_assignable_v<Handle>;
}
static_assert(is_only_moved<quipu::datastore>() &&
              is_only_moved<quipu::records>() &&
              is_only_moved<quipu::cursor>());
static_assert(is_only_moved<quipu::store>() && is_only_moved<quipu::events>() &&
              is_only_moved<quipu::application>() &&
              is_only_moved<quipu::repository<account>>() &&
              is_only_moved<quipu::aggregate<account>>());
static_assert(is_only_moved<quipu::unit>() &&
              is_only_moved<quipu::subscription>() &&
              is_only_moved<quipu::group>() &&
              is_only_moved<quipu::timer_runner>() &&
              is_only_moved<quipu::vault>() && is_only_moved<quipu::keyring>());

void handles_are_moved_and_closed_once(void **)
{
    quipu::datastore first("sqlite:///:memory:");
    quipu_datastore *object = first.get();
    quipu::datastore second = std::move(first);

    assert_false(bool(first)); /* NOLINT(bugprone-use-after-move) */
    assert_ptr_equal(second.get(), object);
    assert_true(first.close()); /* an empty one */
    first = std::move(second);
    assert_ptr_equal(first.get(), object);
    quipu::datastore &same = first;
    first = std::move(same);
    assert_ptr_equal(first.get(), object);
    first = quipu::datastore("sqlite:///:memory:"); /* closes the first */
    assert_true(bool(first));
    assert_true(first.close());
    assert_true(first.close());
    assert_false(bool(first));
    quipu::datastore given("sqlite:///:memory:");
    quipu_datastore *taken = given.release();
    assert_false(bool(given));
    assert_int_equal(quipu_datastore_close(taken, nullptr), QUIPU_OK);
}

void closing_in_the_wrong_order_is_refused(void **)
{
    quipu::datastore datastore("sqlite:///:memory:");
    quipu::error error;

    datastore.setup(quipu_schema_stored_events());
    quipu::records records(datastore, quipu_schema_stored_events());
    assert_false(datastore.close(&error));
    assert_int_equal(error.code, QUIPU_INVALID);
    assert_true(bool(datastore)); /* still open, and the handle has it */
    assert_int_equal(code_of([&] { datastore.close(); }), QUIPU_INVALID);
    assert_int_equal(records.head().notification_id, 0);
    quipu::cursor cursor = records.read_log();
    assert_false(records.close(&error));
    cursor = quipu::cursor(); /* closes the one that it had */
    records = quipu::records();
    assert_true(datastore.close());
}

quipu_item item_of(const quipu_id &id, std::int64_t position)
{
    quipu_item item = {};

    item.sequence_id = quipu_id_bytes(&id);
    item.position = position;
    item.topic = quipu::to_bytes("Topic");
    item.state = quipu::to_bytes("\x80");
    return item;
}

void records_append_and_read(void **)
{
    quipu::datastore datastore("sqlite:///:memory:");
    datastore.setup(quipu_schema_sequenced_items());
    quipu::records records(datastore, quipu_schema_sequenced_items());
    const quipu_id id = quipu::to_id(quipu::new_uuid());
    quipu_item items[] = { item_of(id, 0), item_of(id, 1) };
    quipu_uuid ids[] = { quipu::new_uuid(), quipu::new_uuid() };
    auto append = quipu::sized<quipu_append>();
    std::int64_t positions[2] = {};
    quipu_result result = {};

    items[0].event_id = { ids[0].bytes, 16 };
    items[1].event_id = { ids[1].bytes, 16 };
    append.items = items;
    append.item_count = 2;
    result.positions = positions;
    assert_true(records.append(append, &result));
    assert_int_equal(result.first_notification_id, 1);
    assert_int_equal(positions[1], 1);
    items[1].event_id = { ids[0].bytes, 16 };
    assert_int_equal(code_of([&] { records.append(append); }), QUIPU_CONFLICT);

    int count = 0;
    for (const quipu_item &item : records.read(quipu_id_bytes(&id))) {
        assert_int_equal(item.position, count++);
        assert_true(quipu::to_view(item.topic) == "Topic");
    }
    assert_int_equal(count, 2);
    quipu::error error;
    quipu::cursor log = records.read_log();
    while (log.next(&error)) {
        count++;
    }
    assert_false(bool(error));
    assert_int_equal(count, 4);
    auto filter = quipu::sized<quipu_filter>();
    filter.partition_count = 1;
    filter.partitions = 1;
    assert_non_null(records.read_filtered(nullptr, &filter).next());
    assert_int_equal(records.find_event(ids[1]).next()->position, 1);
    assert_int_equal(records.last(quipu_id_bytes(&id)), 1);
    assert_int_equal(records.list_sequences().next()->last_position, 1);
    assert_int_equal(records.head().notification_id, 2);
    const quipu_position first = records.position(1);
    assert_true(records.check_position(first));
    assert_int_equal(records.wait(1, 0), 2);
    assert_int_equal(code_of([&] { records.wait(2, 0); }), QUIPU_TIMEOUT);
    assert_string_equal(records.schema()->table, "sequenced_items");
    assert_ptr_equal(records.parent().get(), datastore.get());

    const quipu::section section = records.read_section("1,2", 2);
    assert_int_equal(section.get()->count, 2);
    assert_true(section.get()->final);

    auto erasure = quipu::sized<quipu_erasure>();
    std::int64_t erased = -1;
    erasure.lower = 1;
    erasure.upper = 1;
    assert_int_equal(records.erasable(erasure), 1);
    assert_true(records.erase(erasure, &erased));
    assert_int_equal(erased, 1);
    assert_int_equal(records.erasures(), 1);

    auto nothing = quipu::sized<quipu_append>();
    int calls = 0;
    assert_true(records.transact<void>(nothing, [&](void *) { calls++; }));
    assert_int_equal(calls, 1);
}

void datastores_list_what_they_hold(void **)
{
    quipu::datastore datastore(std::string("sqlite:///listed.db"));
    const quipu_schema *schema = quipu_schema_stored_events();

    datastore.setup(schema);
    assert_string_equal(datastore.list_schemas().next()->table,
                        "stored_events");
    const quipu_datastore_info info = datastore.describe();
    assert_string_equal(info.driver, "sqlite");

    quipu_tracking tracking = {};
    auto append = quipu::sized<quipu_append>();
    tracking.consumer = quipu::to_bytes("printer");
    tracking.log = quipu::to_bytes("stored_events");
    tracking.position.notification_id = 5;
    append.tracking = &tracking;
    assert_true(datastore.commit(append));
    assert_int_equal(
        datastore.read_tracking("printer", "stored_events").notification_id, 5);
    assert_true(
        datastore.wait_for_tracking("printer", "stored_events", 5, 1000));
    assert_int_equal(code_of([&] {
                         datastore.wait_for_tracking("printer", "stored_events",
                                                     6, 0);
                     }),
                     QUIPU_TIMEOUT);
    assert_true(quipu::to_view(datastore.list_trackings().next()->consumer) ==
                "printer");

    quipu::logs logs = datastore.list_logs();
    assert_string_equal(logs.next()->name_space, "");

    quipu::consumers consumers = datastore.list_consumers();
    const quipu_consumer *consumer = consumers.next();
    assert_string_equal(consumer->name, "printer");
    assert_true(datastore.reset_consumer({}, *consumer, 0));
    quipu_consumer absent = *consumer;
    absent.position.notification_id = 0;
    assert_true(datastore.remove_consumer(absent));

    quipu_entry_write write = {};
    auto conditions = quipu::sized<quipu_conditions>();
    write.key = quipu::to_bytes("rates/eur");
    write.value = quipu::to_bytes("1");
    conditions.entries = &write;
    conditions.entry_count = 1;
    append = quipu::sized<quipu_append>();
    append.conditions = &conditions;
    assert_true(datastore.commit(append));
    int count = 0;
    for (const quipu_entry &entry : datastore.list_entries("rates/")) {
        assert_int_equal(entry.revision, 1);
        count++;
    }
    assert_int_equal(count, 1);
    assert_null(datastore.list_entries("other/").next());
    assert_non_null(datastore.list_entries().next());
    assert_int_equal(datastore.read_entry("rates/eur").get()->revision, 1);

    assert_null(datastore.list_timers().next());
    assert_null(datastore.list_parked("balances@1").next());
    assert_int_equal(
        code_of([&] { datastore.discard_parked("balances@1", 1); }),
        QUIPU_NOT_FOUND);
    auto backup = quipu::sized<quipu_backup>();
    backup.path = "backup.db";
    assert_true(datastore.backup(backup));
    datastore.interrupt();

    quipu_schema altered = *schema;
    quipu_column column = {};
    column.name = "cents";
    column.kind = QUIPU_VALUE_INT;
    altered.columns = &column;
    altered.column_count = 1;
    assert_true(datastore.alter(&altered));
    assert_true(datastore.teardown(&altered));
    assert_null(datastore.list_schemas().next());
}

void buckets_are_read(void **)
{
    quipu::datastore datastore("sqlite:///:memory:");
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_sequenced_items());
    schema.flags = QUIPU_SCHEMA_SPARSE;
    datastore.setup(&schema);
    quipu::records records(datastore, &schema);
    auto log = quipu::sized<quipu_bucketed_log>();
    auto query = quipu::sized<quipu_query>();
    log.span = QUIPU_BUCKET_DAY;
    log.name = "messages";
    query.flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LT;
    query.gte = 1;
    query.lt = 2;
    assert_null(records.read_buckets(log, query).next());
}

void mappers_convert(void **)
{
    const quipu_mapping mapping = quipu::mapping_of<deposited>();
    quipu::mapper mapper(quipu_schema_stored_events(), mapping);
    quipu::items items(mapper.get());
    const quipu_id id = quipu::to_id(quipu::new_uuid());
    const auto event = quipu::make_at<deposited>(id, 0, 5, "five");
    std::size_t count = 0;

    assert_true(items.add(event.base));
    assert_true(items.add_next(event.base));
    const quipu_item *array = items.array(&count);
    assert_int_equal(count, 2);
    const quipu::owned_event read = mapper.event(array[0]);
    assert_string_equal(quipu::as<deposited>(*read.get())->note, "five");
    items.clear();
    items.array(&count);
    assert_int_equal(count, 0);
}

void stores_append_and_read_events(void **)
{
    bank bank;
    auto store = bank.store();
    const quipu_id id = bank.open(10);
    auto expected = quipu_expected{};
    const auto event = quipu::make_at<withdrawn>(id, 1, 3);

    expected.version = QUIPU_EXPECT_EXACT;
    expected.position = 5;
    assert_int_equal(
        code_of([&] { store.append_expecting(expected, { &event.base }); }),
        QUIPU_CONFLICT);
    expected.position = 0;
    assert_true(store.append_expecting(expected, { &event.base }));
    int count = 0;
    for (const quipu_event &read : store.read(id)) {
        count += quipu::as<withdrawn>(read) != nullptr;
    }
    assert_int_equal(count, 1);
    quipu::events log = store.read_log();
    assert_null(log.item());
    assert_non_null(log.next());
    assert_int_equal(log.item()->notification_id, 1);
    assert_non_null(store.mapper());
    assert_int_equal(store.records().head().notification_id, 2);
}

void keys_seal_and_are_forgotten(void **)
{
    quipu_key key;
    quipu::error error;

    assert_int_equal(quipu_key_generate(&key, nullptr), QUIPU_OK);
    quipu::keyring ring(&key, 1);
    assert_non_null(ring.keys());
    assert_int_equal(code_of([] { quipu::keyring("no.keys"); }),
                     QUIPU_NOT_FOUND);
    quipu::datastore keys("sqlite:///:memory:");
    auto options = quipu::sized<quipu_vault_options>();
    options.datastore = keys.get();
    options.masters = &key;
    options.master_count = 1;
    quipu::vault vault(options, &error);
    if (error.code == QUIPU_UNSUPPORTED) {
        return; /* a build without OpenSSL */
    }
    const quipu_bytes ann = quipu::to_bytes("ann");
    assert_non_null(vault.keys());
    assert_true(vault.rotate(ann));
    assert_int_equal(code_of([&] { vault.forgotten(ann); }), QUIPU_NOT_FOUND);
    assert_true(vault.forget(ann));
    assert_true(vault.forgotten(ann).microseconds > 0);
    assert_int_equal(code_of([&] { vault.rotate(ann); }), QUIPU_DENIED);
    assert_int_equal(vault.rewrap(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(handles_are_moved_and_closed_once),
        cmocka_unit_test(closing_in_the_wrong_order_is_refused),
        cmocka_unit_test(records_append_and_read),
        cmocka_unit_test(datastores_list_what_they_hold),
        cmocka_unit_test(buckets_are_read),
        cmocka_unit_test(mappers_convert),
        cmocka_unit_test(stores_append_and_read_events),
        cmocka_unit_test(keys_seal_and_are_forgotten),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
