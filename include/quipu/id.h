/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes, UUIDs and ids.  All functions here may be called from any thread. */
#ifndef QUIPU_ID_H
#define QUIPU_ID_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A NUL-terminated text as bytes, without the NUL; NULL gives absent. */
QUIPU_API quipu_bytes quipu_bytes_of_text(const char *text);

/* Whether both are absent, or both present with equal bytes. */
QUIPU_API bool quipu_bytes_equal(quipu_bytes a, quipu_bytes b);

/* Whether bytes are what quipu takes as text: UTF-8 (RFC 3629) without NUL.
 * Empty and absent ones are. */
QUIPU_API bool quipu_bytes_is_text(quipu_bytes bytes);

/* Room for a UUID as text, its NUL included. */
#define QUIPU_UUID_TEXT_SIZE 37

/* A new random UUID (RFC 9562, version 4), from libuuid. */
QUIPU_API void quipu_uuid_random(quipu_uuid *uuid);

/*
 * A new time-ordered UUID (RFC 9562, version 7): milliseconds, then a counter
 * that grows within one (section 6.2, method 1), then random bits.  Within a
 * process each is greater than those before it, also when the clock is set
 * back.  The default for all that quipu mints: it keeps B-trees dense.
 */
QUIPU_API void quipu_uuid_ordered(quipu_uuid *uuid);

/* The UUID of a name of `size` bytes in a namespace (RFC 9562, version 5). */
QUIPU_API void quipu_uuid_of_name(quipu_uuid *uuid,
                                  const quipu_uuid *name_space,
                                  const void *name, size_t size);

/* Reads the 36-character form, either case.  INVALID. */
QUIPU_API int quipu_uuid_parse(quipu_uuid *uuid, const char *text,
                               quipu_error *error);

/* Writes the 36-character form, lower case, and a NUL. */
QUIPU_API void quipu_uuid_format(const quipu_uuid *uuid,
                                 char text[QUIPU_UUID_TEXT_SIZE]);

/* Whether all bits are zero, which stands for "none". */
QUIPU_API bool quipu_uuid_is_nil(const quipu_uuid *uuid);

/* Ids from UUIDs and text.  INVALID: empty, over 255 bytes, or not UTF-8. */
QUIPU_API void quipu_id_of_uuid(quipu_id *id, const quipu_uuid *uuid);
QUIPU_API int quipu_id_of_text(quipu_id *id, const char *text,
                               quipu_error *error);
/* A copy of 1 to 255 borrowed bytes, whatever they hold.  INVALID. */
QUIPU_API int quipu_id_of_bytes(quipu_id *id, quipu_bytes bytes,
                                quipu_error *error);

/* An id's bytes, borrowed from it. */
QUIPU_API quipu_bytes quipu_id_bytes(const quipu_id *id);
QUIPU_API bool quipu_id_equal(const quipu_id *a, const quipu_id *b);

/* The time now, from CLOCK_REALTIME. */
QUIPU_API quipu_time quipu_time_now(void);

/* Room for a time as text, its NUL included. */
#define QUIPU_TIME_TEXT_SIZE 28

/* Writes "2017-05-25T12:00:00.000000Z".  INVALID: not in years 1 to 9999. */
QUIPU_API int quipu_time_format(quipu_time time,
                                char text[QUIPU_TIME_TEXT_SIZE],
                                quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
