/* SPDX-License-Identifier: Apache-2.0 */
/* The events and the aggregate that the tests of quipu.hpp use, on a store in
 * memory. */
#ifndef TESTS_CPP_BANK_HPP
#define TESTS_CPP_BANK_HPP

#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include <csetjmp>
#include <stdexcept>
#include <string>

#include <quipu/quipu.hpp>

extern "C" {
#include <cmocka.h>
}

struct deposited {
    quipu_event base;
    std::int64_t cents;
    const char *note;

    static auto describe()
    {
        return quipu::as_event("Account.Deposited",
                               quipu::field<&deposited::cents>,
                               quipu::nullable<&deposited::note>);
    }
};

struct withdrawn {
    quipu_event base;
    std::int64_t cents;

    static auto describe()
    {
        return quipu::as_event("Account.Withdrawn",
                               quipu::field<&withdrawn::cents>);
    }
};

struct closed {
    quipu_event base;

    static auto describe() { return quipu::as_event("Account.Closed"); }
};

/* An exception of the program: a command throws it, and a handler may. */
class refused : public quipu::exception {
public:
    explicit refused(const char *why) : exception(QUIPU_DENIED, why) {}
};

/* One that knows nothing of quipu. */
struct odd : std::runtime_error {
    using runtime_error::runtime_error;
    int number = 0;
};

struct account {
    quipu_aggregate base;
    std::int64_t balance;
    quipu::text note;
    quipu::list<std::int64_t> movements;

    void deposit(std::int64_t cents, const char *why = nullptr)
    {
        quipu::trigger<deposited>(*this, cents, why);
    }
    void withdraw(std::int64_t cents)
    {
        if (cents > balance) {
            throw refused("the account lacks the money");
        }
        quipu::trigger<withdrawn>(*this, cents);
    }

    void apply(const deposited &event)
    {
        if (event.cents == 13) {
            odd thrown("thirteen");
            thrown.number = 13;
            throw thrown;
        }
        if (event.cents == 14) {
            throw refused("fourteen");
        }
        if (event.cents == 15) {
            throw 15;
        }
        if (event.cents == 16) {
            throw std::bad_alloc();
        }
        if (event.cents == 17) {
            throw quipu::exception(QUIPU_OK, "no status");
        }
        if (event.note) {
            note.set(event.note);
        }
        balance += event.cents;
        *movements.add() = event.cents;
    }
    int apply(const withdrawn &event, quipu_error *error)
    {
        if (event.cents == 13) {
            return quipu_error_set(error, QUIPU_DENIED, "no thirteen");
        }
        balance -= event.cents;
        return QUIPU_OK;
    }

    static auto describe()
    {
        return quipu::as_aggregate(
            "Account", quipu::field<&account::balance>,
            quipu::nullable<&account::note>, quipu::field<&account::movements>,
            quipu::handles<deposited, withdrawn>, quipu::discards<closed>);
    }
};

/* A store in memory with its application. */
struct bank {
    quipu::datastore datastore{ "sqlite:///:memory:" };
    quipu::application application;
    quipu::repository<account> accounts;

    bank()
    {
        datastore.setup(quipu_schema_stored_events());
        application = quipu::application(
            datastore, quipu_schema_stored_events(),
            quipu::mapping_of<deposited, withdrawn, closed>());
        accounts = application.repository<account>();
    }
    quipu_id open(std::int64_t cents)
    {
        auto opened = accounts.create();

        opened->deposit(cents);
        return opened.id();
    }
    quipu::store_ref store() { return application.store(); }
};

/* Calls a function that must throw a quipu::exception, and returns its code. */
template <class Function> int code_of(Function &&function)
{
    try {
        function();
    } catch (const quipu::exception &thrown) {
        return thrown.code();
    }
    return QUIPU_OK;
}

#endif
