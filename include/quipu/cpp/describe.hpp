/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of structs in C++: fields from pointers to members.
 *
 *     struct deposited {
 *         quipu_event base;
 *         std::int64_t cents;
 *         const char *note;
 *
 *         static auto describe()
 *         {
 *             return quipu::as_event("Account.Deposited",
 *                                    quipu::field<&deposited::cents>,
 *                                    quipu::nullable<&deposited::note>);
 *         }
 *     };
 *
 * The name of a field is that of its member; `.named("other")` gives another
 * one.  Kind, size and flags follow from the types when the program is
 * compiled, and a member of a wrong type does not compile; the table is written
 * when it is first used.  quipu::type<deposited>() is the quipu_event_type; its
 * checks are those of C, so opening also finds a member that no field
 * describes.
 *
 * A described struct is one that quipu may copy byte by byte, and an aggregate
 * begins with all bytes zero, without its constructors: standard layout,
 * trivially copyable, its base first, and nothing else that begins with a base
 * class.  Its members are
 *
 *     bool, integers, enumerations, float, double
 *     const char *          text; it may be null if the field is `nullable`
 *     char[n]               text in the struct itself
 *     quipu_bytes, quipu_uuid, quipu_time, quipu_id
 *     quipu::span<T>        an array of elements of these types
 *     another struct that has a description
 *     quipu::text, quipu::list<T>   of aggregates: text and arrays they own
 *
 * std::string, std::vector and std::optional are none of them: their layout is
 * that of the C++ library, and they cannot be copied byte by byte, which quipu
 * does with events and aggregates.  An event lends instead: `note.c_str()` or
 * `quipu::span<line>(vector)`, and the copy that quipu makes of it owns all
 * that it points to.  An optional value is a member and a bool.
 */
#ifndef QUIPU_CPP_DESCRIBE_HPP
#define QUIPU_CPP_DESCRIBE_HPP

#include <tuple>

#include <quipu/cpp/field.hpp>
#include <quipu/evolve.h>
#include <quipu/mapper.h>

namespace quipu {

/* ------------------------------------------- further parts of descriptions */

/* The events for which a struct has handlers: functions `apply` of aggregates
 * and projections, and `react` of processes. */
template <class... Events> struct handles_t {
    static constexpr std::size_t count = sizeof...(Events);
};
template <class... Events> inline constexpr handles_t<Events...> handles{};

/* The event that ends the life of an aggregate; it may have a handler. */
template <class Event> struct discards_t {
    static constexpr std::size_t count = 1;
};
template <class Event> inline constexpr discards_t<Event> discards{};

/*
 * The change of an event from version From to the next, by a function
 * `void(quipu_rewrite *)`, or one that returns a status and takes a
 * quipu_error * in addition (evolve.h).  It may throw.  The version of the type
 * is one more than the last From.
 */
template <std::uint32_t From, auto Function> struct cast_t {
    static constexpr std::uint32_t from = From;
};
template <std::uint32_t From, auto Function>
inline constexpr cast_t<From, Function> cast{};

/* An earlier topic of an event. */
struct formerly {
    const char *topic;
};

namespace detail {

template <class... Parts> struct parts_of {
    const char *name; /* a topic, or the name of an aggregate; or null */
    std::uint32_t version;
    std::tuple<Parts...> parts;
};

} // namespace detail

/* The descriptions: of an event by its topic, with fields, casts and earlier
 * topics; of an aggregate by its name, with fields and events; of a struct
 * within another one. */
template <class... Parts>
constexpr detail::parts_of<Parts...> as_event(const char *topic, Parts... parts)
{
    return { topic, 1, { parts... } };
}
template <class... Parts>
constexpr detail::parts_of<Parts...> as_aggregate(const char *name,
                                                  Parts... parts)
{
    return { name, 1, { parts... } };
}
template <class... Parts>
constexpr detail::parts_of<Parts...> as_struct(Parts... parts)
{
    return { nullptr, 1, { parts... } };
}

/* --------------------------------------------------------------- tables */

namespace detail {

template <class Part> struct is_row {
    static constexpr bool value = false;
};
template <auto Member, class Default>
struct is_row<field_row<Member, Default>> {
    static constexpr bool value = true;
};

template <class Part> struct is_cast {
    static constexpr bool value = false;
};
template <std::uint32_t From, auto Function>
struct is_cast<cast_t<From, Function>> {
    static constexpr bool value = true;
};

template <class Struct>
using description_t = std::decay_t<decltype(description<Struct>::get())>;

template <template <class> class Is, class Description> struct count_of;
template <template <class> class Is, class... Parts>
struct count_of<Is, parts_of<Parts...>> {
    static constexpr std::size_t value =
        (std::size_t{ 0 } + ... + std::size_t{ Is<Parts>::value });
};

/* The fields of a struct, with their end. */
template <class Struct> class field_table {
public:
    field_table() : parts_(description<Struct>::get())
    {
        static_assert(std::is_standard_layout_v<Struct> &&
                          std::is_trivially_copyable_v<Struct>,
                      "a described struct must be of standard layout and "
                      "trivially copyable: plain members, no virtual "
                      "functions, no std::string");
        std::size_t at = 0;

        std::apply([&](const auto &...part) { (add(part, &at), ...); },
                   parts_.parts);
    }
    field_table(const field_table &) = delete;
    field_table &operator=(const field_table &) = delete;

    static constexpr std::size_t count =
        count_of<is_row, description_t<Struct>>::value;

    const description_t<Struct> &parts() const { return parts_; }
    const quipu_field *fields() const { return count ? fields_ : nullptr; }

private:
    template <class Part> void add(const Part &part, std::size_t *at)
    {
        if constexpr (is_row<Part>::value) {
            static_assert(std::is_same_v<typename Part::owner, Struct>,
                          "a field is of another struct");
            fields_[(*at)++] = part.write();
        }
    }

    const description_t<Struct> parts_; /* holds the defaults */
    quipu_field fields_[count + 1] = {};
};

template <class Struct> const field_table<Struct> &fields_of()
{
    static const field_table<Struct> table;

    return table;
}
template <class Struct> const quipu_field *nested_fields()
{
    return fields_of<Struct>().fields();
}

template <auto Function>
int cast_members(quipu_rewrite *members, quipu_error *error) noexcept
{
    return guarded(error, [&] {
        if constexpr (std::is_invocable_v<decltype(Function), quipu_rewrite *,
                                          quipu_error *>) {
            return Function(members, error);
        } else {
            return status_of([&] { return Function(members); });
        }
    });
}

template <class Event> class event_table {
public:
    event_table()
    {
        static_assert(std::is_same_v<decltype(Event::base), quipu_event> &&
                          offsetof(Event, base) == 0,
                      "an event begins with `quipu_event base`");
        const auto &table = fields_of<Event>();

        type.topic = table.parts().name;
        type.size = sizeof(Event);
        type.fields = table.fields();
        type.struct_name = type_name<Event>.data();
        type.field_count = table.count ? table.count + 1 : 0;
        traits_.struct_size = sizeof(traits_);
        std::apply([&](const auto &...part) { (add(part), ...); },
                   table.parts().parts);
        if (cast_count_ || alias_count_) {
            traits_.casts = cast_count_ ? casts_ : nullptr;
            traits_.aliases = alias_count_ ? aliases_ : nullptr;
            type.traits = &traits_;
        }
    }
    event_table(const event_table &) = delete;
    event_table &operator=(const event_table &) = delete;

    quipu_event_type type = {};

private:
    template <std::uint32_t From, auto Function>
    void add(const cast_t<From, Function> &)
    {
        casts_[cast_count_].from = From;
        casts_[cast_count_++].cast = &cast_members<Function>;
        if (traits_.version < From + 1) {
            traits_.version = From + 1;
        }
    }
    void add(const formerly &topic) { aliases_[alias_count_++] = topic.topic; }
    template <auto Member, class Default>
    void add(const field_row<Member, Default> &)
    {
    }

    template <class Part> using is_alias = std::is_same<Part, formerly>;

    quipu_event_traits traits_ = {};
    quipu_cast casts_[count_of<is_cast, description_t<Event>>::value + 1] = {};
    const char
        *aliases_[count_of<is_alias, description_t<Event>>::value + 1] = {};
    std::size_t cast_count_ = 0;
    std::size_t alias_count_ = 0;
};

} // namespace detail

/* --------------------------------------------------------------- events */

/* The event type of a struct: one object in a program, which lives until the
 * process ends. */
template <class Event> const quipu_event_type &type()
{
    static const detail::event_table<Event> table;

    return table.type;
}

/* A mapping of these event types; `sealing`, `retired` and the other members
 * can be set. */
template <class... Events> quipu_mapping mapping_of()
{
    static const quipu_event_type *const types[] = { &type<Events>()... };
    auto mapping = sized<quipu_mapping>();

    mapping.types = types;
    mapping.type_count = sizeof...(Events);
    return mapping;
}

/* The struct of an event that was read; null if it is of another type. */
template <class Event> const Event *as(const quipu_event &event) noexcept
{
    return event.type == &type<Event>()
               ? reinterpret_cast<const Event *>(&event)
               : nullptr;
}

/* Makes an event of its members, in their order, with an empty base; and one
 * whose base is that of quipu_event_init, for stores and units. */
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif
template <class Event, class... Members> Event make(Members &&...members)
{
    return Event{ {}, std::forward<Members>(members)... };
}
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
template <class Event, class... Members>
Event make_at(const quipu_id &originator, std::int64_t version,
              Members &&...members)
{
    Event event = make<Event>(std::forward<Members>(members)...);

    quipu_event_init(&event.base, &type<Event>(), &originator, version);
    return event;
}

/* An event that the program owns: of quipu::copy or store::last. */
using owned_event = handle<quipu_event, &quipu_event_destroy>;

/* Copies an event with all that it points to, as quipu_event_copy. */
inline owned_event copy(const quipu_event &from, error *given = nullptr)
{
    return owned_event(
        detail::call_to<quipu_event *>(given, quipu_event_copy, &from));
}

} // namespace quipu

#endif
