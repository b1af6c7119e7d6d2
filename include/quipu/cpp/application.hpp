/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications in C++: the bus, the application, metadata, and units of work.
 *
 *     quipu::run(application.store(), [&](quipu::unit &unit) {
 *         unit.get(accounts, from)->withdraw(cents);
 *         unit.get(accounts, to)->deposit(cents);
 *     });
 *
 * Threads: as in C: a bus and an application are used by several threads at
 * once, a unit and metadata by one at a time.
 */
#ifndef QUIPU_CPP_APPLICATION_HPP
#define QUIPU_CPP_APPLICATION_HPP

#include <functional>

#include <quipu/application.h>
#include <quipu/bus.h>
#include <quipu/cpp/aggregate.hpp>
#include <quipu/environment.h>
#include <quipu/metadata.h>
#include <quipu/timer.h>
#include <quipu/unit.h>

namespace quipu {

/* ------------------------------------------------- buses, and applications */

/* A list of events that is published, lent for the call. */
using published = span<const quipu_event *>;

/*
 * A subscription of a function to a bus (bus.h), until the object is closed or
 * destroyed.  A policy may throw: the list is refused.  A listener has no way
 * to fail: what it throws ends the program by std::terminate.
 */
class subscriber {
public:
    using function = std::function<void(published)>;

    subscriber() noexcept = default;
    subscriber(subscriber &&) noexcept = default;
    subscriber &operator=(subscriber &&other) noexcept
    {
        subscriber_ = std::move(other.subscriber_); /* ends the old one */
        function_ = std::move(other.function_);
        return *this;
    }
    static subscriber policy(borrowed<quipu_bus> bus, function policy,
                             error *given = nullptr)
    {
        return subscriber(&quipu_bus_subscribe, &decide, bus, policy, given);
    }
    static subscriber listener(borrowed<quipu_bus> bus, function listener,
                               error *given = nullptr)
    {
        return subscriber(&quipu_bus_listen, &listen, bus, listener, given);
    }
    explicit operator bool() const noexcept { return bool(subscriber_); }
    void close() { subscriber_.close(); }

private:
    using owner = handle<quipu_subscriber, &quipu_bus_unsubscribe>;

    template <class Subscribe, class Call>
    subscriber(Subscribe subscribe, Call call, borrowed<quipu_bus> bus,
               function &kept, error *given)
        : function_(std::make_unique<function>(std::move(kept))),
          subscriber_(detail::call_to<quipu_subscriber *>(
              given, subscribe, bus.get(), call, function_.get()))
    {
    }
    static int decide(void *context, const quipu_event *const *events,
                      std::size_t count, quipu_error *error) noexcept
    {
        return detail::guarded(error, [&] {
            (*static_cast<function *>(context))({ events, count });
            return static_cast<int>(QUIPU_OK);
        });
    }
    static void listen(void *context, const quipu_event *const *events,
                       std::size_t count) noexcept
    {
        (*static_cast<function *>(context))({ events, count });
    }

    std::unique_ptr<function> function_; /* outlives the subscription */
    owner subscriber_;
};

namespace detail {

template <class Self> class bus_functions {
public:
    bool publish(event_list events, error *given = nullptr)
    {
        return call(given, quipu_bus_publish, static_cast<Self *>(this)->get(),
                    events.begin(), events.size());
    }
};

} // namespace detail

class bus : public handle<quipu_bus, &quipu_bus_close, closing::refused>,
            public detail::bus_functions<bus> {
public:
    using handle::handle;
    static bus open(error *given = nullptr)
    {
        return bus(detail::call_to<quipu_bus *>(given, quipu_bus_open));
    }
};
class bus_ref : public borrowed<quipu_bus>,
                public detail::bus_functions<bus_ref> {
public:
    using borrowed::borrowed;
};

/* Stores the events that are published on a bus: those of `types`, which is
 * borrowed, or all. */
class persistence_policy
    : public handle<quipu_persistence_policy, &quipu_persistence_policy_close> {
public:
    persistence_policy() noexcept = default;
    persistence_policy(borrowed<quipu_bus> bus, borrowed<quipu_store> store,
                       const quipu_event_type *const *types = nullptr,
                       std::size_t count = 0, error *given = nullptr)
        : handle(detail::call_to<quipu_persistence_policy *>(
              given, quipu_persistence_policy_open, bus.get(), store.get(),
              types, count))
    {
    }
};

/* A store, a bus and a persistence policy together (application.h). */
class application : public handle<quipu_application, &quipu_application_close,
                                  closing::refused> {
public:
    using handle::handle;
    application(borrowed<quipu_datastore> datastore, const quipu_schema *schema,
                const quipu_mapping &mapping, error *given = nullptr)
        : handle(detail::call_to<quipu_application *>(
              given, quipu_application_open, datastore.get(), schema, &mapping))
    {
    }
    /* The store and the settings that environment variables give
     * (environment.h). */
    static application from_environment(zstring name,
                                        const quipu_schema *schema,
                                        const quipu_mapping &mapping,
                                        error *given = nullptr)
    {
        return application(detail::call_to<quipu_application *>(
            given, quipu_environment_open, name.c_str(), schema, &mapping));
    }

    datastore_ref datastore() const noexcept
    {
        return quipu_application_datastore(get());
    }
    store_ref store() const noexcept { return quipu_application_store(get()); }
    bus_ref bus() const noexcept { return quipu_application_bus(get()); }
    template <class Aggregate>
    quipu::repository<Aggregate> repository(error *given = nullptr)
    {
        return quipu::repository<Aggregate>(detail::call_to<quipu_repository *>(
            given, quipu_application_repository, get(),
            &aggregate_type<Aggregate>()));
    }
};

/* ---------------------------------------------------------------- metadata */

/* Metadata of events by name (metadata.h). */
class metadata : public handle<quipu_metadata, &quipu_metadata_destroy> {
public:
    using handle::handle;
    static metadata create(error *given = nullptr)
    {
        return metadata(
            detail::call_to<quipu_metadata *>(given, quipu_metadata_create));
    }
    static metadata read(quipu_bytes bytes, error *given = nullptr)
    {
        return metadata(detail::call_to<quipu_metadata *>(
            given, quipu_metadata_read, bytes));
    }
    static metadata caused_by(const quipu_event &cause, error *given = nullptr)
    {
        return metadata(detail::call_to<quipu_metadata *>(
            given, quipu_metadata_caused_by, &cause));
    }

    bool set(zstring name, zstring value, error *given = nullptr)
    {
        return detail::call(given, quipu_metadata_set, handle::get(),
                            name.c_str(), value.c_str());
    }
    /* The value, valid until they are changed; null: there is none. */
    const char *value(zstring name) const noexcept
    {
        return quipu_metadata_get(handle::get(), name.c_str());
    }
    std::size_t count() const noexcept
    {
        return quipu_metadata_count(handle::get());
    }
    const char *name(std::size_t index) const noexcept
    {
        return quipu_metadata_name(handle::get(), index);
    }
    quipu_bytes encode(error *given = nullptr)
    {
        return detail::call_to<quipu_bytes>(given, quipu_metadata_encode,
                                            handle::get());
    }
};

/* ------------------------------------------------------------ units of work */

/* Aggregates and whatever else is stored as one append (unit.h).  It owns its
 * aggregates; events that it has not stored are lost with it. */
class unit : public handle<quipu_unit, &quipu_unit_destroy> {
public:
    using handle::get;
    using handle::handle;
    explicit unit(borrowed<quipu_store> store, error *given = nullptr)
        : handle(detail::call_to<quipu_unit *>(given, quipu_unit_create,
                                               store.get()))
    {
    }

    void clear() noexcept { quipu_unit_clear(get()); }

    /* An aggregate of the unit; null only with an error. */
    template <class Aggregate>
    Aggregate *get(repository<Aggregate> &from, const quipu_id &id,
                   error *given = nullptr)
    {
        return static_cast<Aggregate *>(
            detail::call_for(given, quipu_unit_get, get(), from.get(), &id));
    }
    template <class Aggregate>
    Aggregate *create(repository<Aggregate> &of, const quipu_id *id = nullptr,
                      error *given = nullptr)
    {
        return static_cast<Aggregate *>(
            detail::call_for(given, quipu_unit_new, get(), of.get(), id));
    }
    template <class Aggregate>
    bool require(const Aggregate &aggregate, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_require, get(), &aggregate.base);
    }

    bool guard(const quipu_guard &guard, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_guard, get(), &guard);
    }
    bool add(const quipu_event &event, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_event, get(), &event);
    }
    bool add(const quipu_entry_write &write, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_entry, get(), &write);
    }
    bool track(const quipu_tracking &tracking,
               const std::int64_t *from = nullptr, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_track, get(), &tracking, from);
    }
    bool set_metadata(metadata &values, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_metadata, get(), values.get());
    }
    bool set_timer(zstring name, quipu_time due, const quipu_event &event,
                   error *given = nullptr)
    {
        return detail::call(given, quipu_unit_timer_set, get(), name.c_str(),
                            due, &event);
    }
    bool cancel_timer(const quipu_id &id, zstring name, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_timer_cancel, get(), &id,
                            name.c_str());
    }
    /* Runs in the transaction of the commit; it is borrowed until then, so it
     * is a variable of the program.  See transact of datastores. */
    template <class Native, class Function>
    bool work(Function &function, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_work, get(),
                            &detail::work<Native, Function>,
                            static_cast<void *>(&function));
    }

    bool commit(quipu_result *result = nullptr, error *given = nullptr)
    {
        return detail::call(given, quipu_unit_commit, get(), result);
    }
};

namespace detail {

/* A unit that quipu lends to a function: it is not destroyed here. */
class lent_unit {
public:
    explicit lent_unit(quipu_unit *lent) noexcept : unit_(lent) {}
    lent_unit(const lent_unit &) = delete;
    lent_unit &operator=(const lent_unit &) = delete;
    ~lent_unit() { unit_.release(); }
    unit &get() noexcept { return unit_; }

private:
    unit unit_;
};

template <class Function>
int fill_unit(quipu_unit *lent, void *function, quipu_error *error) noexcept
{
    lent_unit unit(lent);

    return guarded(error, [&] {
        return status_of(
            [&] { return (*static_cast<Function *>(function))(unit.get()); });
    });
}

} // namespace detail

/*
 * Calls `function` with an empty unit and commits it, again after conflicts and
 * failures that pass, as quipu_unit_run:
 *
 *     quipu::run(store, [&](quipu::unit &unit) {
 *         unit.get(accounts, from)->withdraw(cents);
 *         unit.get(accounts, to)->deposit(cents);
 *     });
 *
 * The function may run several times.  It returns nothing, or a status.  What
 * it throws ends the attempts, except a quipu::exception with a transient code
 * (quipu_status_is_transient).  The unit is lent for the call.
 */
template <class Function>
bool run(borrowed<quipu_store> store, Function &&function,
         const quipu_unit_limits *limits = nullptr,
         quipu_result *result = nullptr, error *given = nullptr)
{
    using kept = std::remove_reference_t<Function>;

    return detail::call(
        given, quipu_unit_run, store.get(), limits, &detail::fill_unit<kept>,
        const_cast<void *>(static_cast<const void *>(std::addressof(function))),
        result);
}

} // namespace quipu

#endif
