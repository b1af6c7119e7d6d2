/* SPDX-License-Identifier: Apache-2.0 */
/* Failures by exception and by error; exceptions in functions that quipu
 * calls. */
#include <cstring>
#include <thread>
#include <vector>

#include "bank.hpp"

namespace {

void failures_are_thrown_or_filled_in(void **)
{
    quipu::error error;

    assert_false(bool(error));
    quipu::datastore none("nosuchdriver:x", nullptr, &error);
    assert_false(bool(none));
    assert_true(bool(error));
    assert_int_equal(error.code, QUIPU_NOT_FOUND);
    assert_true(error.thrown == nullptr);
    try {
        quipu::datastore thrown("nosuchdriver:x");
        fail_msg("nothing was thrown");
    } catch (const quipu::exception &thrown) {
        assert_int_equal(thrown.code(), QUIPU_NOT_FOUND);
        assert_string_equal(thrown.what(), error.message);
        assert_int_equal(thrown.failure().code, QUIPU_NOT_FOUND);
    }
    quipu::datastore opened("sqlite:///:memory:", nullptr, &error);
    assert_true(bool(opened));
    assert_false(bool(error)); /* the call that succeeds says so */
}

void functions_of_pointers_and_values_return_nothing(void **)
{
    bank bank;
    quipu::error error;
    const quipu_id nobody = quipu::to_id(quipu::new_uuid());

    assert_false(bool(bank.accounts.get(nobody, &error)));
    assert_int_equal(error.code, QUIPU_NOT_FOUND);
    assert_int_equal(code_of([&] { bank.accounts.get(nobody); }),
                     QUIPU_NOT_FOUND);
    assert_int_equal(
        bank.store().records().last(quipu_id_bytes(&nobody), &error), 0);
    assert_int_equal(error.code, QUIPU_NOT_FOUND);
    assert_int_equal(
        code_of([&] { bank.store().records().last(quipu_id_bytes(&nobody)); }),
        QUIPU_NOT_FOUND);
    assert_int_equal(quipu::to_id("\xff", &error).size, 0);
    assert_int_equal(error.code, QUIPU_INVALID);
    assert_int_equal(code_of([] { quipu::to_id(""); }), QUIPU_INVALID);
}

/* What triggering this number throws, to the last byte. */
void handlers_exceptions_come_out_intact(void **)
{
    bank bank;
    auto opened = bank.accounts.create();

    try {
        opened->deposit(13);
        fail_msg("nothing was thrown");
    } catch (const odd &thrown) {
        assert_string_equal(thrown.what(), "thirteen");
        assert_int_equal(thrown.number, 13);
    }
    assert_true(opened->base.stale);
    assert_int_equal(code_of([&] { opened->deposit(1); }), QUIPU_CONFLICT);

    opened = bank.accounts.create();
    try {
        opened->deposit(14);
        fail_msg("nothing was thrown");
    } catch (const refused &thrown) {
        assert_int_equal(thrown.code(), QUIPU_DENIED);
    }
    opened = bank.accounts.create();
    try {
        opened->deposit(15);
        fail_msg("nothing was thrown");
    } catch (int thrown) {
        assert_int_equal(thrown, 15);
    }
    opened = bank.accounts.create();
    try {
        opened->deposit(16);
        fail_msg("nothing was thrown");
    } catch (const std::bad_alloc &) {
    }
    opened = bank.accounts.create();
    assert_int_equal(code_of([&] { opened->deposit(17); }), QUIPU_OK);
    assert_true(opened->base.stale); /* thrown with OK, and a failure */
}

void errors_hold_what_handlers_have_thrown(void **)
{
    bank bank;
    auto opened = bank.accounts.create();
    quipu::error error;

    assert_false(
        quipu::trigger(*opened, quipu::make<deposited>(13, nullptr), &error));
    assert_int_equal(error.code, QUIPU_INTERNAL);
    assert_non_null(std::strstr(error.message, "thirteen"));
    assert_true(error.thrown != nullptr);
    try {
        std::rethrow_exception(error.thrown);
    } catch (const odd &thrown) {
        assert_int_equal(thrown.number, 13);
    }

    opened = bank.accounts.create();
    assert_false(
        quipu::trigger(*opened, quipu::make<deposited>(16, nullptr), &error));
    assert_int_equal(error.code, QUIPU_NO_MEMORY);

    /* A handler of statuses, like those of C. */
    opened = bank.accounts.create();
    assert_false(quipu::trigger(*opened, quipu::make<withdrawn>(13), &error));
    assert_int_equal(error.code, QUIPU_DENIED);
    assert_non_null(std::strstr(error.message, "no thirteen"));
    assert_true(error.thrown == nullptr);
}

/* A function in a transaction throws: nothing is stored. */
void functions_in_transactions_roll_back(void **)
{
    bank bank;
    const quipu_entry_write write = {
        quipu::to_bytes("a/b"), quipu::to_bytes("x"), 0, 0, 0, {}
    };
    auto conditions = quipu::sized<quipu_conditions>();
    auto append = quipu::sized<quipu_append>();
    int calls = 0;
    quipu::error error;

    conditions.entries = &write;
    conditions.entry_count = 1;
    append.conditions = &conditions;
    try {
        bank.datastore.transact<void>(append, [&](void *native) {
            assert_non_null(native);
            calls++;
            throw odd("not so");
        });
        fail_msg("nothing was thrown");
    } catch (const odd &thrown) {
        assert_string_equal(thrown.what(), "not so");
    }
    assert_int_equal(calls, 1);
    assert_int_equal(code_of([&] { bank.datastore.read_entry("a/b"); }),
                     QUIPU_NOT_FOUND);
    assert_false(bank.datastore.transact<void>(
        append, [](void *) { return static_cast<int>(QUIPU_DENIED); }, nullptr,
        &error));
    assert_int_equal(error.code, QUIPU_DENIED);
    assert_non_null(std::strstr(error.message, "set no error"));
    assert_true(bank.datastore.transact<void>(append, [](void *) {}));
    assert_true(quipu::to_view(bank.datastore.read_entry("a/b").get()->value) ==
                "x");
}

void commands_throw_through_a_unit(void **)
{
    bank bank;
    const quipu_id id = bank.open(100);
    int calls = 0;

    try {
        quipu::run(bank.store(), [&](quipu::unit &unit) {
            calls++;
            unit.get(bank.accounts, id)->withdraw(150);
        });
        fail_msg("nothing was thrown");
    } catch (const refused &thrown) {
        assert_string_equal(thrown.what(), "the account lacks the money");
    }
    assert_int_equal(calls, 1); /* it is not tried again */
    assert_int_equal(bank.accounts.get(id)->balance, 100);

    /* A transient code is tried again. */
    quipu::run(bank.store(), [&](quipu::unit &unit) {
        if (++calls < 3) {
            throw quipu::exception(QUIPU_BUSY, "a moment");
        }
        unit.get(bank.accounts, id)->withdraw(50);
    });
    assert_int_equal(calls, 3);
    assert_int_equal(bank.accounts.get(id)->balance, 50);
}

struct later : quipu::exception {
    later() : exception(QUIPU_BUSY, "a moment") {}
};

/* A call fails for another reason than an exception that was mended in it: it
 * throws that failure, also if the code is the same. */
void exceptions_that_were_mended_are_forgotten(void **)
{
    bank bank;
    auto limits = quipu::sized<quipu_unit_limits>();
    int calls = 0;

    limits.attempts = 2;
    try {
        quipu::run(
            bank.store(),
            [&](quipu::unit &) {
                if (calls++ == 0) {
                    throw later();
                }
                return static_cast<int>(QUIPU_BUSY);
            },
            &limits);
        fail_msg("nothing was thrown");
    } catch (const later &) {
        fail_msg("the exception of the first attempt was thrown");
    } catch (const quipu::exception &thrown) {
        assert_int_equal(thrown.code(), QUIPU_BUSY);
    }
    assert_int_equal(calls, 2);
    assert_int_equal(code_of([&] {
                         quipu::run(
                             bank.store(), [](quipu::unit &) { throw later(); },
                             &limits);
                     }),
                     QUIPU_BUSY);
}

/* The same if it is the store that fails then. */
void failures_of_the_store_are_its_own(void **)
{
    auto s = quipu::scenario::of_aggregate<account>();
    auto limits = quipu::sized<quipu_unit_limits>();
    const auto event = quipu::make_at<deposited>(s.id(), 0, 5, nullptr);
    quipu::error error;
    int calls = 0;

    limits.attempts = 2;
    limits.milliseconds = 100;
    s.fail_commits(QUIPU_BUSY, 1000);
    assert_false(quipu::run(
        s.store(),
        [&](quipu::unit &unit) {
            if (calls++ == 0) {
                throw later();
            }
            unit.add(event.base);
        },
        &limits, nullptr, &error));
    assert_int_equal(calls, 2);
    assert_int_equal(error.code, QUIPU_BUSY);
    assert_true(error.thrown == nullptr);
    assert_int_equal(s.end(), 1); /* fewer commits than were to fail */
}

/* A call within a function that quipu has called has its own exceptions. */
void calls_are_nested(void **)
{
    bank bank;
    quipu::error error;
    bool intact = false;
    auto other = bank.accounts.create();
    auto listener = quipu::subscriber::policy(
        bank.application.bus(), [&](quipu::published events) {
            assert_int_equal(events.size(), 1);
            try {
                other->deposit(13);
            } catch (const odd &thrown) {
                intact = thrown.number == 13;
            }
            throw odd("from a policy");
        });
    auto opened = bank.accounts.create();
    assert_false(
        quipu::trigger(*opened, quipu::make<deposited>(5, nullptr), &error));
    assert_int_equal(error.code, QUIPU_INTERNAL);
    assert_string_equal(error.message, "from a policy");
    assert_true(intact);
    assert_true(error.thrown != nullptr);
}

/* NOT_FOUND of a handler would be mistaken for a missing aggregate. */
struct moody {
    quipu_aggregate base;

    void apply(const deposited &event)
    {
        if (event.cents == 404) {
            throw quipu::exception(QUIPU_NOT_FOUND, "nothing there");
        }
    }
    static auto describe()
    {
        return quipu::as_aggregate("Moody",
                                   quipu::handles<deposited, withdrawn>);
    }
    int apply(const withdrawn &, quipu_error *) { return QUIPU_OK; }
};

void statuses_that_quipu_replaces_come_with_their_message(void **)
{
    bank bank;
    const quipu_id id = bank.open(404);
    quipu::repository<moody> all(bank.store());

    try {
        all.get(id);
        fail_msg("nothing was thrown");
    } catch (const quipu::exception &thrown) {
        assert_int_equal(thrown.code(), QUIPU_UNSUPPORTED);
        assert_non_null(std::strstr(thrown.what(), "nothing there"));
    }
    /* An unchanged one comes out as it was thrown, during a replay, too. */
    const quipu_id other = bank.open(1);
    const auto event = quipu::make_at<deposited>(other, 1, 14, nullptr);
    bank.store().append({ &event.base });
    try {
        bank.accounts.get(other);
        fail_msg("nothing was thrown");
    } catch (const refused &thrown) {
        assert_string_equal(thrown.what(), "fourteen");
    }
}

/* Each thread gets back what it has thrown, while others throw. */
void threads_have_their_own_exceptions(void **)
{
    bank bank;
    std::vector<std::thread> threads;
    int intact[4] = {};

    for (int number = 0; number < 4; number++) {
        threads.emplace_back([&bank, &intact, number] {
            for (int i = 0; i < 50; i++) {
                try {
                    quipu::run(bank.store(), [&](quipu::unit &unit) {
                        odd thrown("of a thread");
                        thrown.number = number * 100 + i;
                        unit.create(bank.accounts)->deposit(1);
                        throw thrown;
                    });
                } catch (const odd &thrown) {
                    intact[number] += thrown.number == number * 100 + i;
                }
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    for (const int count : intact) {
        assert_int_equal(count, 50);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_thrown_or_filled_in),
        cmocka_unit_test(functions_of_pointers_and_values_return_nothing),
        cmocka_unit_test(handlers_exceptions_come_out_intact),
        cmocka_unit_test(errors_hold_what_handlers_have_thrown),
        cmocka_unit_test(functions_in_transactions_roll_back),
        cmocka_unit_test(commands_throw_through_a_unit),
        cmocka_unit_test(exceptions_that_were_mended_are_forgotten),
        cmocka_unit_test(failures_of_the_store_are_its_own),
        cmocka_unit_test(calls_are_nested),
        cmocka_unit_test(threads_have_their_own_exceptions),
        cmocka_unit_test(statuses_that_quipu_replaces_come_with_their_message),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
