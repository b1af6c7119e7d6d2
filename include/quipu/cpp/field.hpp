/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of described structs (describe.hpp) from pointers to their members.
 *
 *     quipu::field<&order::cents>                    always has a value
 *     quipu::field<&order::currency>.by_default("EUR")
 *     quipu::field<&order::cents>.named("amount")    another name in the store
 *     quipu::field<&order::lines>                    a quipu::span: an array
 *     quipu::field<&order::address>                  a described struct
 *     quipu::optional<&order::limit, &order::has_limit>
 *     quipu::nullable<&order::note>                  text or bytes, or null
 *     quipu::array<&order::codes, &order::code_count>
 *     quipu::alias<&order::cents>("amount")          an earlier name
 *     quipu::ignored<&order::scratch>                not stored
 *     quipu::field<&order::name>.personal<&order::customer>("(gone)")
 *     quipu::nullable<&order::phone>.personal_of_originator()
 *
 * They are those of event.h: QUIPU_FIELD, QUIPU_FIELD_DEFAULT and the others.
 * Kind, size and flags follow from the types when the program is compiled.
 */
#ifndef QUIPU_CPP_FIELD_HPP
#define QUIPU_CPP_FIELD_HPP

#include <array>
#include <cstring>
#include <vector>

#include <quipu/aggregate.h>
#include <quipu/cpp/handle.hpp>
#include <quipu/event.h>
#include <quipu/memory.h>

namespace quipu {

/* ---------------------------------------------------- types of members */

/* An array that a struct lends, as a member of an event. */
template <class Element> struct span {
    const Element *elements;
    std::size_t count;

    span() noexcept = default;
    span(const Element *first, std::size_t number) noexcept
        : elements(first), count(number)
    {
    }
    span(const std::vector<Element> &vector) noexcept
        : elements(vector.data()), count(vector.size())
    {
    }
    const Element *begin() const noexcept { return elements; }
    const Element *end() const noexcept { return elements + count; }
    std::size_t size() const noexcept { return count; }
    bool empty() const noexcept { return count == 0; }
    const Element &operator[](std::size_t i) const noexcept
    {
        return elements[i];
    }
};

/* Text that an aggregate owns; null at first.  It is freed with the aggregate.
 * A copy of the member is borrowed from it. */
struct text {
    char *characters;

    /* Replaces the text by a copy.  INVALID: it contains a NUL; NO_MEMORY. */
    bool set(std::string_view value, error *given = nullptr);
    const char *c_str() const noexcept { return characters; } /* or null */
    std::string_view view() const noexcept
    {
        return characters ? characters : std::string_view();
    }
};

/* An array that an aggregate owns; empty at first. */
template <class Element> struct list {
    Element *elements;
    std::size_t count;

    /* Adds an element of zeros to the end and returns it; null with NO_MEMORY.
     * Pointers to the elements become invalid. */
    Element *add(error *given = nullptr)
    {
        void *array = elements;
        void *added = detail::call_for(given, quipu_array_add, &array, &count,
                                       sizeof(Element));

        elements = static_cast<Element *>(array);
        return static_cast<Element *>(added);
    }
    Element *begin() const noexcept { return elements; }
    Element *end() const noexcept { return elements + count; }
    std::size_t size() const noexcept { return count; }
    bool empty() const noexcept { return count == 0; }
    Element &operator[](std::size_t i) const noexcept { return elements[i]; }
};

inline bool text::set(std::string_view value, error *given)
{
    return detail::attempt(given, [&](quipu_error *filled) {
        if (value.find('\0') != std::string_view::npos) {
            return quipu_error_set_text(filled, QUIPU_INVALID,
                                        "a text contains a NUL");
        }
        auto *copy = static_cast<char *>(quipu_allocate(value.size() + 1));
        if (!copy) {
            return quipu_error_set_text(filled, QUIPU_NO_MEMORY,
                                        "out of memory");
        }
        if (!value.empty()) {
            std::memcpy(copy, value.data(), value.size());
        }
        copy[value.size()] = '\0';
        quipu_release(std::exchange(characters, copy));
        return static_cast<int>(QUIPU_OK);
    });
}

/* The description of a struct: what its static function `describe` returns.
 * For a struct that has no such function, as one of C, a program specialises
 * this template. */
template <class Struct, class = void> struct description;
template <class Struct>
struct description<Struct, std::void_t<decltype(&Struct::describe)>> {
    static auto get() { return Struct::describe(); }
};

/* ----------------------------------------------------------- names, kinds */

namespace detail {

/* The text by which the compiler names a type or a member. */
template <class Type> constexpr std::string_view spelled_type()
{
    constexpr std::string_view whole = __PRETTY_FUNCTION__;
    constexpr std::size_t begin = whole.find("Type = ") + 7;

    return whole.substr(begin, whole.find_first_of(";]", begin) - begin);
}
template <auto Member> constexpr std::string_view spelled_member()
{
    constexpr std::string_view whole = __PRETTY_FUNCTION__;
    constexpr std::size_t begin = whole.find("Member = ") + 9;
    constexpr std::string_view all =
        whole.substr(begin, whole.find_first_of(";]", begin) - begin);
    constexpr std::size_t last = all.rfind("::") + 2;

    return all.substr(last, all.find_first_of(" )", last) - last);
}

/* A name with a NUL at its end. */
template <std::size_t Size>
constexpr std::array<char, Size + 1> terminated(std::string_view text)
{
    std::array<char, Size + 1> name = {};

    for (std::size_t i = 0; i < Size; i++) {
        name[i] = text[i];
    }
    return name;
}
template <class Type>
inline constexpr auto type_name =
    terminated<spelled_type<Type>().size()>(spelled_type<Type>());
template <auto Member>
inline constexpr auto member_name =
    terminated<spelled_member<Member>().size()>(spelled_member<Member>());

constexpr bool is_identifier(std::string_view name)
{
    for (const char c : name) {
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return !name.empty();
}

/* Names are stored, so a compiler that spells them otherwise is found here. */
struct probe {
    int member_;
};
static_assert(spelled_member<&probe::member_>() == "member_" &&
                  spelled_type<int>() == "int",
              "this compiler spells names in a way that is not known here");

template <class Pointer> struct member_of;
template <class Struct, class Type> struct member_of<Type Struct::*> {
    using owner = Struct;
    using type = std::remove_cv_t<Type>;
};
template <auto Member>
using owner_t = typename member_of<decltype(Member)>::owner;
template <auto Member>
using member_t = typename member_of<decltype(Member)>::type;

/* The offset of a member, of a struct of standard layout. */
template <auto Member> std::size_t offset() noexcept
{
    using owner = owner_t<Member>;
    alignas(owner) static const unsigned char bytes[sizeof(owner)] = {};
    const owner *object = reinterpret_cast<const owner *>(bytes);

    return static_cast<std::size_t>(
        reinterpret_cast<const unsigned char *>(&(object->*Member)) - bytes);
}

template <class Struct, class = void>
inline constexpr bool has_describe = false;
template <class Struct>
inline constexpr bool
    has_describe<Struct, std::void_t<decltype(sizeof(description<Struct>))>> =
        true;

template <class T> constexpr bool is_integer()
{
    return std::is_integral_v<T> && !std::is_same_v<T, bool> &&
           !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t> &&
           !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>;
}

/* The kind of a type, as QUIPU_FIELD finds it; 0: it cannot be stored. */
template <class T> constexpr std::int32_t kind_of()
{
    if constexpr (std::is_enum_v<T>) {
        return kind_of<std::underlying_type_t<T>>();
    } else if constexpr (std::is_same_v<T, bool>) {
        return QUIPU_KIND_BOOL;
    } else if constexpr (is_integer<T>()) {
        return std::is_signed_v<T> ? QUIPU_KIND_INT : QUIPU_KIND_UINT;
    } else if constexpr (std::is_same_v<T, float> ||
                         std::is_same_v<T, double>) {
        return QUIPU_KIND_REAL;
    } else if constexpr (std::is_same_v<T, const char *> ||
                         std::is_same_v<T, char *> || std::is_same_v<T, text>) {
        return QUIPU_KIND_TEXT;
    } else if constexpr (std::is_array_v<T>) {
        return std::is_same_v<std::remove_cv_t<std::remove_extent_t<T>>,
                              char> &&
                       sizeof(T) > 1
                   ? QUIPU_KIND_FIXED_TEXT
                   : 0;
    } else if constexpr (std::is_same_v<T, quipu_bytes>) {
        return QUIPU_KIND_BYTES;
    } else if constexpr (std::is_same_v<T, quipu_uuid>) {
        return QUIPU_KIND_UUID;
    } else if constexpr (std::is_same_v<T, quipu_time>) {
        return QUIPU_KIND_TIME;
    } else if constexpr (std::is_same_v<T, quipu_id>) {
        return QUIPU_KIND_ID;
    } else {
        return std::is_class_v<T> ? QUIPU_KIND_STRUCT : 0;
    }
}

/* The element of a span or list, or of a pointer; otherwise void. */
template <class T> struct element {
    using type = void;
};
template <class T> struct element<span<T>> {
    using type = T;
};
template <class T> struct element<list<T>> {
    using type = T;
};
template <class T> struct element<T *> {
    using type = std::remove_cv_t<T>;
};
template <class T> using element_t = typename element<T>::type;

struct nothing {};

/* A default, in the form of its member. */
template <class Type> struct value_of {
    Type value;
};
template <std::size_t Size> struct value_of<char[Size]> {
    char value[Size];
};

template <class Struct> const quipu_field *nested_fields();

/* The table of a type of members; null if it is no struct. */
template <class Type> constexpr const quipu_field *(*table_of())()
{
    if constexpr (kind_of<Type>() == QUIPU_KIND_STRUCT) {
        return &nested_fields<Type>;
    } else {
        return nullptr;
    }
}

constexpr bool is_subject(std::int32_t kind)
{
    return kind == QUIPU_KIND_ID || kind == QUIPU_KIND_UUID ||
           kind == QUIPU_KIND_TEXT || kind == QUIPU_KIND_FIXED_TEXT;
}
inline std::size_t offset_of_originator() noexcept
{
    return offsetof(quipu_event, originator_id);
}

} // namespace detail

/* --------------------------------------------------------------- fields */

/* One field of a table, made by the templates below. */
template <auto Member, class Default = detail::nothing> struct field_row {
    using owner = detail::owner_t<Member>;
    using type = detail::member_t<Member>;

    const char *name;
    std::int32_t kind;
    std::uint32_t flags;
    std::size_t size;
    std::size_t (*extra)() noexcept;
    std::size_t (*subject)() noexcept;
    const quipu_field *(*table)();
    Default fallback;

    /* The same field under another name in the stored state. */
    constexpr field_row named(const char *other) const
    {
        field_row row = *this;

        row.name = other;
        return row;
    }

    /* The value of the member if a stored event lacks it. */
    template <class Value> constexpr auto by_default(const Value &value) const
    {
        static_assert(std::is_same_v<Default, detail::nothing>,
                      "a field has one default");
        static_assert(std::is_convertible_v<const Value &, type>,
                      "the default is not of the type of its member");
        return with(detail::value_of<type>{ static_cast<type>(value) });
    }
    template <std::size_t Size>
    constexpr auto by_default(const char (&value)[Size]) const
    {
        if constexpr (std::is_array_v<type>) {
            detail::value_of<type> copy = {};

            static_assert(Size <= sizeof(type),
                          "the default is longer than its member");
            for (std::size_t i = 0; i < Size; i++) {
                copy.value[i] = value[i];
            }
            return with(copy);
        } else {
            static_assert(std::is_same_v<type, const char *>,
                          "the default is a text, and its member is none");
            return with(detail::value_of<type>{ value });
        }
    }

    /* Personal: sealed for the person whom the member Subject names, or without
     * one, base.originator_id (QUIPU_FIELD_PERSONAL).  `gone` is the value
     * after the person was forgotten; fields that are optional, nullable, an
     * array or a struct have none. */
    template <auto Subject> constexpr auto personal() const
    {
        static_assert(std::is_same_v<detail::owner_t<Subject>, owner> &&
                          detail::is_subject(
                              detail::kind_of<detail::member_t<Subject>>()),
                      "the member that names the person must be an id, a uuid "
                      "or a text of the same struct");
        return personal_of(&detail::offset<Subject>);
    }
    template <auto Subject, class Value>
    constexpr auto personal(const Value &gone) const
    {
        return personal<Subject>().by_default(gone);
    }
    template <auto Subject, std::size_t Size>
    constexpr auto personal(const char (&gone)[Size]) const
    {
        return personal<Subject>().by_default(gone);
    }
    constexpr auto personal_of_originator() const
    {
        return personal_of(&detail::offset_of_originator);
    }

    /* The field as it stands in the table; the row must outlive it. */
    quipu_field write() const
    {
        quipu_field field = {};

        field.name = name;
        field.kind = kind;
        field.flags = flags;
        field.offset = detail::offset<Member>();
        field.size = size;
        field.owner = detail::type_name<owner>.data();
        field.owner_size = static_cast<std::uint32_t>(sizeof(owner));
        field.owner_alignment = small(alignof(owner));
        field.alignment =
            kind == QUIPU_KIND_ALIAS ? std::uint8_t{ 1 } : small(alignof(type));
        field.mark = QUIPU_FIELD_MARK;
        if (extra) {
            field.extra = extra();
        } else if (flags & QUIPU_FIELD_IS_ARRAY) { /* a span or list */
            field.extra = field.offset + sizeof(void *);
        }
        if (subject) {
            field.flags |= QUIPU_FIELD_IS_PERSONAL;
            field.flags |= static_cast<std::uint32_t>(subject())
                           << QUIPU_FIELD_SUBJECT_SHIFT;
        }
        if (table) {
            field.fields = table();
        }
        if constexpr (!std::is_same_v<Default, detail::nothing>) {
            field.fallback = &fallback.value;
        }
        return field;
    }

private:
    static constexpr std::uint8_t small(std::size_t alignment)
    {
        return static_cast<std::uint8_t>(alignment < 256 ? alignment : 0);
    }
    template <class Other> constexpr auto with(const Other &other) const
    {
        return field_row<Member, Other>{ name,  kind,    flags, size,
                                         extra, subject, table, other };
    }
    constexpr field_row personal_of(std::size_t (*of)() noexcept) const
    {
        field_row row = *this;

        row.subject = of;
        return row;
    }
};

namespace detail {

template <auto Member, class Value>
constexpr field_row<Member> make_row(std::uint32_t flags,
                                     std::size_t (*extra)() noexcept)
{
    constexpr std::int32_t kind = kind_of<Value>();

    static_assert(kind != 0 &&
                      (kind != QUIPU_KIND_STRUCT || has_describe<Value>),
                  "the member has a type that cannot be stored; "
                  "<quipu/cpp/describe.hpp> lists the types");
    static_assert(is_identifier(spelled_member<Member>()),
                  "the name of the member is not of ASCII letters");
    return {
        member_name<Member>.data(), kind, flags, sizeof(Value), extra, nullptr,
        table_of<Value>(),          {}
    };
}

template <auto Member> constexpr field_row<Member> make_field()
{
    using type = member_t<Member>;

    if constexpr (!std::is_pointer_v<type> &&
                  !std::is_void_v<element_t<type>>) {
        static_assert(offsetof(span<int>, count) == sizeof(void *) &&
                      offsetof(list<int>, count) == sizeof(void *));
        return make_row<Member, element_t<type>>(QUIPU_FIELD_IS_ARRAY, nullptr);
    } else {
        return make_row<Member, type>(0, nullptr);
    }
}

template <auto Member, auto Present> constexpr field_row<Member> make_optional()
{
    static_assert(std::is_same_v<member_t<Present>, bool> &&
                      std::is_same_v<owner_t<Present>, owner_t<Member>>,
                  "the member that tells whether another has a value must be a "
                  "bool of the same struct");
    return make_row<Member, member_t<Member>>(QUIPU_FIELD_HAS_PRESENCE,
                                              &offset<Present>);
}

template <auto Member> constexpr field_row<Member> make_nullable()
{
    constexpr std::int32_t kind = kind_of<member_t<Member>>();

    static_assert(kind == QUIPU_KIND_TEXT || kind == QUIPU_KIND_BYTES,
                  "only text and bytes may be null");
    return make_row<Member, member_t<Member>>(QUIPU_FIELD_MAY_BE_NULL, nullptr);
}

template <auto Member, auto Count> constexpr field_row<Member> make_array()
{
    static_assert(std::is_pointer_v<member_t<Member>>,
                  "an array is a pointer to its elements");
    static_assert(std::is_same_v<member_t<Count>, std::size_t> &&
                      std::is_same_v<owner_t<Count>, owner_t<Member>>,
                  "the number of elements must be a size_t of the same struct");
    return make_row<Member, element_t<member_t<Member>>>(QUIPU_FIELD_IS_ARRAY,
                                                         &offset<Count>);
}

template <auto Member> constexpr field_row<Member> make_ignored()
{
    return { member_name<Member>.data(),
             QUIPU_KIND_IGNORED,
             0,
             sizeof(member_t<Member>),
             nullptr,
             nullptr,
             nullptr,
             {} };
}

} // namespace detail

/* A member that always has a value: of any type, also a struct, a span or a
 * list. */
template <auto Member>
inline constexpr auto field = detail::make_field<Member>();

/* A member that has a value if the bool member Present is true. */
template <auto Member, auto Present>
inline constexpr auto optional = detail::make_optional<Member, Present>();

/* Text or bytes that may be null. */
template <auto Member>
inline constexpr auto nullable = detail::make_nullable<Member>();

/* A pointer to an array, whose number of elements is in the size_t member
 * Count. */
template <auto Member, auto Count>
inline constexpr auto array = detail::make_array<Member, Count>();

/* A member of any type that is not stored, as QUIPU_FIELD_IGNORED says. */
template <auto Member>
inline constexpr auto ignored = detail::make_ignored<Member>();

/* An earlier name of a member, as QUIPU_FIELD_ALIAS says; it stands behind the
 * field of the member. */
template <auto Member>
constexpr field_row<Member> alias(const char *earlier_name)
{
    return {
        earlier_name, QUIPU_KIND_ALIAS, 0, 0, nullptr, nullptr, nullptr, {}
    };
}

} // namespace quipu

#endif
