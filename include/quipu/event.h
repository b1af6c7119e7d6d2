/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain events: a program's structs, described by field tables.
 *
 *     struct opened { quipu_event base; const char *owner; int64_t limit; };
 *
 *     static const quipu_field opened_fields[] = {
 *         QUIPU_FIELD(struct opened, owner),
 *         QUIPU_FIELD_DEFAULT(struct opened, limit, 100),
 *         {0}
 *     };
 *     static const quipu_event_type opened = {
 *         .topic = "Account.Opened",
 *         .size = sizeof(struct opened),
 *         .fields = opened_fields,
 *     };
 *
 * From the table quipu encodes, decodes, copies and frees the struct; nobody
 * writes a serialiser.  The structs here are embedded in those of programs and
 * are frozen.  All functions may be called from any thread.
 */
#ifndef QUIPU_EVENT_H
#define QUIPU_EVENT_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------- fields */

enum quipu_kind {
    QUIPU_KIND_BOOL = 1,
    QUIPU_KIND_INT = 2,   /* signed, of 1, 2, 4 or 8 bytes */
    QUIPU_KIND_UINT = 3,  /* unsigned, of 1, 2, 4 or 8 bytes */
    QUIPU_KIND_REAL = 4,  /* float or double; NaN and infinities too */
    QUIPU_KIND_TEXT = 5,  /* (const) char *: UTF-8, NUL-terminated */
    QUIPU_KIND_BYTES = 6, /* quipu_bytes */
    QUIPU_KIND_UUID = 7,  /* quipu_uuid */
    QUIPU_KIND_TIME = 8,  /* quipu_time */
    QUIPU_KIND_ID = 9,    /* quipu_id, as of another aggregate */
    QUIPU_KIND_STRUCT = 10
};

enum quipu_field_flag {
    /* The bool at `extra` tells whether the member has a value. */
    QUIPU_FIELD_HAS_PRESENCE = 1u << 0,
    /* Text or bytes that may be NULL. */
    QUIPU_FIELD_MAY_BE_NULL = 1u << 1,
    /* The member is a pointer to as many as the size_t at `extra` says. */
    QUIPU_FIELD_IS_ARRAY = 1u << 2
};

/*
 * One member of a struct.  Tables end with a field without a name.
 *
 * Decoding: a field that the stored state does not have takes its default, is
 * absent if it can be, and is otherwise an error; what the state has and the
 * table has not is passed over.  So fields can be added (with a default, or
 * optional) and dropped.
 */
typedef struct quipu_field {
    const char *name; /* the key in the stored state */
    int32_t kind;     /* enum quipu_kind */
    uint32_t flags;   /* enum quipu_field_flag */
    size_t offset;    /* of the member in its struct */
    size_t size;      /* of the member, or of one element of an array */
    size_t extra;     /* offset of the presence or count member */
    const struct quipu_field *fields; /* of a struct */
    const void *fallback;             /* the default, a value of the member */
    uint64_t reserved[2];
} quipu_field;

/* The kind of a member, found from its type; an unsupported one does not
 * compile. */
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
        char *: QUIPU_KIND_TEXT,                                              \
        const char *: QUIPU_KIND_TEXT,                                        \
        quipu_bytes: QUIPU_KIND_BYTES,                                        \
        quipu_uuid: QUIPU_KIND_UUID,                                          \
        quipu_time: QUIPU_KIND_TIME,                                          \
        quipu_id: QUIPU_KIND_ID)

#define QUIPU_MEMBER(type, member) (((type *)0)->member)

/* Both stop the compiler unless the second member has the type that it must
 * have, and give its offset. */
#define QUIPU_OFFSET_OF_BOOL(type, member) \
    (offsetof(type, member) +              \
     0 * sizeof(_Generic(QUIPU_MEMBER(type, member), _Bool : 0)))
#define QUIPU_OFFSET_OF_COUNT(type, member) \
    (offsetof(type, member) +               \
     0 * sizeof(_Generic(QUIPU_MEMBER(type, member), size_t : 0)))

/* A member that always has a value. */
#define QUIPU_FIELD(type, member)                                           \
    {                                                                       \
        .name = #member, .kind = QUIPU_KIND_OF(QUIPU_MEMBER(type, member)), \
        .offset = offsetof(type, member),                                   \
        .size = sizeof(QUIPU_MEMBER(type, member))                          \
    }

/* A member whose value may be missing, as the bool member `present` says. */
#define QUIPU_FIELD_OPTIONAL(type, member, present)                          \
    {                                                                        \
        .name = #member, .kind = QUIPU_KIND_OF(QUIPU_MEMBER(type, member)),  \
        .flags = QUIPU_FIELD_HAS_PRESENCE, .offset = offsetof(type, member), \
        .size = sizeof(QUIPU_MEMBER(type, member)),                          \
        .extra = QUIPU_OFFSET_OF_BOOL(type, present)                         \
    }

/* Text or bytes that may be NULL. */
/* clang-format 14 does not understand _Generic. */
/* clang-format off */
#define QUIPU_FIELD_NULLABLE(type, member)                                    \
    {                                                                         \
        .name = #member, .flags = QUIPU_FIELD_MAY_BE_NULL,                    \
        .kind = _Generic(QUIPU_MEMBER(type, member),                          \
            char *: QUIPU_KIND_TEXT,                                          \
            const char *: QUIPU_KIND_TEXT,                                    \
            quipu_bytes: QUIPU_KIND_BYTES),                                   \
        .offset = offsetof(type, member),                                     \
        .size = sizeof(QUIPU_MEMBER(type, member))                            \
    }
/* clang-format on */

/* A member that takes the given value where stored events do not have it. */
#define QUIPU_FIELD_DEFAULT(type, member, value)                            \
    {                                                                       \
        .name = #member, .kind = QUIPU_KIND_OF(QUIPU_MEMBER(type, member)), \
        .offset = offsetof(type, member),                                   \
        .size = sizeof(QUIPU_MEMBER(type, member)),                         \
        .fallback = &(const __typeof__(QUIPU_MEMBER(type, member)))         \
        {                                                                   \
            value                                                           \
        }                                                                   \
    }

/* A pointer to an array, with the number of elements in the size_t member
 * `count`. */
#define QUIPU_FIELD_ARRAY(type, member, count)                               \
    {                                                                        \
        .name = #member, .kind = QUIPU_KIND_OF(*QUIPU_MEMBER(type, member)), \
        .flags = QUIPU_FIELD_IS_ARRAY, .offset = offsetof(type, member),     \
        .size = sizeof(*QUIPU_MEMBER(type, member)),                         \
        .extra = QUIPU_OFFSET_OF_COUNT(type, count)                          \
    }

/* A struct inside the struct, described by a table of its own; optional; and a
 * pointer to an array of them. */
#define QUIPU_FIELD_STRUCT(type, member, table)                       \
    {                                                                 \
        .name = #member, .kind = QUIPU_KIND_STRUCT,                   \
        .offset = offsetof(type, member),                             \
        .size = sizeof(QUIPU_MEMBER(type, member)), .fields = (table) \
    }
#define QUIPU_FIELD_STRUCT_OPTIONAL(type, member, present, table)            \
    {                                                                        \
        .name = #member, .kind = QUIPU_KIND_STRUCT,                          \
        .flags = QUIPU_FIELD_HAS_PRESENCE, .offset = offsetof(type, member), \
        .size = sizeof(QUIPU_MEMBER(type, member)),                          \
        .extra = QUIPU_OFFSET_OF_BOOL(type, present), .fields = (table)      \
    }
#define QUIPU_FIELD_STRUCT_ARRAY(type, member, count, table)             \
    {                                                                    \
        .name = #member, .kind = QUIPU_KIND_STRUCT,                      \
        .flags = QUIPU_FIELD_IS_ARRAY, .offset = offsetof(type, member), \
        .size = sizeof(*QUIPU_MEMBER(type, member)),                     \
        .extra = QUIPU_OFFSET_OF_COUNT(type, count), .fields = (table)   \
    }

/* -------------------------------------------------------------- events */

/* A kind of event.  Static, and outlives all that refers to it. */
typedef struct quipu_event_type {
    const char *topic; /* names it in the store: 1 to 255 bytes of UTF-8 */
    size_t size;       /* of the struct, whose first member is quipu_event */
    const quipu_field *fields; /* its further members; NULL: none */
    const void *reserved[4];   /* NULL */
} quipu_event_type;

/*
 * The first member of every event's struct.  Its members are attributes that a
 * mapper knows by name: originator_id, originator_version, event_id, time,
 * metadata, and topic (the type's).  A time of 0 says that none is known, and
 * nothing is stored of it: that an event happened in the first microsecond of
 * 1970 cannot be said.
 */
typedef struct quipu_event {
    const quipu_event_type *type;
    quipu_id originator_id;     /* whose event it is */
    int64_t originator_version; /* its place there: 0, 1, 2 ... */
    quipu_uuid event_id;        /* minted once, so that a retry repeats it */
    quipu_time time;            /* when it happened; 0: not known */
    quipu_bytes metadata;       /* any bytes, or absent */
    uint64_t reserved[4];
} quipu_event;

/*
 * Whether a type can be used: INVALID names the field that has no name, comes
 * twice, has an impossible kind or size, lies outside its struct, has two
 * flags, or nests itself too deep (over 32 structs).  A struct has up to 256
 * fields; a name up to 255 bytes of UTF-8.
 */
QUIPU_API int quipu_event_type_check(const quipu_event_type *type,
                                     quipu_error *error);

/* Sets the base of a new event: its type, originator and version, a new
 * time-ordered event id, the time now, no metadata. */
QUIPU_API void quipu_event_init(quipu_event *event,
                                const quipu_event_type *type,
                                const quipu_id *originator_id,
                                int64_t originator_version);

/* A copy of an event and of all that it points to, in one piece of memory; to
 * be destroyed.  INVALID: a text or array that may not be NULL is. */
QUIPU_API int quipu_event_copy(const quipu_event *event, quipu_event **copy,
                               quipu_error *error);

/* Frees what quipu_event_copy or quipu_mapper_event gave.  NULL is allowed. */
QUIPU_API void quipu_event_destroy(quipu_event *event);

#ifdef __cplusplus
}
#endif

#endif
