/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kept state as the value of an entry: a header, and the packed members.
 *
 * The header's numbers are in the byte order of the machine.  A machine with
 * another one finds a wrong checksum, and so does a release whose values have
 * another form: `format` is part of the checksum.
 */
#include "snapshot/snapshot.h"

#include "base/checksum.h"

#define FORMAT 1
#define FORMAT_SEALED 2 /* with sealed members */

struct header {
    uint64_t checksum; /* of all that follows */
    uint64_t layout;
    int64_t version;
    uint64_t last_event;
    uint32_t declared;
    uint32_t kept;
    uint32_t number;
    uint32_t format;
};

uint64_t quipu_snapshot_layout(uint64_t layout, int64_t erasures)
{
    return erasures > 0 ? quipu_checksum_number(layout, (uint64_t)erasures)
                        : layout;
}

uint64_t quipu_snapshot_event(const quipu_item *item)
{
    uint64_t sum = quipu_checksum_number(0, (uint64_t)item->position);

    sum = quipu_checksum_bytes(sum, item->sequence_id);
    sum = quipu_checksum_bytes(sum, item->event_id);
    sum = quipu_checksum_bytes(sum, item->topic);
    sum = quipu_checksum_bytes(sum, item->metadata);
    sum = quipu_checksum_number(sum, (uint64_t)item->time.microseconds);
    return quipu_checksum_bytes(sum, item->state);
}

size_t quipu_snapshot_size(const struct quipu_snapshot *snapshot)
{
    return sizeof(struct header) + snapshot->members.size;
}

static uint64_t sum_of(const struct header *header, quipu_bytes members,
                       quipu_bytes key)
{
    const size_t first = sizeof(header->checksum);
    uint64_t sum = quipu_checksum_bytes(0, key);

    sum = quipu_checksum(sum, (const char *)header + first,
                         sizeof(*header) - first);
    return quipu_checksum_bytes(sum, members);
}

void quipu_snapshot_encode(const struct quipu_snapshot *snapshot,
                           const struct quipu_snapshot_label *label,
                           quipu_bytes key, void *value)
{
    struct header header = {
        .layout = label->layout,
        .version = snapshot->version,
        .last_event = snapshot->last_event,
        .declared = label->declared,
        .kept = label->kept,
        .number = label->number,
        .format = snapshot->is_sealed ? FORMAT_SEALED : FORMAT,
    };

    header.checksum = sum_of(&header, snapshot->members, key);
    memcpy(value, &header, sizeof(header));
    if (snapshot->members.size > 0) {
        memcpy((char *)value + sizeof(header), snapshot->members.data,
               snapshot->members.size);
    }
}

enum quipu_snapshot_verdict quipu_snapshot_decode(
    quipu_bytes value, quipu_bytes key,
    const struct quipu_snapshot_label *wanted, struct quipu_snapshot *snapshot,
    struct quipu_snapshot_label *label)
{
    struct header header;

    if (value.size < sizeof(header)) {
        return QUIPU_SNAPSHOT_DAMAGED;
    }
    const quipu_bytes members = { (const char *)value.data + sizeof(header),
                                  value.size - sizeof(header) };

    memcpy(&header, value.data, sizeof(header));
    if (header.checksum != sum_of(&header, members, key) ||
        (header.format != FORMAT && header.format != FORMAT_SEALED) ||
        header.version <= 0) {
        return QUIPU_SNAPSHOT_DAMAGED;
    }
    if (header.layout != wanted->layout ||
        header.declared != wanted->declared) {
        return QUIPU_SNAPSHOT_OUTDATED;
    }
    *snapshot =
        (struct quipu_snapshot){ .version = header.version,
                                 .last_event = header.last_event,
                                 .members = members,
                                 .is_sealed = header.format == FORMAT_SEALED };
    *label = (struct quipu_snapshot_label){ .layout = header.layout,
                                            .declared = header.declared,
                                            .kept = header.kept,
                                            .number = header.number };
    return QUIPU_SNAPSHOT_READABLE;
}
