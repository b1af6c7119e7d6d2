/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates, repositories, units of work, buses, metadata and scenarios. */
#include <cstring>

#include "bank.hpp"

namespace {

void aggregates_are_stored_and_got(void **)
{
    bank bank;
    auto opened = bank.accounts.create();
    const quipu_id id = opened.id();

    opened->deposit(1000);
    opened->deposit(-250, "rent");
    assert_int_equal(code_of([&] { opened->withdraw(1000); }), QUIPU_DENIED);
    auto other = bank.accounts.get(id);
    assert_int_equal(other->balance, 750);
    assert_int_equal(other.version(), 2);
    assert_string_equal(other->note.c_str(), "rent");
    assert_int_equal(other->movements.size(), 2);
    assert_int_equal(bank.accounts.get_at(id, 0)->balance, 1000);
    opened->withdraw(50);
    assert_true(bank.accounts.refresh(*other));
    assert_int_equal(other->balance, 700);
    assert_true(bank.accounts.contains(id));
    assert_true(quipu::discard(*opened));
    assert_true(opened.discarded());
    assert_false(bank.accounts.contains(id));

    const quipu_id named = quipu::to_id(quipu::new_uuid());
    opened = bank.accounts.create(&named);
    assert_true(quipu_id_equal(&opened.id(), &named));
    opened.close();
    assert_false(bool(opened));
}

void aggregates_collect_and_are_saved(void **)
{
    bank bank;
    auto a = bank.accounts.create();
    auto b = bank.accounts.create();

    a.collect();
    b.collect();
    a->deposit(1);
    b->deposit(2);
    assert_int_equal(a.pending().size(), 1);
    assert_non_null(quipu::as<deposited>(*a.pending()[0]));
    assert_true(quipu::save({ &a->base, &b->base }));
    assert_true(a.pending().empty());
    assert_int_equal(bank.accounts.get(b.id())->balance, 2);

    auto alone = quipu::aggregate<account>::create();
    alone->deposit(3);
    assert_int_equal(alone.pending().size(), 1);
    const quipu::owned_event event = quipu::copy(*alone.pending()[0]);
    assert_true(alone.saved());
    auto replayed = quipu::aggregate<account>::create(&alone.id());
    assert_true(replayed.replay(*event.get()));
    assert_int_equal(replayed->balance, 3);
}

void snapshots_and_caches_are_used(void **)
{
    bank bank;
    const quipu_id id = bank.open(5);
    auto snapshots = quipu::sized<quipu_snapshot_policy>();
    auto cache = quipu::sized<quipu_cache_policy>();

    cache.bytes = 1 << 20;
    assert_true(bank.accounts.use_snapshots(snapshots));
    assert_int_equal(bank.accounts.take_snapshot(id), 1);
    assert_true(bank.accounts.remove_snapshots(&id));
    assert_true(bank.accounts.use_cache(cache));
    bank.accounts.get(id);
    assert_int_equal(bank.accounts.get(id)->movements[0], 5);
    assert_int_equal(bank.accounts.count().hits, 1);
    assert_int_equal(bank.accounts.count().snapshots_taken, 1);
}

void units_store_all_or_nothing(void **)
{
    bank bank;
    const quipu_id from = bank.open(100);
    const quipu_id to = bank.open(0);

    assert_true(quipu::run(bank.store(), [&](quipu::unit &unit) {
        unit.get(bank.accounts, from)->withdraw(60);
        unit.get(bank.accounts, to)->deposit(60);
    }));
    assert_int_equal(bank.accounts.get(to)->balance, 60);
    assert_int_equal(bank.accounts.get(from)->balance, 40);

    quipu::unit unit(bank.store());
    auto *account = unit.get(bank.accounts, from);
    auto *created = unit.create(bank.accounts);
    auto metadata = quipu::metadata::create();
    metadata.set("user", "ann");
    account->deposit(1);
    created->deposit(2);
    assert_true(unit.require(*account));
    const auto event = quipu::make_at<deposited>(to, 0, 7, nullptr);
    assert_true(unit.add(event.base));
    auto guard = quipu_guard{};
    guard.sequence_id = quipu_id_bytes(&to);
    guard.demand = QUIPU_DEMAND_NOT_EMPTY;
    assert_true(unit.guard(guard));
    auto write = quipu_entry_write{};
    write.key = quipu::to_bytes("note");
    write.value = quipu::to_bytes("done");
    assert_true(unit.add(write));
    quipu_tracking tracking = {};
    const std::int64_t none = 0;
    tracking.consumer = quipu::to_bytes("unit");
    tracking.log = quipu::to_bytes("stored_events");
    tracking.position.notification_id = 1;
    assert_true(unit.track(tracking, &none));
    assert_true(unit.set_metadata(metadata));
    assert_true(unit.set_timer("later", { 1 }, event.base));
    assert_true(unit.cancel_timer(to, "never"));
    int calls = 0;
    auto work = [&](void *) { calls++; };
    assert_true(unit.work<void>(work));
    quipu_result result = {};
    assert_true(unit.commit(&result));
    assert_int_equal(calls, 1);
    assert_true(result.first_notification_id > 0);
    assert_int_equal(bank.accounts.get(to)->balance, 67);

    const quipu::owned_event last = bank.store().last(to);
    auto read = quipu::metadata::read(last.get()->metadata);
    assert_string_equal(read.value("user"), "ann");
    assert_null(read.value("nobody"));
    assert_int_equal(read.count(), 2); /* with the correlation id */
    assert_string_equal(read.name(1), "user");
    auto caused = quipu::metadata::caused_by(*last.get());
    assert_non_null(caused.value(QUIPU_METADATA_CAUSATION_ID));
    assert_non_null(caused.encode().data);

    /* A conflict, by the error. */
    quipu::error error;
    bank.accounts.get(from)->deposit(1);
    account->deposit(1);
    assert_false(unit.commit(nullptr, &error));
    assert_int_equal(error.code, QUIPU_CONFLICT);
    assert_null(unit.get(bank.accounts, to, &error));
    assert_int_equal(error.code, QUIPU_CONFLICT);
    unit.clear();
    assert_non_null(unit.get(bank.accounts, to));
}

void buses_call_policies_and_listeners(void **)
{
    bank bank;
    int heard = 0;
    {
        auto listener = quipu::subscriber::listener(
            bank.application.bus(), [&](quipu::published events) {
                for (const quipu_event *event : events) {
                    heard += quipu::as<deposited>(*event) != nullptr;
                }
            });
        bank.open(1);
        assert_true(bool(listener));
        listener = quipu::subscriber::listener(
            bank.application.bus(), [&](quipu::published) { heard += 10; });
        bank.open(1);
    }
    bank.open(1);
    assert_int_equal(heard, 11);

    auto bus = quipu::bus::open();
    assert_int_equal(code_of([&] { bus.publish({}); }), QUIPU_INVALID);
    quipu::persistence_policy policy(bus, bank.store());
    const quipu_id id = quipu::to_id(quipu::new_uuid());
    const auto event = quipu::make_at<deposited>(id, 0, 5, nullptr);
    assert_true(bus.publish({ &event.base }));
    assert_int_equal(bank.accounts.get(id)->balance, 5);
    assert_int_equal(code_of([&] { bus.close(); }), QUIPU_INVALID);
    policy.close();
    assert_true(bus.close());
}

void applications_open_by_the_environment(void **)
{
    assert_int_equal(setenv("QUIPU_URI", "sqlite:///:memory:", 1), 0);
    auto application = quipu::application::from_environment(
        "BANK", quipu_schema_stored_events(), quipu::mapping_of<deposited>());
    assert_string_equal(application.datastore().describe().driver, "sqlite");
    assert_true(application.close());
    assert_int_equal(unsetenv("QUIPU_URI"), 0);
    assert_int_equal(code_of([] {
                         quipu::application::from_environment(
                             "BANK", quipu_schema_stored_events(),
                             quipu::mapping_of<deposited>());
                     }),
                     QUIPU_INVALID);
}

void scenarios_test_aggregates(void **)
{
    auto s = quipu::scenario::of_aggregate<account>();

    s.given<deposited>(100);
    s.refused(QUIPU_DENIED, "lacks the money",
              [&] { s.when<account>()->withdraw(150); });
    s.when<account>()->withdraw(30);
    s.then<withdrawn>(30);
    s.nothing();
    assert_string_equal(s.report(), "");
    assert_int_equal(s.id().size, 16);
    assert_int_equal(s.store().records().head().notification_id, 2);
    assert_int_equal(s.end(), 0);

    auto differs = quipu::scenario::of_aggregate<account>();
    differs.given<deposited>(100);
    differs.when<account>()->withdraw(30);
    differs.then<withdrawn>(31);
    differs.nothing();
    assert_non_null(std::strstr(differs.report(), "expected"));
    assert_int_equal(differs.end(), 1);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(aggregates_are_stored_and_got),
        cmocka_unit_test(aggregates_collect_and_are_saved),
        cmocka_unit_test(snapshots_and_caches_are_used),
        cmocka_unit_test(units_store_all_or_nothing),
        cmocka_unit_test(buses_call_policies_and_listeners),
        cmocka_unit_test(applications_open_by_the_environment),
        cmocka_unit_test(scenarios_test_aggregates),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
