/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates in C++: types with typed handlers, commands, and repositories.
 *
 *     struct account {
 *         quipu_aggregate base;
 *         std::int64_t balance;
 *
 *         void withdraw(std::int64_t cents) // a command
 *         {
 *             if (cents > balance) {
 *                 throw refused("the account lacks the money");
 *             }
 *             quipu::trigger<withdrawn>(*this, cents);
 *         }
 *         void apply(const deposited &event) { balance += event.cents; }
 *         void apply(const withdrawn &event) { balance -= event.cents; }
 *
 *         static auto describe()
 *         {
 *             return quipu::as_aggregate(
 *                 "Account", quipu::field<&account::balance>,
 *                 quipu::handles<deposited, withdrawn>,
 *                 quipu::discards<closed>);
 *         }
 *     };
 *
 * A handler is a member function `apply` that takes the event.  It returns
 * nothing, or it takes a quipu_error * in addition and returns a status, as in
 * C.  If it throws, the command that has triggered the event throws that, too,
 * and the aggregate is stale (aggregate.h).
 *
 * Threads: as in C: a repository is used by several threads at once, an
 * aggregate and a unit by one at a time.
 */
#ifndef QUIPU_CPP_AGGREGATE_HPP
#define QUIPU_CPP_AGGREGATE_HPP

#include <memory>

#include <quipu/cpp/store.hpp>
#include <quipu/repository.h>
#include <quipu/snapshot.h>

namespace quipu {

/* ---------------------------------------------------------------- handlers */

namespace detail {

/* Whether an object has a function of a name that takes these arguments. */
#define QUIPU_CPP_HAS(function)                                 \
    template <class Void, class Object, class... Arguments>     \
    inline constexpr bool has_##function##_of = false;          \
    template <class Object, class... Arguments>                 \
    inline constexpr bool has_##function##_of<                  \
        std::void_t<decltype(std::declval<Object &>().function( \
            std::declval<Arguments>()...))>,                    \
        Object, Arguments...> = true;                           \
    template <class Object, class... Arguments>                 \
    inline constexpr bool has_##function =                      \
        has_##function##_of<void, Object, Arguments...>
QUIPU_CPP_HAS(apply);
QUIPU_CPP_HAS(react);
QUIPU_CPP_HAS(create);
QUIPU_CPP_HAS(drop);
QUIPU_CPP_HAS(show);
#undef QUIPU_CPP_HAS

template <class Aggregate, class Event>
int apply(void *aggregate, const void *event, quipu_error *error) noexcept
{
    auto &object = *static_cast<Aggregate *>(aggregate);
    const auto &typed = *static_cast<const Event *>(event);

    return guarded(error, [&] {
        if constexpr (has_apply<Aggregate, const Event &, quipu_error *>) {
            return object.apply(typed, error);
        } else {
            return status_of([&] { return object.apply(typed); });
        }
    });
}

/* The number of events of a part of a description, and whether it is one. */
template <class Part> struct event_count {
    static constexpr std::size_t value = 0;
};
template <class... Events> struct event_count<handles_t<Events...>> {
    static constexpr std::size_t value = handles_t<Events...>::count;
};
template <class Event> struct event_count<discards_t<Event>> {
    static constexpr std::size_t value = discards_t<Event>::count;
};

/* Whether an event is among the parts of a description. */
template <class Event, class Part> inline constexpr bool is_handled_by = false;
template <class Event, class... Events>
inline constexpr bool is_handled_by<Event, handles_t<Events...>> =
    (false || ... || std::is_same_v<Event, Events>);
template <class Event>
inline constexpr bool is_handled_by<Event, discards_t<Event>> = true;
template <class Event, class Description>
inline constexpr bool is_handled = false;
template <class Event, class... Parts>
inline constexpr bool is_handled<Event, parts_of<Parts...>> =
    (false || ... || is_handled_by<Event, Parts>);

template <class Aggregate> class aggregate_table {
public:
    aggregate_table()
    {
        static_assert(
            std::is_same_v<decltype(Aggregate::base), quipu_aggregate> &&
                offsetof(Aggregate, base) == 0,
            "an aggregate begins with `quipu_aggregate base`");
        const auto &table = fields_of<Aggregate>();

        type.name = table.parts().name;
        type.size = sizeof(Aggregate);
        type.fields = table.fields();
        type.handlers = handlers_;
        type.struct_name = type_name<Aggregate>.data();
        type.field_count = table.count ? table.count + 1 : 0;
        std::apply([&](const auto &...part) { (add(part), ...); },
                   table.parts().parts);
    }
    aggregate_table(const aggregate_table &) = delete;
    aggregate_table &operator=(const aggregate_table &) = delete;

    quipu_aggregate_type type = {};

private:
    template <class... Events> void add(const handles_t<Events...> &)
    {
        static_assert(
            (... && (has_apply<Aggregate, const Events &> ||
                     has_apply<Aggregate, const Events &, quipu_error *>)),
            "a handler is missing: void apply(const Event &)");
        (add_handler<Events>(&apply<Aggregate, Events>, false), ...);
    }
    template <class Event> void add(const discards_t<Event> &)
    {
        if constexpr (has_apply<Aggregate, const Event &> ||
                      has_apply<Aggregate, const Event &, quipu_error *>) {
            add_handler<Event>(&apply<Aggregate, Event>, true);
        } else {
            add_handler<Event>(nullptr, true);
        }
    }
    template <auto Member, class Default>
    void add(const field_row<Member, Default> &)
    {
    }
    template <class Event> void add_handler(quipu_apply function, bool discards)
    {
        handlers_[count_].event = &type_of_event<Event>();
        handlers_[count_].apply = function;
        handlers_[count_++].discards = discards;
    }
    template <class Event> static const quipu_event_type &type_of_event()
    {
        return quipu::type<Event>();
    }

    quipu_handler
        handlers_[count_of<event_count, description_t<Aggregate>>::value +
                  1] = {};
    std::size_t count_ = 0;
};

} // namespace detail

/* The aggregate type of a struct: one object in a program. */
template <class Aggregate> const quipu_aggregate_type &aggregate_type()
{
    static const detail::aggregate_table<Aggregate> table;

    return table.type;
}

/* -------------------------------------------------------------- aggregates */

/* Triggers an event of an aggregate, as quipu_aggregate_trigger: the event's
 * base may be empty.  The second form makes the event of its members. */
template <class Aggregate, class Event>
bool trigger(Aggregate &aggregate, const Event &event, error *given = nullptr)
{
    static_assert(detail::is_handled<Event, detail::description_t<Aggregate>>,
                  "the aggregate has no handler for this event");
    return detail::call(given, quipu_aggregate_trigger, &aggregate.base,
                        &type<Event>(), &event.base);
}
template <class Event, class Aggregate, class... Members>
void trigger(Aggregate &aggregate, Members &&...members)
{
    trigger(aggregate, make<Event>(std::forward<Members>(members)...));
}
template <class Aggregate>
bool discard(Aggregate &aggregate, error *given = nullptr)
{
    return detail::call(given, quipu_aggregate_discard, &aggregate.base);
}

/* Publishes the pending events of aggregates, each given by its base, as one
 * list, as quipu_aggregates_save:
 *
 *     quipu::save({ &from->base, &to->base });
 */
inline bool save(std::initializer_list<quipu_aggregate *> aggregates,
                 error *given = nullptr)
{
    return detail::call(given, quipu_aggregates_save, aggregates.begin(),
                        aggregates.size());
}

/* An aggregate that the program owns. */
template <class Aggregate> class aggregate {
public:
    aggregate() noexcept = default;
    explicit aggregate(void *owned) noexcept
        : aggregate_(static_cast<Aggregate *>(owned))
    {
    }
    /* Attached to no bus: its events collect. */
    static aggregate create(const quipu_id *id = nullptr,
                            error *given = nullptr)
    {
        return aggregate(detail::call_to<void *>(
            given, quipu_aggregate_create, &aggregate_type<Aggregate>(), id,
            static_cast<quipu_bus *>(nullptr)));
    }

    Aggregate *get() const noexcept { return aggregate_.get(); }
    Aggregate &operator*() const noexcept { return *aggregate_; }
    Aggregate *operator->() const noexcept { return aggregate_.get(); }
    explicit operator bool() const noexcept { return aggregate_ != nullptr; }
    Aggregate *release() noexcept { return aggregate_.release(); }
    void close() noexcept { aggregate_.reset(); }

    const quipu_id &id() const noexcept { return aggregate_->base.id; }
    std::int64_t version() const noexcept { return aggregate_->base.version; }
    bool discarded() const noexcept { return aggregate_->base.discarded; }
    void collect() noexcept { quipu_aggregate_collect(&aggregate_->base); }
    /* The events that are not stored yet, borrowed until the next call. */
    span<const quipu_event *> pending() const noexcept
    {
        std::size_t count = 0;
        const auto *all = quipu_aggregate_pending(&aggregate_->base, &count);

        return { all, count };
    }
    bool saved(error *given = nullptr)
    {
        return detail::call(given, quipu_aggregate_saved, &aggregate_->base);
    }
    bool replay(const quipu_event &event, error *given = nullptr)
    {
        return detail::call(given, quipu_aggregate_replay, &aggregate_->base,
                            &event);
    }

private:
    struct destroy {
        void operator()(Aggregate *aggregate) const noexcept
        {
            quipu_aggregate_destroy(aggregate);
        }
    };
    std::unique_ptr<Aggregate, destroy> aggregate_;
};

/* ------------------------------------------------------------ repositories */

/* A repository of aggregates of one type. */
template <class Aggregate>
class repository : public handle<quipu_repository, &quipu_repository_close> {
public:
    using handle::handle;
    repository() noexcept = default;
    /* `bus` null: the events of its aggregates collect. */
    explicit repository(borrowed<quipu_store> store,
                        borrowed<quipu_bus> bus = {}, error *given = nullptr)
        : handle(detail::call_to<quipu_repository *>(
              given, quipu_repository_open, store.get(), bus.get(),
              &aggregate_type<Aggregate>()))
    {
    }

    aggregate<Aggregate> create(const quipu_id *id = nullptr,
                                error *given = nullptr)
    {
        return aggregate<Aggregate>(
            detail::call_for(given, quipu_repository_create, get(), id));
    }
    aggregate<Aggregate> get(const quipu_id &id, error *given = nullptr)
    {
        return aggregate<Aggregate>(
            detail::call_for(given, quipu_repository_get, get(), &id));
    }
    aggregate<Aggregate> get_at(const quipu_id &id, std::int64_t version,
                                error *given = nullptr)
    {
        return aggregate<Aggregate>(detail::call_for(
            given, quipu_repository_get_at, get(), &id, version));
    }
    bool refresh(Aggregate &aggregate, error *given = nullptr)
    {
        return detail::call(given, quipu_repository_refresh, get(),
                            &aggregate.base);
    }
    bool contains(const quipu_id &id, error *given = nullptr)
    {
        return detail::call_to<bool>(given, quipu_repository_contains, get(),
                                     &id);
    }
    using handle::get;

    /* Snapshots and a cache (snapshot.h). */
    bool use_snapshots(const quipu_snapshot_policy &policy,
                       error *given = nullptr)
    {
        return detail::call(given, quipu_repository_use_snapshots, get(),
                            &policy);
    }
    std::int64_t take_snapshot(const quipu_id &id, error *given = nullptr)
    {
        return detail::call_to<std::int64_t>(
            given, quipu_repository_take_snapshot, get(), &id);
    }
    bool remove_snapshots(const quipu_id *id = nullptr, error *given = nullptr)
    {
        return detail::call(given, quipu_repository_remove_snapshots, get(),
                            id);
    }
    bool use_cache(const quipu_cache_policy &policy, error *given = nullptr)
    {
        return detail::call(given, quipu_repository_use_cache, get(), &policy);
    }
    quipu_repository_counts count(error *given = nullptr) const
    {
        auto counts = sized<quipu_repository_counts>();

        detail::call(given, quipu_repository_count, get(), &counts);
        return counts;
    }
};

} // namespace quipu

#endif
