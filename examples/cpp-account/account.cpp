/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of the README in C++: the balance of an account is the sum of its
 * deposits.
 *
 *     QUIPU_URI=sqlite:///accounts.db ./account
 */
#include <iostream>
#include <quipu/quipu.hpp>

/* An event, and how it changes the state. */
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

struct account {
    quipu_aggregate base;
    std::int64_t balance;

    void apply(const deposited &event) { balance += event.cents; }

    static auto describe()
    {
        return quipu::as_aggregate("Account", quipu::field<&account::balance>,
                                   quipu::handles<deposited>);
    }
};

/* Each trigger appends an event: when it returns, the event is stored. */
static void use(quipu::repository<account> &accounts)
{
    auto mine = accounts.create();
    const quipu_id id = mine.id();

    quipu::trigger<deposited>(*mine, 1000);
    quipu::trigger<deposited>(*mine, -250, "rent");
    mine = accounts.get(id); // from its events
    std::cout << mine->balance << " cents after " << mine.version()
              << " events\n";
}

int main()
{
    try {
        /* Opens the store that QUIPU_URI names, and creates its tables. */
        auto application = quipu::application::from_environment(
            "ACCOUNT", quipu_schema_stored_events(),
            quipu::mapping_of<deposited>());
        auto accounts = application.repository<account>();

        use(accounts);
    } catch (const quipu::exception &failure) {
        std::cerr << "account: " << failure.what() << '\n';
        return 1;
    }
    return 0;
}
