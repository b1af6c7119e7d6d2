/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that have changed since they were first stored: of an earlier version,
 * under an earlier topic, or of no use any more.
 *
 *     // Version 1 had "amount", a real in whole units.
 *     static int to_cents(quipu_rewrite *members, quipu_error *error)
 *     {
 *         double amount;
 *
 *         if (!quipu_rewrite_real(members, "amount", &amount)) {
 *             return quipu_error_set(error, QUIPU_CORRUPT, "no amount");
 *         }
 *         quipu_rewrite_set_int(members, "cents", llround(amount * 100));
 *         quipu_rewrite_remove(members, "amount");
 *         return QUIPU_OK;
 *     }
 *     static const char *const topics[] = { "Konto.Eingezahlt", NULL };
 *     static const quipu_cast casts[] = { { .from = 1, .cast = to_cents },
 *                                         { 0 } };
 *     static const quipu_event_traits deposited_traits = {
 *         .struct_size = sizeof(deposited_traits),
 *         .version = 2, .casts = casts, .aliases = topics,
 *     };
 *     QUIPU_EVENT(deposited, "Account.Deposited", QUIPU_VALUE(int64_t, cents),
 *                 QUIPU_TRAITS(deposited_traits));
 *
 * Stored events are never rewritten.  A state of an earlier version is changed
 * in memory when it is read, before the field table is applied to it, so that
 * handlers, projections and processes only see events of the version that they
 * are compiled with (Y1).  A version that the program does not know is
 * UNSUPPORTED, and never read as an older one (Y2).
 *
 * Many changes need none of this: see quipu_field in event.h for fields that
 * come, go or get another name.  docs/evolving.md says what to choose.
 */
#ifndef QUIPU_EVOLVE_H
#define QUIPU_EVOLVE_H

#include <quipu/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------- traits */

/*
 * A value of a stored state while it is changed: the map of the members, which
 * a cast gets, or a map, array or other value within it.  Owned by quipu, and
 * valid until the cast returns.
 */
typedef struct quipu_rewrite quipu_rewrite;

/*
 * Changes the members of an event from one version to the next.  It has what
 * the state has, in clear, and nothing else: the same members must give the
 * same result for ever, so it uses no store, no clock and no setting of the
 * program.  Any thread may call it, several at once.
 *
 * It returns QUIPU_OK, or fills the error in and returns another code: the
 * event cannot be read then.  The call that reads it returns NO_MEMORY or
 * UNSUPPORTED if the cast does, and CORRUPT otherwise; the message names the
 * topic, sequence, position and version.
 */
typedef int (*quipu_cast_function)(quipu_rewrite *members, quipu_error *error);

/* A cast, from version `from` to the next one.  A table of casts ends with one
 * of zeros. */
typedef struct quipu_cast {
    uint32_t from; /* at least 1 */
    uint32_t reserved;
    quipu_cast_function cast;
    uint64_t reserved2[2];
} quipu_cast;

/*
 * How an event type has changed; a static constant, in quipu_event_type.traits.
 *
 * `version` is stored with each event, under a key that programs which do not
 * know the version must not pass over; version 1 is not stored.  Each version
 * below it has one cast, in any order of the table; an event of version v is
 * changed by the casts from v, v + 1 ... to the type's version, each once.
 *
 * `aliases` are earlier topics of the type.  Events that are stored under one
 * of them are events of this type, whatever their version; new events get the
 * topic of the type.
 */
typedef struct quipu_event_traits {
    uint32_t struct_size;       /* sizeof(quipu_event_traits) */
    uint32_t version;           /* 0 means 1 */
    const quipu_cast *casts;    /* NULL: none */
    const char *const *aliases; /* ends with NULL; NULL: none */
} quipu_event_traits;

/* -------------------------------------------------------------- reading */

/*
 * Get a member of a map.  They return false, and leave *value as it is, if the
 * map has no such member, if it is nil or of another kind, or if *value cannot
 * hold it; docs/state-format.md says what is accepted for each kind.  `members`
 * NULL, or a value that is not a map, has no members.
 *
 * `name` NULL means the value itself, for example an element of an array of
 * numbers.
 */
QUIPU_API bool quipu_rewrite_bool(const quipu_rewrite *members,
                                  const char *name, bool *value);
QUIPU_API bool quipu_rewrite_int(const quipu_rewrite *members, const char *name,
                                 int64_t *value);
QUIPU_API bool quipu_rewrite_uint(const quipu_rewrite *members,
                                  const char *name, uint64_t *value);
QUIPU_API bool quipu_rewrite_real(const quipu_rewrite *members,
                                  const char *name, double *value);
QUIPU_API bool quipu_rewrite_uuid(const quipu_rewrite *members,
                                  const char *name, quipu_uuid *value);
QUIPU_API bool quipu_rewrite_time(const quipu_rewrite *members,
                                  const char *name, quipu_time *value);
QUIPU_API bool quipu_rewrite_id(const quipu_rewrite *members, const char *name,
                                quipu_id *value);
/* The text, in UTF-8 without a NUL behind it, and the bytes are lent until the
 * cast returns. */
QUIPU_API bool quipu_rewrite_text(const quipu_rewrite *members,
                                  const char *name, quipu_bytes *value);
QUIPU_API bool quipu_rewrite_bytes(const quipu_rewrite *members,
                                   const char *name, quipu_bytes *value);

/* Returns true if the map has a member of that name that is not nil. */
QUIPU_API bool quipu_rewrite_has(const quipu_rewrite *members,
                                 const char *name);

/* ------------------------------------------------------------- changing */

/*
 * A change that fails does nothing, and the cast fails as a whole, whatever it
 * returns; so the functions return no status.  They fail if there is no memory;
 * if a name is not 1 to 255 bytes of UTF-8; if a value cannot be stored, such
 * as a text that is not UTF-8; or for the reason that is given below.  `name`
 * NULL means the value itself; the map that the cast got remains a map.
 */

/* Set a member, which replaces an earlier value of it or is added at the end.
 * Text and bytes are copied. */
QUIPU_API void quipu_rewrite_set_bool(quipu_rewrite *members, const char *name,
                                      bool value);
QUIPU_API void quipu_rewrite_set_int(quipu_rewrite *members, const char *name,
                                     int64_t value);
QUIPU_API void quipu_rewrite_set_uint(quipu_rewrite *members, const char *name,
                                      uint64_t value);
QUIPU_API void quipu_rewrite_set_real(quipu_rewrite *members, const char *name,
                                      double value);
QUIPU_API void quipu_rewrite_set_uuid(quipu_rewrite *members, const char *name,
                                      const quipu_uuid *value);
QUIPU_API void quipu_rewrite_set_time(quipu_rewrite *members, const char *name,
                                      quipu_time value);
QUIPU_API void quipu_rewrite_set_id(quipu_rewrite *members, const char *name,
                                    const quipu_id *value);
QUIPU_API void quipu_rewrite_set_text(quipu_rewrite *members, const char *name,
                                      quipu_bytes value);
QUIPU_API void quipu_rewrite_set_bytes(quipu_rewrite *members, const char *name,
                                       quipu_bytes value);

/* Removes a member, of any kind, if the map has it. */
QUIPU_API void quipu_rewrite_remove(quipu_rewrite *members, const char *name);

/*
 * Moves a member of any kind, if `from` has it, to another map or another name;
 * to rename it, both maps are the same.  `new_name` NULL makes it the value of
 * `to`, an element of an array.  Fails if `to` has a member of the new name.
 */
QUIPU_API void quipu_rewrite_move(quipu_rewrite *from, const char *name,
                                  quipu_rewrite *to, const char *new_name);

/* ------------------------------------------------ nested maps and arrays */

/* Returns a member that is a map, a nested struct, to be read and changed; NULL
 * if there is none. */
QUIPU_API quipu_rewrite *quipu_rewrite_map(quipu_rewrite *members,
                                           const char *name);

/* Sets a member to a map without members, and returns it. */
QUIPU_API quipu_rewrite *quipu_rewrite_set_map(quipu_rewrite *members,
                                               const char *name);

/* Returns the number of elements of a member that is an array; 0 if it is
 * none. */
QUIPU_API size_t quipu_rewrite_count(quipu_rewrite *members, const char *name);

/*
 * Returns an element of a member that is an array: a map, for an array of
 * structs, or a value that the functions above take with the name NULL.  NULL
 * if there is no such element.
 *
 *     for (size_t i = 0; i < quipu_rewrite_count(members, "lines"); i++) {
 *         quipu_rewrite *line = quipu_rewrite_element(members, "lines", i);
 *
 *         quipu_rewrite_move(line, "cost", line, "price");
 *     }
 */
QUIPU_API quipu_rewrite *quipu_rewrite_element(quipu_rewrite *members,
                                               const char *name, size_t index);

/* Sets a member to an array of `count` elements, which are nil: each of them
 * has to be set, as an array of a field table has no element without a value.
 */
QUIPU_API void quipu_rewrite_set_array(quipu_rewrite *members, const char *name,
                                       size_t count);

#ifdef __cplusplus
}
#endif

#endif
