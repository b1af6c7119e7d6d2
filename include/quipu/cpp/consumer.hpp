/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consumers in C++: subscriptions, projections, processes, outboxes, timers and
 * groups.
 *
 *     struct balances {
 *         using native = sqlite3; // the handle of the target's back end
 *
 *         void create(sqlite3 *database);
 *         void drop(sqlite3 *database);
 *         void apply(sqlite3 *database, const deposited &event);
 *
 *         static auto describe()
 *         {
 *             return quipu::as_projection("balances", 1,
 *                                         quipu::handles<deposited>);
 *         }
 *     };
 *
 *     balances model;
 *     quipu::projection<balances> projection(store, model);
 *     projection.run(); // until it is stopped
 *
 * `apply` takes the item of the event in addition if it wants it; so do all
 * functions take a quipu_error * at the end and return a status, if they are
 * written like those of C.  `create`, `drop` and `show` may be missing.  The
 * object is borrowed: it must outlive the consumer.
 *
 * A function that throws refuses the event, and quipu does what the options
 * say: it tries again, and then stops, parks or skips.  A quipu::exception with
 * the code BUSY, or for processes and outboxes any transient code, means: try
 * again later.  If the consumer stops because of it, `run` throws it.
 *
 * Threads: as in C: `stop`, `request_stop` and `status` from any.
 */
#ifndef QUIPU_CPP_CONSUMER_HPP
#define QUIPU_CPP_CONSUMER_HPP

#include <quipu/cpp/application.hpp>
#include <quipu/group.h>
#include <quipu/outbox.h>
#include <quipu/process.h>
#include <quipu/projection.h>
#include <quipu/subscription.h>
#include <quipu/timer.h>

namespace quipu {

/* ------------------------------------------------------------ descriptions */

/* The description of a projection by its name and version, and of a process by
 * its name, each with quipu::handles<...>. */
template <class... Parts>
constexpr detail::parts_of<Parts...> as_projection(const char *name,
                                                   std::uint32_t version,
                                                   Parts... parts)
{
    return { name, version, { parts... } };
}
template <class... Parts>
constexpr detail::parts_of<Parts...> as_process(const char *name,
                                                Parts... parts)
{
    return { name, 1, { parts... } };
}

/* ------------------------------------------------------------ subscriptions */

namespace detail {

inline int next_of_subscription(quipu_subscription *subscription,
                                const quipu_item **item, quipu_error *error)
{
    return quipu_subscription_next(subscription, item, -1, error);
}

} // namespace detail

/*
 * A subscription to the items of a log, or to the events of a store, from which
 * the program takes one after the other (subscription.h).  A loop over it waits
 * without limit, and ends when it is stopped, or at the head with
 * QUIPU_SUBSCRIPTION_TO_NOW:
 *
 *     for (const quipu_item &item : subscription) {
 *         ...
 *         subscription.acknowledge();
 *     }
 */
class subscription
    : public listing<quipu_subscription, quipu_item,
                     &detail::next_of_subscription, &quipu_subscription_close> {
public:
    using listing::listing;
    static subscription to_records(borrowed<quipu_records> records,
                                   const quipu_subscription_options &options,
                                   error *given = nullptr)
    {
        return subscription(detail::call_to<quipu_subscription *>(
            given, quipu_subscription_open, records.get(), &options));
    }
    static subscription to_events(borrowed<quipu_store> store,
                                  const quipu_subscription_options &options,
                                  error *given = nullptr)
    {
        return subscription(detail::call_to<quipu_subscription *>(
            given, quipu_subscription_open_events, store.get(), &options));
    }

    /* With a limit: TIMEOUT is a failure like others. */
    const quipu_item *next_within(std::int64_t milliseconds,
                                  error *given = nullptr)
    {
        const quipu_item *item = nullptr;

        return detail::call(given, quipu_subscription_next, get(), &item,
                            milliseconds)
                   ? item
                   : nullptr;
    }
    /* The event of the item that was lent last, lent as long as it. */
    const quipu_event *event(error *given = nullptr)
    {
        return detail::call_to<const quipu_event *>(
            given, quipu_subscription_event, get());
    }
    bool acknowledge(error *given = nullptr)
    {
        return detail::call(given, quipu_subscription_acknowledge, get());
    }
    quipu_position position(error *given = nullptr)
    {
        return detail::call_to<quipu_position>(
            given, quipu_subscription_position, get());
    }
    void stop() noexcept { quipu_subscription_stop(get()); }
    void request_stop() noexcept { quipu_subscription_request_stop(get()); }
    quipu_consumer_status status(error *given = nullptr)
    {
        auto status = sized<quipu_consumer_status>();

        detail::call(given, quipu_subscription_status, get(), &status);
        return status;
    }
};

/* ----------------------------------------------------------------- runners */

namespace detail {

/* The functions that projections, processes and outboxes have in common. */
template <class Object, auto Run, auto Step, auto Stop, auto RequestStop,
          auto Status, auto Retry, auto Close>
class runner : public handle<Object, Close, closing::refused> {
public:
    using handle<Object, Close, closing::refused>::handle;

    /* Runs until it is stopped. */
    bool run(error *given = nullptr) { return call(given, Run, this->get()); }
    /* Returns whether the end of the log was reached. */
    bool step(error *given = nullptr)
    {
        return call_to<bool>(given, Step, this->get());
    }
    void stop() noexcept { Stop(this->get()); }
    void request_stop() noexcept { RequestStop(this->get()); }
    quipu_consumer_status status(error *given = nullptr)
    {
        auto status = sized<quipu_consumer_status>();

        call(given, Status, this->get(), &status);
        return status;
    }
    /* Returns the number of events that are still parked. */
    std::int64_t retry(error *given = nullptr)
    {
        return call_to<std::int64_t>(given, Retry, this->get());
    }
};

/* The handle of the back end that the functions of a model take. */
template <class Model, class = void> struct native_of {
    using type = void;
};
template <class Model>
struct native_of<Model, std::void_t<typename Model::native>> {
    using type = typename Model::native;
};
template <class Model> using native_t = typename native_of<Model>::type;

template <class Model, class Event>
int project(void *native, void *model, const quipu_event *event,
            const quipu_item *item, quipu_error *error) noexcept
{
    using native_pointer = native_t<Model> *;
    auto &object = *static_cast<Model *>(model);
    auto *database = static_cast<native_pointer>(native);
    const auto &typed = *reinterpret_cast<const Event *>(event);

    return guarded(error, [&] {
        if constexpr (has_apply<Model, native_pointer, const Event &,
                                const quipu_item &, quipu_error *>) {
            return object.apply(database, typed, *item, error);
        } else if constexpr (has_apply<Model, native_pointer, const Event &,
                                       quipu_error *>) {
            return object.apply(database, typed, error);
        } else if constexpr (has_apply<Model, native_pointer, const Event &,
                                       const quipu_item &>) {
            return status_of(
                [&] { return object.apply(database, typed, *item); });
        } else {
            return status_of([&] { return object.apply(database, typed); });
        }
    });
}

/* A function `create`, `drop` or `show` of a model; null if it has none. */
#define QUIPU_CPP_MODEL_FUNCTION(function)                                   \
    template <class Model>                                                   \
    int function##_model(void *native, void *model,                          \
                         quipu_error *error) noexcept                        \
    {                                                                        \
        auto *database = static_cast<native_t<Model> *>(native);             \
        auto &object = *static_cast<Model *>(model);                         \
                                                                             \
        return guarded(error, [&] {                                          \
            if constexpr (has_##function<Model, native_t<Model> *,           \
                                         quipu_error *>) {                   \
                return object.function(database, error);                     \
            } else {                                                         \
                return status_of([&] { return object.function(database); }); \
            }                                                                \
        });                                                                  \
    }                                                                        \
    template <class Model> constexpr quipu_projection_model function##_of()  \
    {                                                                        \
        if constexpr (has_##function<Model, native_t<Model> *> ||            \
                      has_##function<Model, native_t<Model> *,               \
                                     quipu_error *>) {                       \
            return &function##_model<Model>;                                 \
        } else {                                                             \
            return nullptr;                                                  \
        }                                                                    \
    }
QUIPU_CPP_MODEL_FUNCTION(create)
QUIPU_CPP_MODEL_FUNCTION(drop)
QUIPU_CPP_MODEL_FUNCTION(show)
#undef QUIPU_CPP_MODEL_FUNCTION

template <class Model> class projection_table {
public:
    projection_table()
    {
        const auto parts = description<Model>::get();

        type.name = parts.name;
        type.version = parts.version;
        type.handlers = handlers_;
        type.create = create_of<Model>();
        type.drop = drop_of<Model>();
        type.show = show_of<Model>();
        std::apply([&](const auto &...part) { (add(part), ...); }, parts.parts);
    }
    projection_table(const projection_table &) = delete;
    projection_table &operator=(const projection_table &) = delete;

    quipu_projection_type type = {};

private:
    template <class... Events> void add(const handles_t<Events...> &)
    {
        (add_handler(quipu::type<Events>(), &project<Model, Events>), ...);
    }
    void add_handler(const quipu_event_type &event,
                     quipu_projection_apply apply)
    {
        handlers_[count_].event = &event;
        handlers_[count_++].apply = apply;
    }

    quipu_projection_handler
        handlers_[count_of<event_count, description_t<Model>>::value + 1] = {};
    std::size_t count_ = 0;
};

template <class Process, class Event>
int react(quipu_unit *lent, void *process, const quipu_event *event,
          quipu_error *error) noexcept
{
    lent_unit unit(lent);
    auto &object = *static_cast<Process *>(process);
    const auto &typed = *reinterpret_cast<const Event *>(event);

    return guarded(error, [&] {
        if constexpr (has_react<Process, quipu::unit &, const Event &,
                                quipu_error *>) {
            return object.react(unit.get(), typed, error);
        } else {
            return status_of([&] { return object.react(unit.get(), typed); });
        }
    });
}

template <class Process> class process_table {
public:
    process_table()
    {
        const auto parts = description<Process>::get();

        type.name = parts.name;
        type.reactions = reactions_;
        std::apply([&](const auto &...part) { (add(part), ...); }, parts.parts);
    }
    process_table(const process_table &) = delete;
    process_table &operator=(const process_table &) = delete;

    quipu_process_type type = {};

private:
    template <class... Events> void add(const handles_t<Events...> &)
    {
        (add_reaction(quipu::type<Events>(), &react<Process, Events>), ...);
    }
    void add_reaction(const quipu_event_type &event, quipu_react react)
    {
        reactions_[count_].event = &event;
        reactions_[count_++].react = react;
    }

    quipu_reaction
        reactions_[count_of<event_count, description_t<Process>>::value +
                   1] = {};
    std::size_t count_ = 0;
};

template <class Sender>
int send(void *sender, const quipu_item *items, std::size_t count,
         quipu_error *error) noexcept
{
    return guarded(error, [&] {
        return status_of([&] {
            return static_cast<Sender *>(sender)->send(
                span<quipu_item>(items, count));
        });
    });
}

} // namespace detail

/* The types of C, for functions that take them: one object each in a
 * program. */
template <class Model> const quipu_projection_type &projection_type()
{
    static const detail::projection_table<Model> table;

    return table.type;
}
template <class Process> const quipu_process_type &process_type()
{
    static const detail::process_table<Process> table;

    return table.type;
}

/* A projection (projection.h).  The member `context` of the options is set to
 * the model. */
template <class Model>
class projection
    : public detail::runner<quipu_projection, &quipu_projection_run,
                            &quipu_projection_step, &quipu_projection_stop,
                            &quipu_projection_request_stop,
                            &quipu_projection_status, &quipu_projection_retry,
                            &quipu_projection_close> {
public:
    projection() noexcept = default;
    projection(
        borrowed<quipu_store> store, Model &model,
        quipu_projection_options options = sized<quipu_projection_options>(),
        error *given = nullptr)
        : projection::runner(open(store, model, options, given))
    {
    }
    bool reset(error *given = nullptr)
    {
        return detail::call(given, quipu_projection_reset, this->get());
    }
    bool promote(std::int64_t lag = 0, error *given = nullptr)
    {
        return detail::call(given, quipu_projection_promote, this->get(), lag);
    }
    bool retire(error *given = nullptr)
    {
        return detail::call(given, quipu_projection_retire, this->get());
    }
    /* The version that is shown; 0: none. */
    static std::uint32_t shown(borrowed<quipu_datastore> target,
                               error *given = nullptr)
    {
        return detail::call_to<std::uint32_t>(given, quipu_projection_shown,
                                              target.get(),
                                              projection_type<Model>().name);
    }

private:
    static quipu_projection *open(borrowed<quipu_store> store, Model &model,
                                  quipu_projection_options options,
                                  error *given)
    {
        options.context = &model;
        return detail::call_to<quipu_projection *>(
            given, quipu_projection_open, store.get(),
            &projection_type<Model>(), &options);
    }
};

/* A process manager (process.h): its functions `react` take a quipu::unit &,
 * which is lent for the call, and the event. */
template <class Process>
class process
    : public detail::runner<quipu_process, &quipu_process_run,
                            &quipu_process_step, &quipu_process_stop,
                            &quipu_process_request_stop, &quipu_process_status,
                            &quipu_process_retry, &quipu_process_close> {
public:
    process() noexcept = default;
    process(borrowed<quipu_store> store, Process &object,
            quipu_process_options options = sized<quipu_process_options>(),
            error *given = nullptr)
        : process::runner(open(store, object, options, given))
    {
    }

private:
    static quipu_process *open(borrowed<quipu_store> store, Process &object,
                               quipu_process_options options, error *given)
    {
        options.context = &object;
        return detail::call_to<quipu_process *>(
            given, quipu_process_open, store.get(), &process_type<Process>(),
            &options);
    }
};

/* An outbox (outbox.h): calls `send` of a sender with a span of items, lent for
 * the call. */
template <class Sender>
class outbox
    : public detail::runner<quipu_outbox, &quipu_outbox_run, &quipu_outbox_step,
                            &quipu_outbox_stop, &quipu_outbox_request_stop,
                            &quipu_outbox_status, &quipu_outbox_retry,
                            &quipu_outbox_close> {
public:
    outbox() noexcept = default;
    outbox(borrowed<quipu_records> records, zstring consumer, Sender &sender,
           quipu_outbox_options options = sized<quipu_outbox_options>(),
           error *given = nullptr)
        : outbox::runner(open(records, consumer, sender, options, given))
    {
    }

private:
    static quipu_outbox *open(borrowed<quipu_records> records, zstring consumer,
                              Sender &sender, quipu_outbox_options options,
                              error *given)
    {
        options.context = &sender;
        return detail::call_to<quipu_outbox *>(given, quipu_outbox_open,
                                               records.get(), consumer.c_str(),
                                               &detail::send<Sender>, &options);
    }
};

/* ------------------------------------------------------- timers, and groups */

/* Appends the events of timers that are due (timer.h). */
class timer_runner
    : public handle<quipu_timer_runner, &quipu_timer_runner_close,
                    closing::refused> {
public:
    timer_runner() noexcept = default;
    explicit timer_runner(borrowed<quipu_store> store,
                          const quipu_timer_runner_options *options = nullptr,
                          error *given = nullptr)
        : handle(detail::call_to<quipu_timer_runner *>(
              given, quipu_timer_runner_open, store.get(), options))
    {
    }
    bool run(error *given = nullptr)
    {
        return detail::call(given, quipu_timer_runner_run, get());
    }
    /* Returns when the next call is due. */
    quipu_time step(error *given = nullptr)
    {
        return detail::call_to<quipu_time>(given, quipu_timer_runner_step,
                                           get());
    }
    void stop() noexcept { quipu_timer_runner_stop(get()); }
    void request_stop() noexcept { quipu_timer_runner_request_stop(get()); }
    quipu_timer_status status(error *given = nullptr)
    {
        auto status = sized<quipu_timer_status>();

        detail::call(given, quipu_timer_runner_status, get(), &status);
        return status;
    }
};

/* A member of a group, for loops of a program's own (group.h). */
class group : public handle<quipu_group, &quipu_group_close> {
public:
    group() noexcept = default;
    group(borrowed<quipu_datastore> datastore, zstring consumer,
          const quipu_group_options &options, error *given = nullptr)
        : handle(detail::call_to<quipu_group *>(given, quipu_group_open,
                                                datastore.get(),
                                                consumer.c_str(), &options))
    {
    }
    /* Returns the partitions that the member holds: bit i for partition i. */
    std::uint64_t renew(error *given = nullptr)
    {
        return detail::call_to<std::uint64_t>(given, quipu_group_renew, get());
    }
    bool fence(std::uint32_t partition, quipu_entry_write *fence) const noexcept
    {
        return quipu_group_fence(get(), partition, fence);
    }
};

} // namespace quipu

#endif
