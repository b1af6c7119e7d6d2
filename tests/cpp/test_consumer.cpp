/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions, projections, processes, outboxes, timers and groups. */
#include <cstring>
#include <map>

#include "bank.hpp"

struct sqlite3;

namespace {

/* A read model in memory: handlers get the handle of SQLite without a cast. */
struct balances {
    using native = sqlite3;

    std::map<std::int64_t, std::int64_t> by_notification;
    sqlite3 *seen = nullptr;
    int created = 0;
    int dropped = 0;
    int shown = 0;
    bool refuses = false;

    void create(sqlite3 *database)
    {
        seen = database;
        created++;
    }
    int drop(sqlite3 *, quipu_error *)
    {
        dropped++;
        by_notification.clear();
        return QUIPU_OK;
    }
    void show(sqlite3 *) { shown++; }
    void apply(sqlite3 *, const deposited &event, const quipu_item &item)
    {
        if (refuses) {
            odd thrown("refused by the model");
            thrown.number = 7;
            throw thrown;
        }
        by_notification[item.notification_id] = event.cents;
    }
    void apply(sqlite3 *, const withdrawn &event)
    {
        by_notification[-1] = event.cents;
    }
    int apply(sqlite3 *, const closed &, quipu_error *) { return QUIPU_OK; }

    static auto describe()
    {
        return quipu::as_projection(
            "balances", 1, quipu::handles<deposited, withdrawn, closed>);
    }
};

void projections_apply_events_once(void **)
{
    bank bank;
    const quipu_id id = bank.open(5);
    balances model;

    bank.accounts.get(id)->withdraw(2);
    quipu::projection<balances> projection(bank.store(), model);
    assert_int_equal(model.created, 1);
    assert_non_null(model.seen);
    while (!projection.step()) {
    }
    assert_int_equal(model.by_notification[1], 5);
    assert_int_equal(model.by_notification[-1], 2);
    assert_int_equal(projection.status().behind, 0);
    assert_true(projection.promote());
    assert_int_equal(model.shown, 1);
    assert_int_equal(
        quipu::projection<balances>::shown(bank.application.datastore()), 1);
    assert_int_equal(projection.retry(), 0);
    assert_true(projection.reset());
    assert_int_equal(model.dropped, 1);
    assert_int_equal(code_of([&] { projection.retire(); }), QUIPU_CONFLICT);
    projection.request_stop();
    assert_true(projection.run());
    assert_true(projection.close());
}

void projections_throw_what_a_handler_threw(void **)
{
    bank bank;
    balances model;
    auto options = quipu::sized<quipu_projection_options>();
    quipu::error error;

    bank.open(5);
    model.refuses = true;
    options.attempts = 1;
    quipu::projection<balances> projection(bank.store(), model, options);
    try {
        projection.run();
        fail_msg("nothing was thrown");
    } catch (const odd &thrown) {
        assert_int_equal(thrown.number, 7);
    }
    assert_false(projection.run(&error));
    assert_int_equal(error.code, QUIPU_INTERNAL);
    assert_non_null(std::strstr(error.message, "refused by the model"));
    assert_true(error.thrown != nullptr);
    projection.close(&error);

    /* Parked, and handled later. */
    options.on_failure = QUIPU_FAILURE_PARK;
    quipu::projection<balances> parking(bank.store(), model, options);
    while (!parking.step()) {
    }
    auto parked = bank.application.datastore().list_parked("balances@1");
    const quipu_parked_event *event = parked.next();
    assert_non_null(event);
    assert_int_equal(event->code, QUIPU_INTERNAL);
    assert_true(quipu::to_view(event->message).find("refused by the model") !=
                std::string_view::npos);
    parked.close();
    model.refuses = false;
    assert_int_equal(parking.retry(), 0);
    assert_int_equal(model.by_notification[1], 5);
}

struct fees {
    quipu::repository<account> *accounts;

    void react(quipu::unit &unit, const deposited &event)
    {
        if (event.cents == 20) {
            throw refused("not this one");
        }
        unit.get(*accounts, event.base.originator_id)->withdraw(1);
    }
    static auto describe()
    {
        return quipu::as_process("fees", quipu::handles<deposited>);
    }
};

void processes_react(void **)
{
    bank bank;
    const quipu_id id = bank.open(5);
    fees fees = { &bank.accounts };
    auto options = quipu::sized<quipu_process_options>();

    options.attempts = 1;
    quipu::process<::fees> process(bank.store(), fees, options);
    while (!process.step()) {
    }
    assert_int_equal(bank.accounts.get(id)->balance, 4);
    bank.open(20);
    try {
        process.run();
        fail_msg("nothing was thrown");
    } catch (const refused &thrown) {
        assert_string_equal(thrown.what(), "not this one");
    }
    assert_int_equal(process.status().state, QUIPU_CONSUMER_FAILED);
}

struct sender {
    int sent = 0;
    bool down = false;

    void send(quipu::span<quipu_item> items)
    {
        if (down) {
            throw odd("broken");
        }
        for (const quipu_item &item : items) {
            sent += item.topic.size > 0;
        }
    }
};

void outboxes_send(void **)
{
    bank bank;
    sender sender;
    auto options = quipu::sized<quipu_outbox_options>();

    bank.open(1);
    bank.open(2);
    options.attempts = 1;
    quipu::outbox<::sender> outbox(bank.store().records(), "feed", sender,
                                   options);
    while (!outbox.step()) {
    }
    assert_int_equal(sender.sent, 2);
    sender.down = true;
    bank.open(3);
    try {
        outbox.run();
        fail_msg("nothing was thrown");
    } catch (const odd &thrown) {
        assert_string_equal(thrown.what(), "broken");
    }
}

void subscriptions_yield_each_item(void **)
{
    bank bank;
    auto options = quipu::sized<quipu_subscription_options>();
    quipu::error error;
    int count = 0;

    bank.open(1);
    bank.open(2);
    options.flags = QUIPU_SUBSCRIPTION_TO_NOW;
    options.consumer = "printer";
    auto events = quipu::subscription::to_events(bank.store(), options);
    for (const quipu_item &item : events) {
        const auto *event = quipu::as<deposited>(*events.event());

        assert_int_equal(event->cents, item.notification_id);
        assert_true(events.acknowledge());
        count++;
    }
    assert_int_equal(count, 2);
    assert_int_equal(events.position().notification_id, 2);
    assert_int_equal(events.status().yielded, 2);
    assert_true(events.close());
    assert_int_equal(bank.application.datastore()
                         .read_tracking("printer", "stored_events")
                         .notification_id,
                     2);

    auto items = quipu::subscription::to_records(
        bank.store().records(), quipu::sized<quipu_subscription_options>());
    assert_non_null(items.next());
    assert_non_null(items.next_within(1000));
    assert_null(items.next_within(0, &error));
    assert_int_equal(error.code, QUIPU_TIMEOUT);
    items.stop();
    assert_null(items.next());
    items.request_stop();
}

void timers_and_groups_run(void **)
{
    bank bank;
    const quipu_id id = bank.open(1);
    const auto event = quipu::make_at<deposited>(id, 0, 9, nullptr);

    quipu::run(bank.store(), [&](quipu::unit &unit) {
        unit.set_timer("soon", { 1 }, event.base);
    });
    assert_true(quipu::to_view(
                    bank.application.datastore().list_timers().next()->name) ==
                "soon");
    quipu::timer_runner runner(bank.store());
    assert_true(runner.step().microseconds > 0);
    assert_int_equal(bank.accounts.get(id)->balance, 10);
    assert_int_equal(runner.status().appended, 1);
    runner.request_stop();
    runner.stop();
    assert_true(runner.run());
    assert_true(runner.close());

    auto options = quipu::sized<quipu_group_options>();
    options.partitions = 2;
    quipu::group group(bank.application.datastore(), "invoices", options);
    assert_int_equal(group.renew(), 3);
    quipu_entry_write fence;
    assert_true(group.fence(1, &fence));
    assert_true(group.close());
    assert_true(group.close());
}

void scenarios_test_projections_and_processes(void **)
{
    balances model;
    auto projected = quipu::scenario::of_projection(model);
    projected.clock({ 1000000 });
    projected.given(quipu::make<deposited>(5));
    projected.crash(QUIPU_CRASH_AFTER_COMMIT);
    assert_int_equal(projected.run(), QUIPU_OK);
    projected.look<sqlite3>([&](sqlite3 *database) {
        assert_non_null(database);
        assert_int_equal(model.by_notification[1], 5);
    });
    assert_int_equal(projected.end(), 0);

    fees fees = { nullptr };
    auto options = quipu::sized<quipu_scenario_options>();
    const quipu_mapping mapping =
        quipu::mapping_of<deposited, withdrawn, closed>();
    options.mapping = &mapping;
    auto process = quipu::scenario::of_process(fees, options);
    quipu::repository<account> accounts(process.store());
    fees.accounts = &accounts;
    process.given<deposited>(5);
    process.run();
    process.then(quipu::make<withdrawn>(1));
    process.caused_by(1);
    process.nothing();
    accounts.close();
    assert_string_equal(process.report(), "");
    assert_int_equal(process.failure().code, process.failure().code);
    assert_int_equal(process.end(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(projections_apply_events_once),
        cmocka_unit_test(projections_throw_what_a_handler_threw),
        cmocka_unit_test(processes_react),
        cmocka_unit_test(outboxes_send),
        cmocka_unit_test(subscriptions_yield_each_item),
        cmocka_unit_test(timers_and_groups_run),
        cmocka_unit_test(scenarios_test_projections_and_processes),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
