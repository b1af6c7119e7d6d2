/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored states, taken apart without knowing any event type: for generic tools
 * and language bindings.
 *
 * A state is a MessagePack map, field name to value; before it may stand an
 * envelope with a map of its own, number to value (docs/state-format.md).
 * Nothing here allocates, whatever the bytes claim to be; what comes out
 * points into them.  All functions may be called from any thread.
 */
#ifndef QUIPU_STATE_H
#define QUIPU_STATE_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The keys of an envelope's map.  An even one is critical: who does not know
 * it cannot read what follows. */
enum quipu_state_key {
    QUIPU_STATE_EVENT_ID = 1,          /* 16 bytes */
    QUIPU_STATE_TIME = 3,              /* an extension, see below */
    QUIPU_STATE_METADATA = 5,          /* bytes */
    QUIPU_STATE_ORIGINATOR_ID = 7,     /* bytes */
    QUIPU_STATE_ORIGINATOR_VERSION = 9 /* an integer */
};

/* A state in its parts. */
typedef struct quipu_state {
    quipu_bytes envelope; /* its map; absent: there is none */
    quipu_bytes fields;   /* the map of the fields */
    uint64_t reserved[4];
} quipu_state;

/*
 * Takes a state apart, and checks the envelope; the fields may still be
 * anything.  CORRUPT; UNSUPPORTED: the envelope is of a newer format.
 */
QUIPU_API int quipu_state_split(quipu_bytes bytes, quipu_state *state,
                                quipu_error *error);

/*
 * Whether every mapper that knows the event can read the state: as `split`,
 * and the fields are one whole map whose keys are text, with nothing behind
 * it.  CORRUPT and UNSUPPORTED say why not.
 */
QUIPU_API int quipu_state_check(quipu_bytes bytes, quipu_error *error);

enum quipu_token_kind {
    QUIPU_TOKEN_NIL = 0,
    QUIPU_TOKEN_BOOL = 1,
    QUIPU_TOKEN_UINT = 2, /* an integer that is not negative */
    QUIPU_TOKEN_INT = 3,  /* a negative one */
    QUIPU_TOKEN_FLOAT = 4,
    QUIPU_TOKEN_DOUBLE = 5,
    QUIPU_TOKEN_STR = 6,
    QUIPU_TOKEN_BIN = 7,
    QUIPU_TOKEN_EXT = 8,
    QUIPU_TOKEN_ARRAY = 9, /* its elements follow */
    QUIPU_TOKEN_MAP = 10   /* keys and values follow, in turn */
};

/* One value; of an array or a map the head alone. */
typedef struct quipu_token {
    int32_t kind;     /* enum quipu_token_kind */
    int32_t ext_type; /* of EXT, -128 to 127 */
    union {
        bool boolean;
        uint64_t natural; /* of UINT */
        int64_t integer;  /* of INT */
        float single_real;
        double real;
    } as;
    quipu_bytes bytes; /* of STR (which may not be UTF-8), BIN, EXT */
    uint32_t count;    /* of ARRAY; of MAP, in pairs */
    uint32_t reserved;
} quipu_token;

/*
 * Reads the value at the beginning of *rest, and shortens *rest by it.  A
 * count that the bytes left cannot hold is refused, so what follows an array's
 * head is no larger than they are; how deep it nests, the caller must bound.
 * CORRUPT: the bytes end too early, or hold what MessagePack never uses.
 */
QUIPU_API int quipu_token_next(quipu_bytes *rest, quipu_token *token,
                               quipu_error *error);

/* Sets *time if the token is an extension that stands for a time which quipu
 * can hold; otherwise returns false. */
QUIPU_API bool quipu_token_time(const quipu_token *token, quipu_time *time);

#ifdef __cplusplus
}
#endif

#endif
