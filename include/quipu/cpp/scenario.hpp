/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of an application in C++: given, when, then (scenario.h).
 *
 *     auto s = quipu::scenario::of_aggregate<account>();
 *
 *     s.given<deposited>(100);
 *     s.refused(QUIPU_DENIED, "only 100 cents",
 *               [&] { s.when<account>()->withdraw(150); });
 *     s.nothing();
 *     assert(s.end() == 0);
 *
 * Threads: a scenario is used by one thread at a time.
 */
#ifndef QUIPU_CPP_SCENARIO_HPP
#define QUIPU_CPP_SCENARIO_HPP

#include <quipu/cpp/consumer.hpp>
#include <quipu/scenario.h>

namespace quipu {

class scenario {
public:
    /* `options` as in C; its `context` is the object of a projection or
     * process. */
    template <class Aggregate>
    static scenario of_aggregate(
        const quipu_scenario_options *options = nullptr)
    {
        return scenario(
            quipu_scenario_of_aggregate(&aggregate_type<Aggregate>(), options));
    }
    template <class Model>
    static scenario of_projection(
        Model &model,
        quipu_scenario_options options = sized<quipu_scenario_options>())
    {
        options.context = &model;
        return scenario(
            quipu_scenario_of_projection(&projection_type<Model>(), &options));
    }
    template <class Process>
    static scenario of_process(
        Process &process,
        quipu_scenario_options options = sized<quipu_scenario_options>())
    {
        options.context = &process;
        return scenario(
            quipu_scenario_of_process(&process_type<Process>(), &options));
    }

    /* The number of differences.  Afterwards the scenario is empty. */
    int end() noexcept { return quipu_scenario_end(scenario_.release()); }
    quipu_scenario *get() const noexcept { return scenario_.get(); }

    const quipu_id &id() const noexcept { return *quipu_scenario_id(get()); }
    store_ref store() const noexcept { return quipu_scenario_store(get()); }
    void clock(quipu_time now) noexcept { quipu_scenario_clock(get(), now); }

    /* An event that has happened; of its members, or a whole one. */
    template <class Event> void given(const Event &event)
    {
        quipu_scenario_given(get(), &type<Event>(), &event.base);
    }
    template <class Event, class... Members>
    std::enable_if_t<
        !std::is_same_v<void(std::decay_t<Members>...), void(Event)>>
    given(Members &&...members)
    {
        given(make<Event>(std::forward<Members>(members)...));
    }

    /* The aggregate for the command under test, which the scenario owns; null
     * if it could not be read. */
    template <class Aggregate> Aggregate *when()
    {
        return static_cast<Aggregate *>(quipu_scenario_when(get()));
    }
    /* Returns the status, which `refused` may expect. */
    int run() noexcept { return quipu_scenario_run(get()); }
    quipu_error &failure() noexcept { return *quipu_scenario_error(get()); }

    /* Expects an event. */
    template <class Event> void then(const Event &event)
    {
        quipu_scenario_then(get(), &type<Event>(), &event.base);
    }
    template <class Event, class... Members>
    std::enable_if_t<
        !std::is_same_v<void(std::decay_t<Members>...), void(Event)>>
    then(Members &&...members)
    {
        then(make<Event>(std::forward<Members>(members)...));
    }
    void caused_by(std::size_t given) noexcept
    {
        quipu_scenario_caused_by(get(), given);
    }
    void nothing() noexcept { quipu_scenario_nothing(get()); }

    /* Expects that a command throws a quipu::exception with that code, whose
     * message contains `words`; or that `status` is that code. */
    template <class Command>
    void refused(int expected, const char *words, Command &&command)
    {
        int status = QUIPU_OK;

        if constexpr (std::is_invocable_v<Command>) {
            status = detail::guarded(quipu_scenario_error(get()), [&] {
                return detail::status_of([&] { return command(); });
            });
        } else {
            status = command;
        }
        quipu_scenario_refused(get(), status, expected, words);
    }

    /* Looks at the read model, as transact of datastores. */
    template <class Native, class Function> void look(Function &&function)
    {
        quipu_scenario_look(
            get(), &detail::work<Native, std::remove_reference_t<Function>>,
            &function);
    }

    void crash(quipu_crash when) noexcept { quipu_scenario_crash(get(), when); }
    void fail_commits(int status, int count = 1) noexcept
    {
        quipu_scenario_fail(get(), status, count);
    }
    const char *report() noexcept { return quipu_scenario_report(get()); }

private:
    struct finish {
        void operator()(quipu_scenario *scenario) const noexcept
        {
            quipu_scenario_end(scenario);
        }
    };
    explicit scenario(quipu_scenario *begun) noexcept : scenario_(begun) {}

    std::unique_ptr<quipu_scenario, finish> scenario_;
};

} // namespace quipu

#endif
