/* SPDX-License-Identifier: Apache-2.0 */
/* What is being decoded, named. */
#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/utf8.h"
#include "mapper/subject.h"

#define HEX_BYTES 32 /* as many are shown of what is not text */
#define NAME_SIZE (QUIPU_ID_MAX + 1)

static void format_hex(quipu_bytes bytes, char text[NAME_SIZE])
{
    const uint8_t *data = bytes.data;
    size_t shown = bytes.size < HEX_BYTES ? bytes.size : HEX_BYTES;
    size_t i;

    memcpy(text, "0x", sizeof("0x"));
    for (i = 0; i < shown; i++) {
        snprintf(text + 2 + 2 * i, 3, "%02x", data[i]);
    }
    if (shown < bytes.size) {
        memcpy(text + 2 + 2 * i, "...", sizeof("..."));
    }
}

static void format_name(quipu_bytes bytes, char text[NAME_SIZE])
{
    if (bytes.size == 0 || bytes.size > QUIPU_ID_MAX ||
        !quipu_utf8_valid(bytes)) {
        format_hex(bytes, text);
        return;
    }
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
}

static void format_sequence(const quipu_subject *subject, char text[NAME_SIZE])
{
    quipu_bytes id = subject->item->sequence_id;
    quipu_uuid uuid;

    if (subject->text_ids) {
        format_name(id, text);
    } else if (id.size == sizeof(uuid)) {
        memcpy(&uuid, id.data, sizeof(uuid));
        quipu_uuid_format(&uuid, text);
    } else {
        format_hex(id, text);
    }
}

const char *quipu_subject_format(const quipu_subject *subject,
                                 char text[QUIPU_SUBJECT_SIZE])
{
    char topic[NAME_SIZE];
    char sequence[NAME_SIZE];

    format_name(subject->item->topic, topic);
    format_sequence(subject, sequence);
    snprintf(text, QUIPU_SUBJECT_SIZE,
             "event %s of sequence %s at position %lld", topic, sequence,
             (long long)subject->item->position);
    return text;
}
