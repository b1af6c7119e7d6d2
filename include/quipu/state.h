/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored states without event types, for generic tools and language bindings.
 *
 * A state is a MessagePack map from field names to values.  An envelope with a
 * map of its own, from numbers to values, may precede it
 * (docs/state-format.md).
 *
 * The functions allocate nothing, whatever the bytes contain; results point
 * into the bytes that they were given.  All functions may be called from any
 * thread.
 */
#ifndef QUIPU_STATE_H
#define QUIPU_STATE_H

#include <quipu/sealing.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The keys of an envelope's map.  An even key is critical: a reader that does
 * not know it cannot read the state. */
enum quipu_state_key {
    QUIPU_STATE_EVENT_ID = 1,          /* 16 bytes */
    QUIPU_STATE_TYPE_VERSION = 2,      /* an integer from 2 */
    QUIPU_STATE_TIME = 3,              /* a timestamp; quipu_token_time */
    QUIPU_STATE_COMPRESSED = 4,        /* how; an array */
    QUIPU_STATE_METADATA = 5,          /* bytes */
    QUIPU_STATE_ENCRYPTED = 6,         /* how; an array */
    QUIPU_STATE_ORIGINATOR_ID = 7,     /* bytes */
    QUIPU_STATE_PERSONAL = 8,          /* sealed members; a map */
    QUIPU_STATE_ORIGINATOR_VERSION = 9 /* an integer */
};

enum quipu_state_flag {
    QUIPU_STATE_IS_COMPRESSED = 1u << 0,
    QUIPU_STATE_IS_ENCRYPTED = 1u << 1
};

/* The parts of a state. */
typedef struct quipu_state {
    quipu_bytes envelope; /* its map; absent if the state has no envelope */
    quipu_bytes fields;   /* the map of the fields; absent if it is sealed */
    uint32_t version;     /* of the event type (evolve.h): 1 without the key */
    uint32_t flags;       /* enum quipu_state_flag */
    quipu_bytes sealed;   /* the map, compressed or encrypted; or absent */
    uint64_t reserved[1]; /* 0 */
} quipu_state;

/*
 * Splits a state into its parts.  The envelope is checked as a mapper reads
 * it, the fields are not.  A state that is sealed (sealing.h) has no fields:
 * quipu_opener_open makes it one that has.
 *
 * CORRUPT: the envelope is truncated or malformed.  UNSUPPORTED: it has a newer
 * version or an unknown critical key.  INVALID: `state` is NULL.
 */
QUIPU_API int quipu_state_split(quipu_bytes bytes, quipu_state *state,
                                quipu_error *error);

/*
 * Checks what a state must satisfy for any event type: its envelope, as
 * quipu_state_split does, and that its fields are one complete map with nothing
 * behind it, whose keys are the names of fields and occur once, and each of
 * whose values a member of some kind can hold (docs/state-format.md).
 *
 * A mapper skips the fields that its type lacks, so it may read a state that is
 * refused here.  Uses up to 64 KiB of the stack.
 *
 * Of a sealed state only the envelope is checked.
 *
 * CORRUPT, UNSUPPORTED: the message says what is wrong.
 */
QUIPU_API int quipu_state_check(quipu_bytes bytes, quipu_error *error);

/* An opener opens sealed states, for tools that have no event types.  One
 * thread at a time uses it. */
typedef struct quipu_opener quipu_opener;

/* Copies the sealing as quipu_mapper_open does, with the same codes.  Its
 * settings for writing are not used.  The caller frees *opener with
 * quipu_opener_destroy. */
QUIPU_API int quipu_opener_create(const quipu_sealing *sealing,
                                  quipu_opener **opener, quipu_error *error);

/* Frees an opener.  NULL is allowed. */
QUIPU_API void quipu_opener_destroy(quipu_opener *opener);

/*
 * Opens the state of an item, of which `sequence_id`, `position`, `topic`,
 * `event_id` and `state` are used: sets *state to one in clear, as a mapper
 * without sealing would have written it.  It is lent until the next call; a
 * state that is not sealed is lent as it is.  Members that are sealed for their
 * subjects stay so.
 *
 * CORRUPT, DENIED, UNSUPPORTED, NO_MEMORY and codes of the provider of keys, as
 * for quipu_mapper_event.
 */
QUIPU_API int quipu_opener_open(quipu_opener *opener, const quipu_item *item,
                                quipu_bytes *state, quipu_error *error);

/* The kinds of MessagePack values. */
enum quipu_token_kind {
    QUIPU_TOKEN_NIL = 0,
    QUIPU_TOKEN_BOOL = 1,
    QUIPU_TOKEN_UINT = 2, /* an integer that is not negative */
    QUIPU_TOKEN_INT = 3,  /* a negative integer */
    QUIPU_TOKEN_FLOAT = 4,
    QUIPU_TOKEN_DOUBLE = 5,
    QUIPU_TOKEN_STR = 6,
    QUIPU_TOKEN_BIN = 7,
    QUIPU_TOKEN_EXT = 8,
    QUIPU_TOKEN_ARRAY = 9, /* its elements follow */
    QUIPU_TOKEN_MAP = 10   /* keys and values follow, in turn */
};

/* One value; of an array or a map only its head. */
typedef struct quipu_token {
    int32_t kind;     /* enum quipu_token_kind */
    int32_t ext_type; /* of EXT: -128 to 127 */
    union {
        bool boolean;      /* of BOOL */
        uint64_t natural;  /* of UINT */
        int64_t integer;   /* of INT */
        float single_real; /* of FLOAT */
        double real;       /* of DOUBLE */
    } as;
    quipu_bytes bytes; /* of STR (which may not be UTF-8), BIN, EXT */
    uint32_t count;    /* of ARRAY; of MAP, in pairs */
    uint32_t reserved;
} quipu_token;

/*
 * Reads the value at the beginning of *rest and removes it from *rest.  The
 * elements of an array or a map are read by further calls.  The count in a head
 * is never larger than the number of bytes left, so a caller may allocate by
 * it; the caller must bound the nesting depth itself.
 *
 * CORRUPT: the bytes end too early, or contain a byte that MessagePack does not
 * use; *rest is unchanged.  INVALID: an argument is NULL.
 */
QUIPU_API int quipu_token_next(quipu_bytes *rest, quipu_token *token,
                               quipu_error *error);

/* Sets *time and returns true if the token is a timestamp extension whose time
 * quipu can represent: whole microseconds in the years 1 to 9999. */
QUIPU_API bool quipu_token_time(const quipu_token *token, quipu_time *time);

#ifdef __cplusplus
}
#endif

#endif
