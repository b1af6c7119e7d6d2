/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declarations of events in one piece: the struct, its field table with the
 * terminator, and the event type, so that no member can be forgotten and no
 * table can describe another struct.
 *
 *     QUIPU_EVENT(deposited, "Account.Deposited",
 *                 QUIPU_VALUE(long, cents),
 *                 QUIPU_NULLABLE(const char *, note));
 *
 *     QUIPU_AGGREGATE(account, QUIPU_VALUE(long, balance));
 *
 *     QUIPU_HANDLER(account, deposited)
 *     {
 *         account->balance += event->cents;
 *         return QUIPU_OK;
 *     }
 *
 *     static QUIPU_AGGREGATE_TYPE(account, "Account",
 *                                 QUIPU_APPLIES(deposited),
 *                                 QUIPU_DISCARDS(closed));
 *
 *     status = QUIPU_TRIGGER(account, deposited, error, .cents = 1000);
 *
 * The same can be written out with the structs and macros of event.h, which
 * these macros use.  All of this is for C; nothing here exists at run time.
 */
#ifndef QUIPU_DECLARE_H
#define QUIPU_DECLARE_H

#include <quipu/aggregate.h>

/* The layout of lists in macros depends on the version of clang-format. */
/* clang-format off */

/* -------------------------------------------------------------- members */

/* A member that always has a value. */
#define QUIPU_VALUE(type, member) (VALUE, type, member)

/* A member that takes `value` if a stored event lacks it. */
#define QUIPU_DEFAULT(type, member, value) (DEFAULT, type, member, value)

/* A member that has a value if the bool member `present`, which this declares
 * as well, is true. */
#define QUIPU_OPTIONAL(type, member, present) (OPTIONAL, type, member, present)

/* Text or bytes that may be NULL. */
#define QUIPU_NULLABLE(type, member) (NULLABLE, type, member)

/* A pointer to an array of elements of that type, and the size_t member
 * `count`. */
#define QUIPU_ARRAY(type, member, count) (ARRAY, type, member, count)

/* Text in the struct itself, in an array of `size` char, its NUL included. */
#define QUIPU_FIXED_TEXT(member, size) (FIXED_TEXT, member, size)

/* An earlier name of the member that is listed before it, as QUIPU_FIELD_ALIAS
 * says. */
#define QUIPU_ALIAS(member, earlier_name) (ALIAS, member, earlier_name)

/* A member that is not stored, as QUIPU_FIELD_IGNORED says. */
#define QUIPU_IGNORED(type, member) (IGNORED, type, member)

/* A struct with a field table, and a pointer to an array of them. */
#define QUIPU_STRUCT(type, member, table) (STRUCT, type, member, table)
#define QUIPU_STRUCT_ARRAY(type, member, count, table) \
    (STRUCT_ARRAY, type, member, count, table)

/* Personal members of the person that the member `subject` names
 * (QUIPU_FIELD_PERSONAL).  All but the struct are as above. */
#define QUIPU_PERSONAL(type, member, subject, gone) \
    (PERSONAL, type, member, subject, gone)
#define QUIPU_PERSONAL_OPTIONAL(type, member, present, subject) \
    (PERSONAL_OPTIONAL, type, member, present, subject)
#define QUIPU_PERSONAL_NULLABLE(type, member, subject) \
    (PERSONAL_NULLABLE, type, member, subject)
#define QUIPU_PERSONAL_ARRAY(type, member, count, subject) \
    (PERSONAL_ARRAY, type, member, count, subject)
#define QUIPU_PERSONAL_FIXED_TEXT(member, size, subject, gone) \
    (PERSONAL_FIXED_TEXT, member, size, subject, gone)
#define QUIPU_PERSONAL_STRUCT(type, member, table, subject) \
    (PERSONAL_STRUCT, type, member, table, subject)

/*
 * The traits of an event type that has changed (evolve.h): version, casts and
 * earlier topics, in a quipu_event_traits.  It stands first or last in the list
 * of an event, and counts as one of the 32:
 *
 *     QUIPU_EVENT(deposited, "Account.Deposited", QUIPU_VALUE(long, cents),
 *                 QUIPU_TRAITS(deposited_traits));
 */
#define QUIPU_TRAITS(traits) (TRAITS, traits)

/* --------------------------------------------------------- declarations */

/* Names and types in declarations cannot stand in parentheses.
 * NOLINTBEGIN(bugprone-macro-parentheses) */

/*
 * Declares `struct name`, which begins with `quipu_event base`, and defines the
 * event type `name` with its table `name_fields`, for one source file.  The
 * members are 1 to 32 of the macros above.
 */
#define QUIPU_EVENT(name, topic_text, ...)                                    \
    QUIPU_EVENT_STRUCT(name, __VA_ARGS__);                                    \
    static const quipu_field name##_fields[] = {                              \
        QUIPU_EACH(QUIPU_ROW, struct name, __VA_ARGS__) { 0 }                 \
    };                                                                        \
    static const quipu_event_type name =                                      \
        QUIPU_EVENT_OF(name, topic_text, __VA_ARGS__)

/*
 * The same in a header that several source files include: they share the one
 * event type, which the linker chooses (a weak definition).  Shared libraries
 * that hide their symbols have one each; see QUIPU_EVENT_DECLARE.
 */
#define QUIPU_EVENT_SHARED(name, topic_text, ...)                             \
    QUIPU_EVENT_STRUCT(name, __VA_ARGS__);                                    \
    static const quipu_field name##_fields[] = {                              \
        QUIPU_EACH(QUIPU_ROW, struct name, __VA_ARGS__) { 0 }                 \
    };                                                                        \
    extern const quipu_event_type name;                                       \
    __attribute__((weak)) const quipu_event_type name =                       \
        QUIPU_EVENT_OF(name, topic_text, __VA_ARGS__)

/* The same for an event without members, for one source file. */
#define QUIPU_EVENT_EMPTY(name, topic_text)                                   \
    struct name {                                                             \
        quipu_event base;                                                     \
    };                                                                        \
    static const quipu_event_type name = {                                    \
        .topic = topic_text,                                                  \
        .size = sizeof(struct name),                                          \
    }

/*
 * For an event of several source files, whose type must be one object: the
 * struct and the declaration of the type, for a header, and its definition, for
 * one source file.  Both take the same members, by a macro of the program:
 *
 *     #define DEPOSITED QUIPU_VALUE(long, cents), QUIPU_VALUE(long, fee)
 *     QUIPU_EVENT_DECLARE(deposited, DEPOSITED);
 *     QUIPU_EVENT_DEFINE(deposited, "Account.Deposited", DEPOSITED);
 */
#define QUIPU_EVENT_DECLARE(name, ...)                                        \
    QUIPU_EVENT_STRUCT(name, __VA_ARGS__);                                    \
    extern const quipu_event_type name
#define QUIPU_EVENT_DEFINE(name, topic_text, ...)                             \
    static const quipu_field name##_fields[] = {                              \
        QUIPU_EACH(QUIPU_ROW, struct name, __VA_ARGS__) { 0 }                 \
    };                                                                        \
    const quipu_event_type name =                                             \
        QUIPU_EVENT_OF(name, topic_text, __VA_ARGS__)

/*
 * Declares the struct and the table of an aggregate, `name_fields`, or of a
 * nested struct, which has no base.
 */
#define QUIPU_AGGREGATE(name, ...)                                            \
    struct name {                                                             \
        quipu_aggregate base;                                                 \
        QUIPU_EACH(QUIPU_DECLARED, , __VA_ARGS__)                             \
    };                                                                        \
    static const quipu_field name##_fields[] = {                              \
        QUIPU_EACH(QUIPU_ROW, struct name, __VA_ARGS__) { 0 }                 \
    }
#define QUIPU_NESTED(name, ...)                                               \
    struct name {                                                             \
        QUIPU_EACH(QUIPU_DECLARED, , __VA_ARGS__)                             \
    };                                                                        \
    static const quipu_field name##_fields[] = {                              \
        QUIPU_EACH(QUIPU_ROW, struct name, __VA_ARGS__) { 0 }                 \
    }

/* ------------------------------------------------- handlers, triggering */

/*
 * Defines the handler of an aggregate for an event, both named as above: a
 * function body follows, in which `account` (for an aggregate of that name) is
 * a struct account *, `event` a const struct deposited *, and `error` a
 * quipu_error *.  It returns a status, as a quipu_apply does.  Only
 * QUIPU_APPLIES refers to it, so a handler cannot get another event's struct.
 */
#define QUIPU_HANDLER(aggregate, event_name)                                  \
    static int aggregate##_##event_name##_typed(                              \
        struct aggregate *aggregate, const struct event_name *event,          \
        quipu_error *error);                                                  \
    static int aggregate##_##event_name##_handler(                            \
        void *untyped_aggregate, const void *event, quipu_error *error)       \
    {                                                                         \
        return aggregate##_##event_name##_typed(untyped_aggregate, event,     \
                                                error);                       \
    }                                                                         \
    static int aggregate##_##event_name##_typed(                              \
        __attribute__((unused)) struct aggregate *aggregate,                  \
        __attribute__((unused)) const struct event_name *event,               \
        __attribute__((unused)) quipu_error *error)

/*
 * Defines the aggregate type `account_type` of an aggregate, `account`, that
 * QUIPU_AGGREGATE has declared; `static` may stand before it.  `text` is its
 * name in messages.
 * 1 to 32 of these follow: an event that QUIPU_HANDLER applies, an event that
 * changes nothing, and an event that ends the aggregate's life.
 */
#define QUIPU_AGGREGATE_TYPE(aggregate, text, ...)                            \
    const quipu_aggregate_type aggregate##_type = {                           \
        .name = text,                                                         \
        .size = sizeof(struct aggregate),                                     \
        .fields = aggregate##_fields,                                         \
        .handlers =                                                           \
            (const quipu_handler[]){                                          \
                QUIPU_EACH(QUIPU_HANDLED, aggregate, __VA_ARGS__) { 0 } },    \
        .struct_name = QUIPU_STRING(struct aggregate),                        \
        .field_count = QUIPU_FIELD_COUNT(aggregate##_fields),                 \
    }
#define QUIPU_APPLIES(event_name) (APPLIES, event_name)
#define QUIPU_ACCEPTS(event_name) (ACCEPTS, event_name)
#define QUIPU_DISCARDS(event_name) (DISCARDS, event_name)

/* Defines function_untyped, a quipu_apply that calls
 * function(aggregate_type *, const event_type *, quipu_error *), for a table of
 * handlers that is written by hand. */
#define QUIPU_TYPED_HANDLER(function, aggregate_type, event_type)             \
    static int function##_untyped(void *aggregate, const void *event,         \
                                  quipu_error *error)                         \
    {                                                                         \
        aggregate_type *typed_aggregate = aggregate;                          \
        const event_type *typed_event = event;                                \
                                                                              \
        return function(typed_aggregate, typed_event, error);                 \
    }

/*
 * Defines the function of a projection (projection.h) for an event: a body
 * follows, in which `event` is a const struct stock_received *, for an event of
 * that name, and `native`, `context`, `item` and `error` are those of a
 * quipu_projection_apply.  QUIPU_PROJECTS is its row in the table of handlers.
 */
#define QUIPU_PROJECTOR(event_name)                                           \
    static int event_name##_projector(                                        \
        void *native, void *context, const struct event_name *event,          \
        const quipu_item *item, quipu_error *error);                          \
    static int event_name##_project(                                          \
        void *native, void *context, const quipu_event *event,                \
        const quipu_item *item, quipu_error *error)                           \
    {                                                                         \
        return event_name##_projector(native, context, (const void *)event,   \
                                      item, error);                           \
    }                                                                         \
    static int event_name##_projector(                                        \
        __attribute__((unused)) void *native,                                 \
        __attribute__((unused)) void *context,                                \
        __attribute__((unused)) const struct event_name *event,               \
        __attribute__((unused)) const quipu_item *item,                       \
        __attribute__((unused)) quipu_error *error)
#define QUIPU_PROJECTS(event_name) \
    { .event = &event_name, .apply = event_name##_project }

/* NOLINTEND(bugprone-macro-parentheses) */

/*
 * Triggers an event of the type and struct `name`: quipu_aggregate_trigger,
 * with its codes.  `aggregate` points to a struct that begins with `base`.  The
 * members are given as designated initializers; the others are zero.  An event
 * without members takes `.base = { 0 }`.
 */
#define QUIPU_TRIGGER(aggregate, name, error, ...)                            \
    quipu_aggregate_trigger(&(aggregate)->base, &(name),                      \
                            &(const struct name){ __VA_ARGS__ }.base, error)

/* ------------------------------------------------------------- internal */

#define QUIPU_EVENT_STRUCT(name, ...)                                         \
    struct name {                                                             \
        quipu_event base;                                                     \
        QUIPU_EACH(QUIPU_DECLARED, , __VA_ARGS__)                             \
    }

#define QUIPU_EVENT_OF(name, topic_text, ...)                                 \
    {                                                                         \
        QUIPU_EVENT_DESCRIBE(struct name, topic_text, name##_fields),         \
        QUIPU_EACH(QUIPU_TRAITS_OF, , __VA_ARGS__)                            \
    }

#define QUIPU_DECLARED(unused, kind, ...) QUIPU_DECLARED_##kind(__VA_ARGS__)
#define QUIPU_DECLARED_VALUE(type, member) type member;
#define QUIPU_DECLARED_DEFAULT(type, member, value) type member;
#define QUIPU_DECLARED_OPTIONAL(type, member, present) \
    type member; bool present;
#define QUIPU_DECLARED_NULLABLE(type, member) type member;
#define QUIPU_DECLARED_ARRAY(type, member, count) type *member; size_t count;
#define QUIPU_DECLARED_FIXED_TEXT(member, size) char member[size];
#define QUIPU_DECLARED_IGNORED(type, member) type member;
#define QUIPU_DECLARED_STRUCT(type, member, table) type member;
#define QUIPU_DECLARED_STRUCT_ARRAY(type, member, count, table) \
    type *member; size_t count;
#define QUIPU_DECLARED_PERSONAL(type, member, subject, gone) type member;
#define QUIPU_DECLARED_PERSONAL_OPTIONAL(type, member, present, subject) \
    type member; bool present;
#define QUIPU_DECLARED_PERSONAL_NULLABLE(type, member, subject) type member;
#define QUIPU_DECLARED_PERSONAL_ARRAY(type, member, count, subject) \
    type *member; size_t count;
#define QUIPU_DECLARED_PERSONAL_FIXED_TEXT(member, size, subject, gone) \
    char member[size];
#define QUIPU_DECLARED_PERSONAL_STRUCT(type, member, table, subject) \
    type member;
#define QUIPU_DECLARED_ALIAS(member, earlier_name)
#define QUIPU_DECLARED_TRAITS(traits)

/* Each row ends with its comma: the list may have members without a row. */
#define QUIPU_ROW(owner, kind, ...) QUIPU_ROW_##kind(owner, __VA_ARGS__)
#define QUIPU_ROW_VALUE(owner, type, member) QUIPU_FIELD(owner, member),
#define QUIPU_ROW_DEFAULT(owner, type, member, value) \
    QUIPU_FIELD_DEFAULT(owner, member, value),
#define QUIPU_ROW_OPTIONAL(owner, type, member, present) \
    QUIPU_FIELD_OPTIONAL(owner, member, present),
#define QUIPU_ROW_NULLABLE(owner, type, member) \
    QUIPU_FIELD_NULLABLE(owner, member),
#define QUIPU_ROW_ARRAY(owner, type, member, count) \
    QUIPU_FIELD_ARRAY(owner, member, count),
#define QUIPU_ROW_FIXED_TEXT(owner, member, size) QUIPU_FIELD(owner, member),
#define QUIPU_ROW_IGNORED(owner, type, member) \
    QUIPU_FIELD_IGNORED(owner, member),
#define QUIPU_ROW_STRUCT(owner, type, member, table) \
    QUIPU_FIELD_STRUCT(owner, member, table),
#define QUIPU_ROW_STRUCT_ARRAY(owner, type, member, count, table) \
    QUIPU_FIELD_STRUCT_ARRAY(owner, member, count, table),
#define QUIPU_ROW_PERSONAL(owner, type, member, subject, gone) \
    QUIPU_FIELD_PERSONAL(owner, member, subject, gone),
#define QUIPU_ROW_PERSONAL_OPTIONAL(owner, type, member, present, subject) \
    QUIPU_FIELD_PERSONAL_OPTIONAL(owner, member, present, subject),
#define QUIPU_ROW_PERSONAL_NULLABLE(owner, type, member, subject) \
    QUIPU_FIELD_PERSONAL_NULLABLE(owner, member, subject),
#define QUIPU_ROW_PERSONAL_ARRAY(owner, type, member, count, subject) \
    QUIPU_FIELD_PERSONAL_ARRAY(owner, member, count, subject),
#define QUIPU_ROW_PERSONAL_FIXED_TEXT(owner, member, size, subject, gone) \
    QUIPU_FIELD_PERSONAL(owner, member, subject, gone),
#define QUIPU_ROW_PERSONAL_STRUCT(owner, type, member, table, subject) \
    QUIPU_FIELD_PERSONAL_STRUCT(owner, member, table, subject),
#define QUIPU_ROW_ALIAS(owner, member, earlier_name) \
    QUIPU_FIELD_ALIAS(owner, member, earlier_name),
#define QUIPU_ROW_TRAITS(owner, traits)

/* The initializer of the traits, of the one member of the list that has them.
 */
#define QUIPU_TRAITS_OF(unused, kind, ...) QUIPU_TRAITS_OF_##kind(__VA_ARGS__)
#define QUIPU_TRAITS_OF_VALUE(...)
#define QUIPU_TRAITS_OF_DEFAULT(...)
#define QUIPU_TRAITS_OF_OPTIONAL(...)
#define QUIPU_TRAITS_OF_NULLABLE(...)
#define QUIPU_TRAITS_OF_ARRAY(...)
#define QUIPU_TRAITS_OF_FIXED_TEXT(...)
#define QUIPU_TRAITS_OF_IGNORED(...)
#define QUIPU_TRAITS_OF_STRUCT(...)
#define QUIPU_TRAITS_OF_STRUCT_ARRAY(...)
#define QUIPU_TRAITS_OF_PERSONAL(...)
#define QUIPU_TRAITS_OF_PERSONAL_OPTIONAL(...)
#define QUIPU_TRAITS_OF_PERSONAL_NULLABLE(...)
#define QUIPU_TRAITS_OF_PERSONAL_ARRAY(...)
#define QUIPU_TRAITS_OF_PERSONAL_FIXED_TEXT(...)
#define QUIPU_TRAITS_OF_PERSONAL_STRUCT(...)
#define QUIPU_TRAITS_OF_ALIAS(...)
#define QUIPU_TRAITS_OF_TRAITS(event_traits) .traits = &(event_traits),

/* NOLINTBEGIN(bugprone-macro-parentheses): they are names. */
#define QUIPU_HANDLED(aggregate, kind, event_name) \
    QUIPU_HANDLED_##kind(aggregate, event_name),
#define QUIPU_HANDLED_APPLIES(aggregate, event_name) \
    { .event = &event_name, .apply = aggregate##_##event_name##_handler }
#define QUIPU_HANDLED_ACCEPTS(aggregate, event_name) { .event = &event_name }
#define QUIPU_HANDLED_DISCARDS(aggregate, event_name) \
    { .event = &event_name, .discards = true }
/* NOLINTEND(bugprone-macro-parentheses) */

/* Expands `macro(owner, kind, ...)` for each member of a list of 1 to 32. */
#define QUIPU_EACH(macro, owner, ...) \
    QUIPU_EACH_OF(QUIPU_EACH_COUNT(__VA_ARGS__))(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_OF(count) QUIPU_EACH_JOIN(count)
#define QUIPU_EACH_JOIN(count) QUIPU_EACH_##count
#define QUIPU_EACH_COUNT(...)                                                 \
    QUIPU_EACH_33RD(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22,  \
                    21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7,  \
                    6, 5, 4, 3, 2, 1, 0)
#define QUIPU_EACH_33RD(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12,    \
                        a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,     \
                        a23, a24, a25, a26, a27, a28, a29, a30, a31, a32,     \
                        count, ...)                                           \
    count
#define QUIPU_EACH_PASS(...) __VA_ARGS__
#define QUIPU_EACH_CALL(macro, ...) macro(__VA_ARGS__)
#define QUIPU_EACH_1(macro, owner, member) \
    QUIPU_EACH_CALL(macro, owner, QUIPU_EACH_PASS member)
#define QUIPU_EACH_2(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_1(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_3(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_2(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_4(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_3(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_5(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_4(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_6(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_5(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_7(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_6(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_8(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_7(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_9(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_8(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_10(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_9(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_11(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_10(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_12(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_11(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_13(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_12(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_14(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_13(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_15(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_14(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_16(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_15(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_17(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_16(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_18(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_17(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_19(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_18(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_20(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_19(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_21(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_20(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_22(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_21(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_23(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_22(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_24(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_23(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_25(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_24(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_26(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_25(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_27(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_26(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_28(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_27(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_29(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_28(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_30(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_29(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_31(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_30(macro, owner, __VA_ARGS__)
#define QUIPU_EACH_32(macro, owner, member, ...) \
    QUIPU_EACH_1(macro, owner, member) QUIPU_EACH_31(macro, owner, __VA_ARGS__)
/* clang-format on */

#endif
