/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that are stored together, by schema. */
#include "group.h"

#include "common/safeguard.h"

#include <string.h>

#define BYTES_MAX (UINT64_C(64) << 20) /* of a group with several requests */
#define LONG_BYTES (UINT64_C(1) << 20) /* that need time to travel */
#define BYTES_A_SECOND (UINT64_C(2) << 20)
#define ANSWER_TIME (200 * CLOCK_MILLISECOND)

/* ---------------------------------------------------------------- sections */

static size_t size_of(const quipu_request *request)
{
    size_t size = 0;
    for (size_t i = 0; i < request->item_count; i++) {
        size += request->items[i].state.size + request->items[i].metadata.size;
    }
    return size;
}

static bool has_section(const struct group *group, int64_t number)
{
    for (uint32_t i = 0; i < group->section_count; i++) {
        if (group->sections[i].bound->number == number) {
            return true;
        }
    }
    return false;
}

/* Keeps the sections in the order of their numbers. */
static bool add_section(struct group *group, quipu_driver_schema *bound)
{
    if (has_section(group, bound->number)) {
        return true;
    }
    if (group->section_count == SECTIONS_MAX) {
        return false;
    }
    uint32_t i = group->section_count++;
    for (; i > 0 && group->sections[i - 1].bound->number > bound->number; i--) {
        group->sections[i] = group->sections[i - 1];
    }
    group->sections[i] = (struct section){
        .bound = bound,
        .sparse = (bound->schema.flags & QUIPU_SCHEMA_SPARSE) != 0
    };
    return true;
}

/* The deadline is for waiting; to store much takes longer, on a slow line to a
 * slow disk, and is not cut off while it may go on well. */
static int64_t patience_for(uint64_t size)
{
    return (int64_t)(size / (BYTES_A_SECOND / 1000)) * CLOCK_MILLISECOND;
}

int64_t quipu_postgres_group_latest(const struct group *group)
{
    int64_t latest = clock_grace(group->deadline);
    int64_t more =
        SAFEGUARDED("contract.long-append-has-its-time", group->patience, 0) +
        ANSWER_TIME;
    if (group->deadline < INT64_MAX - more && group->deadline + more > latest) {
        latest = group->deadline + more;
    }
    return latest;
}

static void gather(struct group *group)
{
    uint64_t size = 0;
    size_t taken = 0;
    for (; taken < group->count; taken++) {
        const quipu_request *request = &group->requests[taken];
        size += size_of(request);
        if (taken > 0 && size > BYTES_MAX) {
            break;
        }
        if (!add_section(group, request->schema)) {
            break;
        }
        group->item_count += request->item_count;
    }
    group->count = taken;
    group->patience = size < LONG_BYTES ? 0 : patience_for(size);
}

static int find_sections(struct group *group, quipu_error *error)
{
    const quipu_host *host = group->datastore->host;
    if (group->section_count < 2) {
        return QUIPU_OK;
    }
    group->section_of =
        host->allocate(group->count * sizeof(*group->section_of));
    if (!group->section_of) {
        return quipu_postgres_no_memory(host, error);
    }
    for (size_t i = 0; i < group->count; i++) {
        uint32_t section = 0;
        while (group->sections[section].bound->number !=
               group->requests[i].schema->number) {
            section++;
        }
        group->section_of[i] = section;
    }
    return QUIPU_OK;
}

/* --------------------------------------------------------------- the group */

int quipu_postgres_group_init(struct group *group, quipu_error *error)
{
    const quipu_host *host = group->datastore->host;
    quipu_postgres_entries_init(&group->sequences, host);
    group->places = group->few_places;
    group->tracks = group->few_tracks;
    gather(group);
    if (group->item_count > PLACES_FEW) {
        group->places =
            host->allocate(group->item_count * sizeof(*group->places));
    }
    if (group->count > TRACKS_FEW) {
        group->tracks = host->allocate(group->count * sizeof(*group->tracks));
    }
    if (!group->places || !group->tracks) {
        return quipu_postgres_no_memory(host, error);
    }
    return find_sections(group, error);
}

void quipu_postgres_group_finish(struct group *group)
{
    const quipu_host *host = group->datastore->host;
    quipu_postgres_entries_finish(&group->sequences);
    if (group->places != group->few_places) {
        host->release(group->places);
    }
    if (group->tracks != group->few_tracks) {
        host->release(group->tracks);
    }
    host->release(group->section_of);
    host->release(group->doubtful);
}

void quipu_postgres_group_clear(struct group *group)
{
    quipu_postgres_entries_finish(&group->sequences);
    quipu_postgres_entries_init(&group->sequences, group->datastore->host);
    group->place_count = 0;
    group->track_count = 0;
    group->accepted = group->refused = false;
    for (uint32_t i = 0; i < group->section_count; i++) {
        struct section *section = &group->sections[i];
        section->there = section->guarded = section->repeated = false;
        section->has_refs = false;
        section->demands = 0;
        section->items = 0;
        section->head = 0;
    }
    for (size_t i = 0; i < group->count; i++) {
        group->results[i] =
            (quipu_result){ .positions = group->results[i].positions };
    }
}

static bool same(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

struct track *quipu_postgres_group_track(struct group *group,
                                         const quipu_tracking *tracking,
                                         uint32_t section)
{
    for (size_t i = 0; i < group->track_count; i++) {
        struct track *track = &group->tracks[i];
        if (same(track->last->consumer, tracking->consumer) &&
            same(track->last->log, tracking->log)) {
            return track;
        }
    }
    struct track *track = &group->tracks[group->track_count++];
    *track = (struct track){ .last = tracking, .section = section };
    return track;
}

void quipu_postgres_group_place(struct group *group, const quipu_item *item,
                                int64_t position, int32_t ref, uint32_t section)
{
    group->places[group->place_count++] =
        (struct place){ item, position, ref, section };
    group->sections[section].items++;
    group->sections[section].has_refs |= ref != 0;
}
