/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain events: structs of the application, described by field tables.
 *
 *     struct opened { quipu_event base; const char *owner; int64_t limit; };
 *
 *     static const quipu_field opened_fields[] = {
 *         QUIPU_FIELD(struct opened, owner),
 *         QUIPU_FIELD_DEFAULT(struct opened, limit, 100),
 *         {0}
 *     };
 *     static const quipu_event_type opened =
 *         QUIPU_EVENT_TYPE(struct opened, "Account.Opened", opened_fields);
 *
 * declare.h writes all of this from one list of members.
 *
 * quipu encodes, decodes, copies and frees the struct by its table, so the
 * application contains no serialisation code.  The encoding is described in
 * docs/state-format.md.
 *
 * The structs of this header are embedded in those of applications, so their
 * layout is part of the ABI and does not change.  All functions may be called
 * from any thread; none of them changes an event or a type that it is given.
 */
#ifndef QUIPU_EVENT_H
#define QUIPU_EVENT_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------- fields */

/* The kind of a member, or of the elements of an array member. */
enum quipu_kind {
    QUIPU_KIND_BOOL = 1,    /* bool */
    QUIPU_KIND_INT = 2,     /* signed integer of 1, 2, 4 or 8 bytes */
    QUIPU_KIND_UINT = 3,    /* unsigned integer of 1, 2, 4 or 8 bytes */
    QUIPU_KIND_REAL = 4,    /* float or double, including NaN and infinities */
    QUIPU_KIND_TEXT = 5,    /* (const) char *: UTF-8, NUL-terminated */
    QUIPU_KIND_BYTES = 6,   /* quipu_bytes */
    QUIPU_KIND_UUID = 7,    /* quipu_uuid */
    QUIPU_KIND_TIME = 8,    /* quipu_time, in the years 1 to 9999 */
    QUIPU_KIND_ID = 9,      /* quipu_id, for example of another aggregate */
    QUIPU_KIND_STRUCT = 10, /* a struct with a field table of its own */
    /* char[n], n from 2: UTF-8 that ends with a NUL within the n bytes; those
     * behind the NUL are not stored.  Stored as QUIPU_KIND_TEXT is, so a member
     * may change from one to the other; a stored text that does not fit is
     * CORRUPT. */
    QUIPU_KIND_FIXED_TEXT = 11,
    QUIPU_KIND_IGNORED = 12, /* any type; not stored */
    /* Not a member: a further name, under which older states have the field
     * that the table lists before it.  QUIPU_FIELD_ALIAS makes it. */
    QUIPU_KIND_ALIAS = 13
};

/* At most one of the first three is set. */
enum quipu_field_flag {
    /* Optional: the member has a value if the bool at `extra` is true. */
    QUIPU_FIELD_HAS_PRESENCE = 1u << 0,
    /* Nullable text or bytes: the member has a value if it is not NULL. */
    QUIPU_FIELD_MAY_BE_NULL = 1u << 1,
    /* The member is a pointer to an array; the size_t at `extra` is the number
     * of its elements.  The pointer may be NULL if the number is 0. */
    QUIPU_FIELD_IS_ARRAY = 1u << 2,
    /*
     * Personal: the member is stored sealed with a key of a person, the
     * *subject*, whom another member names.  The flags from
     * QUIPU_FIELD_SUBJECT_SHIFT on are the offset of that member, in bytes.
     * When the keys of the subject have been destroyed (vault.h), a stored
     * event is read as one that lacks the member.
     */
    QUIPU_FIELD_IS_PERSONAL = 1u << 3
};

/* Number of the first bit of the offset of a subject. */
#define QUIPU_FIELD_SUBJECT_SHIFT 8

/*
 * The description of one member of a struct.  A table is an array of fields
 * that ends with a field of zeros; the order of its fields is the order in
 * which they are stored.
 *
 * Stored events are decoded by the table of the running program.  A field that
 * the stored state lacks takes its default; without a default it has no value
 * if it is optional or nullable, and otherwise the state is CORRUPT.  A value
 * in the state that the table lacks is ignored.  So a type may gain fields that
 * are optional, nullable or have a default, and may lose any field.  A field
 * may be renamed if the table keeps its earlier name as an alias.  Other
 * changes take a version of the event type (evolve.h).
 *
 * The macros below also note the struct that the field belongs to.  So opening
 * finds a table of another struct, one that lacks its end, and members that no
 * field describes.  It sees a member that nobody describes by the bytes that it
 * takes, unless those could be padding: declare.h cannot forget a member.
 */
typedef struct quipu_field {
    const char *name; /* key in the stored state: 1 to 255 bytes of UTF-8 */
    int32_t kind;     /* enum quipu_kind */
    uint32_t flags;   /* enum quipu_field_flag */
    size_t offset;    /* of the member in its struct, in bytes */
    size_t size;      /* of the member, or of one element of an array */
    size_t extra;     /* offset of the presence or count member */
    const struct quipu_field *fields; /* of a struct: its table */
    const void *fallback; /* default: points to a value of `size` bytes */
    /* All 0 if the field is not made by a macro. */
    const char *owner;       /* the struct as written: "struct opened" */
    uint32_t owner_size;     /* its size in bytes */
    uint8_t owner_alignment; /* 0: not known, here and below */
    uint8_t alignment;       /* of the member */
    uint16_t mark;           /* QUIPU_FIELD_MARK */
} quipu_field;

/* Tells a field that a macro has made from bytes that are no field. */
#define QUIPU_FIELD_MARK 0x9F1Du

/* The layout of _Generic, and of braces in a macro, depends on the version of
 * clang-format. */
/* clang-format off */

/* Zero; does not compile, with the message, unless the condition holds. */
#define QUIPU_REQUIRE(condition, message) \
    (0 * sizeof(struct { _Static_assert(condition, message); char unused; }))

#define QUIPU_MEMBER(type, member) (((type *)0)->member)

/* Whether a member of text is a pointer.  An array of char becomes a pointer in
 * an expression, but its own bytes are the characters. */
#define QUIPU_IS_POINTER(lvalue) \
    _Generic(&(lvalue),                                                       \
        char **: 1,                                                           \
        const char **: 1,                                                     \
        char *const *: 1,                                                     \
        const char *const *: 1,                                               \
        char *volatile *: 1,                                                  \
        const char *volatile *: 1,                                            \
        default: 0)

/* The kind of a member, chosen by its type; 0 for other types. */
#define QUIPU_KIND_OF(lvalue) \
    _Generic((lvalue),                                                        \
        _Bool: QUIPU_KIND_BOOL,                                               \
        signed char: QUIPU_KIND_INT,                                          \
        short: QUIPU_KIND_INT,                                                \
        int: QUIPU_KIND_INT,                                                  \
        long: QUIPU_KIND_INT,                                                 \
        long long: QUIPU_KIND_INT,                                            \
        unsigned char: QUIPU_KIND_UINT,                                       \
        unsigned short: QUIPU_KIND_UINT,                                      \
        unsigned int: QUIPU_KIND_UINT,                                        \
        unsigned long: QUIPU_KIND_UINT,                                       \
        unsigned long long: QUIPU_KIND_UINT,                                  \
        float: QUIPU_KIND_REAL,                                               \
        double: QUIPU_KIND_REAL,                                              \
        char *: QUIPU_KIND_OF_TEXT(lvalue),                                   \
        const char *: QUIPU_KIND_OF_TEXT(lvalue),                             \
        quipu_bytes: QUIPU_KIND_BYTES,                                        \
        quipu_uuid: QUIPU_KIND_UUID,                                          \
        quipu_time: QUIPU_KIND_TIME,                                          \
        quipu_id: QUIPU_KIND_ID,                                              \
        default: 0)

#define QUIPU_KIND_OF_TEXT(lvalue) \
    (QUIPU_IS_POINTER(lvalue) ? QUIPU_KIND_TEXT : QUIPU_KIND_FIXED_TEXT)

/* Whether a member that may be NULL is text or bytes. */
#define QUIPU_KIND_OF_NULLABLE(lvalue) \
    _Generic((lvalue),                                                        \
        char *: QUIPU_IS_POINTER(lvalue) * QUIPU_KIND_TEXT,                   \
        const char *: QUIPU_IS_POINTER(lvalue) * QUIPU_KIND_TEXT,             \
        quipu_bytes: QUIPU_KIND_BYTES,                                        \
        default: 0)

/* The size of a member, which does not compile for types that cannot be
 * stored. */
#define QUIPU_SIZE_OF(kind, lvalue, type, member)                             \
    (sizeof(lvalue) +                                                         \
     QUIPU_REQUIRE((kind) != QUIPU_KIND_FIXED_TEXT || sizeof(lvalue) > 1,     \
                   #member " of " #type " is an array of char with room for " \
                   "the NUL only; make it longer") +                          \
     QUIPU_REQUIRE((kind) != 0,                                               \
                   #member " of " #type " has a type that this macro cannot " \
                   "store; enum quipu_kind lists the types, and structs "     \
                   "take QUIPU_FIELD_STRUCT with their table"))

/* The same for a member that is a struct, told by its type class, 12. */
#define QUIPU_SIZE_OF_STRUCT(lvalue, type, member)                            \
    (sizeof(lvalue) +                                                         \
     QUIPU_REQUIRE(__builtin_classify_type(lvalue) == 12,                     \
                   #member " of " #type " is not a struct; put the struct "   \
                   "itself there, or use QUIPU_FIELD or, for a pointer to "   \
                   "several, QUIPU_FIELD_STRUCT_ARRAY"))

/* Zero, for a member that is a pointer and not an array. */
#define QUIPU_REQUIRE_POINTER(type, member)                                   \
    QUIPU_REQUIRE(                                                            \
        __builtin_types_compatible_p(                                         \
            __typeof__(QUIPU_MEMBER(type, member)),                           \
            __typeof__(&QUIPU_MEMBER(type, member)[0])),                      \
        #member " of " #type " is an array inside the struct; make it a "     \
        "pointer to the elements")

/* Zero, for a default that suits its member: a number (type classes 1 to 4 and
 * 8) or a text (5). */
#define QUIPU_REQUIRE_DEFAULT(kind, value, type, member)                      \
    (QUIPU_REQUIRE(((kind) != QUIPU_KIND_TEXT &&                              \
                    (kind) != QUIPU_KIND_FIXED_TEXT) ||                       \
                       __builtin_classify_type(value) == 5,                   \
                   "the default of " #member " of " #type " is no text; "     \
                   "give a string literal") +                                 \
     QUIPU_REQUIRE((kind) < QUIPU_KIND_BOOL || (kind) > QUIPU_KIND_REAL ||    \
                       __builtin_classify_type(value) == 8 ||                 \
                       (__builtin_classify_type(value) >= 1 &&                \
                        __builtin_classify_type(value) <= 4),                 \
                   "the default of " #member " of " #type " is no number; "   \
                   "give a constant of its type"))

/* The offset of a presence member, which must be a bool, and of a count member,
 * which must be a size_t. */
#define QUIPU_OFFSET_OF_BOOL(type, member)                                    \
    (offsetof(type, member) +                                                 \
     QUIPU_REQUIRE(_Generic(QUIPU_MEMBER(type, member), _Bool: 1,             \
                            default: 0),                                      \
                   #member " of " #type " tells whether another member has "  \
                   "a value, and must be a bool"))
#define QUIPU_OFFSET_OF_COUNT(type, member)                                   \
    (offsetof(type, member) +                                                 \
     QUIPU_REQUIRE(_Generic(QUIPU_MEMBER(type, member), size_t: 1,            \
                            default: 0),                                      \
                   #member " of " #type " is the number of elements of an "   \
                   "array, and must be a size_t"))

/* The struct that a field belongs to, and the name and place of the member. */
#define QUIPU_LOCATE(type, member)                                            \
    .name = #member, .offset = offsetof(type, member),                        \
    .owner = QUIPU_STRING(type), .owner_size = sizeof(type),                  \
    .owner_alignment = QUIPU_SMALL(__alignof__(type)),                        \
    .alignment = QUIPU_SMALL(__alignof__(QUIPU_MEMBER(type, member))),        \
    .mark = QUIPU_FIELD_MARK
#define QUIPU_STRING(text) #text
#define QUIPU_SMALL(alignment) ((alignment) < 256 ? (alignment) : 0)

/* Kind, place and size of a member, or of the elements of an array. */
#define QUIPU_DESCRIBE(kind_of, lvalue, type, member)                         \
    QUIPU_LOCATE(type, member), .kind = kind_of(lvalue),                      \
    .size = QUIPU_SIZE_OF(kind_of(lvalue), lvalue, type, member)
#define QUIPU_DESCRIBE_STRUCT(lvalue, type, member, table)                    \
    QUIPU_LOCATE(type, member), .kind = QUIPU_KIND_STRUCT,                    \
    .size = QUIPU_SIZE_OF_STRUCT(lvalue, type, member), .fields = (table)

/* A member that always has a value. */
#define QUIPU_FIELD(type, member)                                             \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF, QUIPU_MEMBER(type, member), type,       \
                       member)                                                \
    }

/* An optional member, which has a value if the bool member `present` is true.
 */
#define QUIPU_FIELD_OPTIONAL(type, member, present)                           \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF, QUIPU_MEMBER(type, member), type,       \
                       member),                                               \
        .flags = QUIPU_FIELD_HAS_PRESENCE,                                    \
        .extra = QUIPU_OFFSET_OF_BOOL(type, present)                          \
    }

/* Text or bytes that may be NULL. */
#define QUIPU_FIELD_NULLABLE(type, member)                                    \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF_NULLABLE, QUIPU_MEMBER(type, member),    \
                       type, member),                                         \
        .flags = QUIPU_FIELD_MAY_BE_NULL                                      \
    }

/* A member that takes `value`, an expression, if a stored event lacks it. */
#define QUIPU_FIELD_DEFAULT(type, member, value)                              \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF, QUIPU_MEMBER(type, member), type,       \
                       member),                                               \
        .flags = QUIPU_REQUIRE_DEFAULT(                                       \
            QUIPU_KIND_OF(QUIPU_MEMBER(type, member)), value, type, member),  \
        .fallback = &(const __typeof__(QUIPU_MEMBER(type, member))) { value } \
    }

/* A pointer to an array whose number of elements is in the size_t member
 * `count`. */
#define QUIPU_FIELD_ARRAY(type, member, count)                                \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF, *QUIPU_MEMBER(type, member), type,      \
                       member),                                               \
        .flags = QUIPU_FIELD_IS_ARRAY + QUIPU_REQUIRE_POINTER(type, member),  \
        .extra = QUIPU_OFFSET_OF_COUNT(type, count)                           \
    }

/* A nested struct with a table of its own, an optional one, and a pointer to an
 * array of them. */
#define QUIPU_FIELD_STRUCT(type, member, table)                               \
    {                                                                         \
        QUIPU_DESCRIBE_STRUCT(QUIPU_MEMBER(type, member), type, member,       \
                              table)                                          \
    }
#define QUIPU_FIELD_STRUCT_OPTIONAL(type, member, present, table)             \
    {                                                                         \
        QUIPU_DESCRIBE_STRUCT(QUIPU_MEMBER(type, member), type, member,       \
                              table),                                         \
        .flags = QUIPU_FIELD_HAS_PRESENCE,                                    \
        .extra = QUIPU_OFFSET_OF_BOOL(type, present)                          \
    }
#define QUIPU_FIELD_STRUCT_ARRAY(type, member, count, table)                  \
    {                                                                         \
        QUIPU_DESCRIBE_STRUCT(*QUIPU_MEMBER(type, member), type, member,      \
                              table),                                         \
        .flags = QUIPU_FIELD_IS_ARRAY + QUIPU_REQUIRE_POINTER(type, member),  \
        .extra = QUIPU_OFFSET_OF_COUNT(type, count)                           \
    }

/*
 * Personal members.  `subject` is the member that names the person: an id, a
 * uuid or a text, which always has a value; `base.originator_id` if the person
 * is the aggregate itself.  It is stored in clear, and so is whether an
 * optional or nullable member has a value.
 *
 *     QUIPU_FIELD_PERSONAL(struct registered, name, customer, "(gone)")
 *
 * `gone` is the value of the member after the subject has been forgotten, and
 * in events that were stored before the type had the member.  Optional and
 * nullable members then have no value, and arrays no elements.  The members of
 * a personal struct, which need a default or one of these forms, take the
 * values that they have in a state without them.
 */
#define QUIPU_FIELD_PERSONAL(type, member, subject, gone)                     \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF, QUIPU_MEMBER(type, member), type,       \
                       member),                                               \
        .flags = QUIPU_OF_SUBJECT(type, subject, member) +                    \
                 QUIPU_REQUIRE_DEFAULT(                                       \
                     QUIPU_KIND_OF(QUIPU_MEMBER(type, member)), gone, type,   \
                     member),                                                 \
        .fallback = &(const __typeof__(QUIPU_MEMBER(type, member))) { gone }  \
    }
#define QUIPU_FIELD_PERSONAL_OPTIONAL(type, member, present, subject)         \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF, QUIPU_MEMBER(type, member), type,       \
                       member),                                               \
        .flags = QUIPU_FIELD_HAS_PRESENCE +                                   \
                 QUIPU_OF_SUBJECT(type, subject, member),                     \
        .extra = QUIPU_OFFSET_OF_BOOL(type, present)                          \
    }
#define QUIPU_FIELD_PERSONAL_NULLABLE(type, member, subject)                  \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF_NULLABLE, QUIPU_MEMBER(type, member),    \
                       type, member),                                         \
        .flags = QUIPU_FIELD_MAY_BE_NULL +                                    \
                 QUIPU_OF_SUBJECT(type, subject, member)                      \
    }
#define QUIPU_FIELD_PERSONAL_ARRAY(type, member, count, subject)              \
    {                                                                         \
        QUIPU_DESCRIBE(QUIPU_KIND_OF, *QUIPU_MEMBER(type, member), type,      \
                       member),                                               \
        .flags = QUIPU_FIELD_IS_ARRAY + QUIPU_REQUIRE_POINTER(type, member) + \
                 QUIPU_OF_SUBJECT(type, subject, member),                     \
        .extra = QUIPU_OFFSET_OF_COUNT(type, count)                           \
    }
#define QUIPU_FIELD_PERSONAL_STRUCT(type, member, table, subject)             \
    {                                                                         \
        QUIPU_DESCRIBE_STRUCT(QUIPU_MEMBER(type, member), type, member,       \
                              table),                                         \
        .flags = QUIPU_OF_SUBJECT(type, subject, member)                      \
    }

/* The flags of a personal member. */
#define QUIPU_OF_SUBJECT(type, subject, member)                               \
    (QUIPU_FIELD_IS_PERSONAL +                                                \
     (offsetof(type, subject) << QUIPU_FIELD_SUBJECT_SHIFT) +                 \
     QUIPU_REQUIRE(QUIPU_KIND_OF(QUIPU_MEMBER(type, subject)) ==              \
                           QUIPU_KIND_ID ||                                   \
                       QUIPU_KIND_OF(QUIPU_MEMBER(type, subject)) ==          \
                           QUIPU_KIND_UUID ||                                 \
                       QUIPU_KIND_OF(QUIPU_MEMBER(type, subject)) ==          \
                           QUIPU_KIND_TEXT ||                                 \
                       QUIPU_KIND_OF(QUIPU_MEMBER(type, subject)) ==          \
                           QUIPU_KIND_FIXED_TEXT,                             \
                   #subject " of " #type " names the person that " #member    \
                   " is about, and must be an id, a uuid or a text"))

/* A member of any type that is not stored.  It is zero in events that are read
 * or copied, and so in those that handlers get; it is not copied with an
 * aggregate, and what it points to is not freed. */
#define QUIPU_FIELD_IGNORED(type, member)                                     \
    {                                                                         \
        QUIPU_LOCATE(type, member), .kind = QUIPU_KIND_IGNORED,               \
        .size = sizeof(QUIPU_MEMBER(type, member))                            \
    }

/* An earlier name of a member, text.  It stands in the table behind the field
 * of the member; there may be several.  A state that has the field under both
 * names is CORRUPT. */
#define QUIPU_FIELD_ALIAS(type, member, earlier_name)                         \
    {                                                                         \
        .name = (earlier_name), .kind = QUIPU_KIND_ALIAS,                     \
        .offset = offsetof(type, member), .owner = QUIPU_STRING(type),        \
        .owner_size = sizeof(type),                                           \
        .owner_alignment = QUIPU_SMALL(__alignof__(type)),                    \
        .alignment = 1, .mark = QUIPU_FIELD_MARK                              \
    }
/* clang-format on */

/* -------------------------------------------------------------- events */

struct quipu_event_traits; /* evolve.h */

/*
 * An event type.  Usually a static constant: it must outlive all mappers,
 * events and aggregates that refer to it.  Two types are the same only if they
 * are the same object.
 */
typedef struct quipu_event_type {
    const char *topic; /* its name in the store: 1 to 255 bytes of UTF-8 */
    size_t size;       /* of the struct, whose first member is quipu_event */
    const quipu_field *fields; /* of its further members; NULL: none */
    const char *struct_name; /* as written, "struct opened"; NULL: not known */
    size_t field_count;      /* of `fields` with its end; 0: not known */
    /* How the type has changed since its events were first stored; NULL: its
     * version is 1, and it has always had this topic. */
    const struct quipu_event_traits *traits;
    const void *reserved; /* NULL */
} quipu_event_type;

/* clang-format off */
/*
 * The initializer of an event type for a struct and its table, an array that is
 * visible here.  The struct begins with a quipu_event that is called `base`.
 * Opening then also finds a table that lacks its end, before it reads behind
 * it, and a table of another struct of the same size.
 */
#define QUIPU_EVENT_TYPE(type, topic_text, table) \
    { QUIPU_EVENT_DESCRIBE(type, topic_text, table) }
#define QUIPU_EVENT_DESCRIBE(type, topic_text, table)                         \
    .topic = (topic_text),                                                    \
    .size = sizeof(type) + QUIPU_REQUIRE_BASE(type, quipu_event),             \
    .fields = (table), .struct_name = QUIPU_STRING(type),                     \
    .field_count = QUIPU_FIELD_COUNT(table)

/* The same for a type that has changed; `event_traits` is a
 * quipu_event_traits (evolve.h). */
#define QUIPU_EVENT_TYPE_TRAITS(type, topic_text, table, event_traits)        \
    {                                                                         \
        QUIPU_EVENT_DESCRIBE(type, topic_text, table),                        \
        .traits = &(event_traits)                                             \
    }

/* Zero, for a struct whose first member is a `base` of that type. */
/* NOLINTBEGIN(bugprone-macro-parentheses): it is a type. */
#define QUIPU_REQUIRE_BASE(type, base_type)                                   \
    QUIPU_REQUIRE(offsetof(type, base) == 0 &&                                \
                      _Generic(QUIPU_MEMBER(type, base), base_type: 1,        \
                               default: 0),                                   \
                  #type " must begin with " #base_type " base")
/* NOLINTEND(bugprone-macro-parentheses) */

/* The number of fields of a table with its end. */
#define QUIPU_FIELD_COUNT(table)                                              \
    (sizeof(table) / sizeof((table)[0]) +                                     \
     QUIPU_REQUIRE(!__builtin_types_compatible_p(__typeof__(table),           \
                                                 __typeof__(&(table)[0])),    \
                   #table " is a pointer; name the table itself, an array"))
/* clang-format on */

/*
 * The base: the first member of every event's struct.  Mappings and schemas
 * refer to its members by the names originator_id, originator_version,
 * event_id, time and metadata, and to the type's topic by the name topic.
 *
 * A member that is zero has no value and is not stored.  For the time this
 * means that the first microsecond of 1970 cannot be represented.
 */
typedef struct quipu_event {
    const quipu_event_type *type;
    quipu_id originator_id;     /* of the aggregate that the event is about */
    int64_t originator_version; /* its place among that one's events, from 0 */
    quipu_uuid event_id; /* unique; repeating an append repeats the id, by which
                            the store recognises it */
    quipu_time time;     /* when the event happened; 0: not known */
    quipu_bytes metadata; /* any bytes of the application; or absent */
    uint64_t flags;       /* enum quipu_event_flag, set by reading */
    uint64_t reserved[3]; /* 0 */
} quipu_event;

enum quipu_event_flag {
    /* Personal members lack their values, because the keys of their subject
     * have been destroyed. */
    QUIPU_EVENT_FORGOTTEN = 1u << 0
};

/*
 * Checks an event type.  Opening a mapper does the same for all its types.
 *
 * INVALID: the topic or size is wrong, or a field has no valid name, has the
 * name of another one, has an unknown kind or a size that its kind cannot have,
 * lies outside its struct or in its base, overlaps another field, has several
 * flags, belongs to another struct, or nests structs deeper than 32; or a
 * struct has more than 256 fields, a table lacks its end, or a member is not
 * described by its table; or an alias does not follow its field; or in the
 * traits a cast is missing, a version has two, or an alias is no topic, or is
 * the type's own.  The message names the type and the field, version or alias.
 */
QUIPU_API int quipu_event_type_check(const quipu_event_type *type,
                                     quipu_error *error);

/* Initialises the base of an event: the type, the originator (NULL: none) and
 * the version that are given, a new time-ordered event id, the current time,
 * and no metadata.  The type's own members are not touched. */
QUIPU_API void quipu_event_init(quipu_event *event,
                                const quipu_event_type *type,
                                const quipu_id *originator_id,
                                int64_t originator_version);

/*
 * Copies an event and everything that it points to into one allocation, which
 * the caller frees with quipu_event_destroy.
 *
 * INVALID: the event is NULL or has no type, or a text, bytes value or array is
 * NULL and may not be; NO_MEMORY.
 */
QUIPU_API int quipu_event_copy(const quipu_event *event, quipu_event **copy,
                               quipu_error *error);

/* Frees an event that came from quipu_event_copy, quipu_mapper_event or
 * quipu_store_last.  NULL is allowed. */
QUIPU_API void quipu_event_destroy(quipu_event *event);

#ifdef __cplusplus
}
#endif

#endif
