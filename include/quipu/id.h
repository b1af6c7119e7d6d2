/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that identify: bytes, UUIDs, ids; and times.
 *
 * The structs are those of types.h.  No function allocates memory; an id or
 * UUID is copied by assignment.  All functions may be called from any thread.
 */
#ifndef QUIPU_ID_H
#define QUIPU_ID_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns a NUL-terminated text as bytes, without the NUL; absent bytes for
 * NULL.  The text is borrowed. */
QUIPU_API quipu_bytes quipu_bytes_of_text(const char *text);

/* Returns true if both are absent, or both are present with equal bytes. */
QUIPU_API bool quipu_bytes_equal(quipu_bytes a, quipu_bytes b);

/* Returns true if bytes are a text of quipu: UTF-8 (RFC 3629) without NUL.
 * Empty and absent bytes are. */
QUIPU_API bool quipu_bytes_is_text(quipu_bytes bytes);

/* Bytes of a UUID as text, including the NUL. */
#define QUIPU_UUID_TEXT_SIZE 37

/* Sets *uuid to a new random UUID (RFC 9562, version 4), from libuuid. */
QUIPU_API void quipu_uuid_random(quipu_uuid *uuid);

/*
 * Sets *uuid to a new time-ordered UUID (RFC 9562, version 7): milliseconds,
 * a counter within a millisecond (section 6.2, method 1), and random bits.
 * Within a process each is greater than all before it, also when the clock is
 * set back.  quipu uses these for all UUIDs that it creates, since neighbours
 * in time are neighbours in a B-tree.
 */
QUIPU_API void quipu_uuid_ordered(quipu_uuid *uuid);

/* Sets *uuid to the UUID of a name of `size` bytes in a namespace (RFC 9562,
 * version 5): the same arguments always give the same UUID. */
QUIPU_API void quipu_uuid_of_name(quipu_uuid *uuid,
                                  const quipu_uuid *name_space,
                                  const void *name, size_t size);

/* Parses the form of 36 characters, in upper or lower case.  INVALID: the text
 * is NULL or of another form. */
QUIPU_API int quipu_uuid_parse(quipu_uuid *uuid, const char *text,
                               quipu_error *error);

/* Writes the form of 36 characters in lower case, and a NUL. */
QUIPU_API void quipu_uuid_format(const quipu_uuid *uuid,
                                 char text[QUIPU_UUID_TEXT_SIZE]);

/* Returns true if all bits are zero, which means "none". */
QUIPU_API bool quipu_uuid_is_nil(const quipu_uuid *uuid);

/* Set *id to a UUID (16 bytes), or to a text of 1 to 255 bytes.  INVALID: the
 * text is NULL, empty, longer, or not UTF-8; *id is then unchanged. */
QUIPU_API void quipu_id_of_uuid(quipu_id *id, const quipu_uuid *uuid);
QUIPU_API int quipu_id_of_text(quipu_id *id, const char *text,
                               quipu_error *error);
/* Sets *id to a copy of 1 to 255 bytes of any value, as those of an item.
 * INVALID: there are none, or more. */
QUIPU_API int quipu_id_of_bytes(quipu_id *id, quipu_bytes bytes,
                                quipu_error *error);

/* Returns the bytes of an id, borrowed from it; absent for an id of size 0. */
QUIPU_API quipu_bytes quipu_id_bytes(const quipu_id *id);
/* Returns true if two ids have equal bytes. */
QUIPU_API bool quipu_id_equal(const quipu_id *a, const quipu_id *b);

/* Returns the current time, from CLOCK_REALTIME. */
QUIPU_API quipu_time quipu_time_now(void);

/* Bytes of a time as text, including the NUL. */
#define QUIPU_TIME_TEXT_SIZE 28

/* Writes a time in UTC as "2017-05-25T12:00:00.000000Z", and a NUL.  INVALID:
 * the time is not in the years 1 to 9999. */
QUIPU_API int quipu_time_format(quipu_time time,
                                char text[QUIPU_TIME_TEXT_SIZE],
                                quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
