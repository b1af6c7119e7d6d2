/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata of events by name, such as the user and the request that asked for a
 * change, and the event that caused it.
 *
 * Metadata go into every event of a unit of work, and from an event into what
 * that event causes:
 *
 *     quipu_metadata *metadata = NULL;
 *
 *     status = quipu_metadata_create(&metadata, error);
 *     status = quipu_metadata_set(metadata, "user", "ann", error);
 *     status = quipu_unit_metadata(unit, metadata, error); // copied
 *     ...
 *     status = quipu_metadata_caused_by(event, &metadata, error);
 *     status = quipu_unit_metadata(unit, metadata, error);
 *
 * Two names have a meaning.  "correlation_id" is the same in all events that
 * follow from one another; "causation_id" is the event id, as text, of the
 * event that is the cause.  A unit without a correlation id takes the event id
 * of its first event for it.
 *
 * An event keeps them as a MessagePack map from text to text, in the order of
 * the names, so that equal metadata are equal bytes.  A program may keep any
 * other bytes in the member `metadata` of its events; they are left alone.
 *
 * Threads: a quipu_metadata is used by one thread at a time.
 */
#ifndef QUIPU_METADATA_H
#define QUIPU_METADATA_H

#include <quipu/event.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_metadata quipu_metadata;

#define QUIPU_METADATA_CORRELATION_ID "correlation_id"
#define QUIPU_METADATA_CAUSATION_ID "causation_id"

#define QUIPU_METADATA_VALUES_MAX 64   /* values of an event */
#define QUIPU_METADATA_VALUE_MAX 65535 /* bytes of one */

/* Creates empty metadata, which the caller frees with quipu_metadata_destroy.
 * INVALID: the argument is NULL; NO_MEMORY. */
QUIPU_API int quipu_metadata_create(quipu_metadata **metadata,
                                    quipu_error *error);
QUIPU_API void quipu_metadata_destroy(quipu_metadata *metadata); /* or NULL */

/* Sets a value, which is copied; NULL removes it.  INVALID: an argument
 * is NULL, the name is empty or longer than 255 bytes, a text is not
 * UTF-8 or too long, or there would be too many values.  NO_MEMORY. */
QUIPU_API int quipu_metadata_set(quipu_metadata *metadata, const char *name,
                                 const char *value, quipu_error *error);

/* Returns a value, which is valid until they are changed; NULL if there
 * is none. */
QUIPU_API const char *quipu_metadata_get(const quipu_metadata *metadata,
                                         const char *name);

/* Returns the number of values, and by index, in the order of the names, one of
 * them; NULL if there is none. */
QUIPU_API size_t quipu_metadata_count(const quipu_metadata *metadata);
QUIPU_API const char *quipu_metadata_name(const quipu_metadata *metadata,
                                          size_t index);

/*
 * Creates the metadata of an event from their bytes, or those of the events
 * that an event causes: its own, with the event as the cause, and if it has no
 * correlation id, the event's id as such.  The caller frees *metadata.
 *
 * CORRUPT: the bytes are no map from text to text, because the program keeps
 * something else there; quipu_metadata_caused_by begins with empty ones then.
 * INVALID: an argument is NULL; NO_MEMORY.
 */
QUIPU_API int quipu_metadata_read(quipu_bytes bytes, quipu_metadata **metadata,
                                  quipu_error *error);
QUIPU_API int quipu_metadata_caused_by(const quipu_event *event,
                                       quipu_metadata **metadata,
                                       quipu_error *error);

/* Encodes metadata for the member of an event; the bytes are valid until the
 * metadata are changed, and absent if they are empty.  INVALID: an argument is
 * NULL; NO_MEMORY. */
QUIPU_API int quipu_metadata_encode(quipu_metadata *metadata,
                                    quipu_bytes *bytes, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
