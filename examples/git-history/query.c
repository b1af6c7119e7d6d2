/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queries.  Each uses another way of reading a store: the summary reads the
 * log, `top` lists the sequences, `log` reads one sequence, and `show` gets an
 * aggregate at a version.  `sizes` converts the events of the log to items
 * again, by three mappers that differ in their sealing, and stores nothing.
 */
#include "query.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------- summary */

struct summary {
    int64_t counts[FILE_EVENT_COUNT]; /* by type, as in file_events */
    int64_t events, commits;
    int64_t added, removed;
    char commit[80]; /* of the previous event */
};

/* Counts one event. */
static int count_event(void *context, const struct file_event *event,
                       quipu_error *error)
{
    struct summary *summary = (struct summary *)context;

    (void)error;
    for (size_t i = 0; i < FILE_EVENT_COUNT; i++) {
        summary->counts[i] += event->base.type == file_events[i];
    }
    summary->events++;
    summary->added += event->added;
    summary->removed += event->removed;
    /* The events of a commit are consecutive in the log. */
    if (strcmp(summary->commit, event->commit) != 0) {
        summary->commits++;
        snprintf(summary->commit, sizeof(summary->commit), "%s", event->commit);
    }
    return QUIPU_OK;
}

int query_summary(const struct file_store *store, quipu_error *error)
{
    struct summary summary = { 0 };
    const int status = file_store_read_log(store, count_event, &summary, error);

    if (status == QUIPU_OK) {
        printf("events     %" PRId64 ", of %" PRId64 " commits\n",
               summary.events, summary.commits);
        for (size_t i = 0; i < FILE_EVENT_COUNT; i++) {
            printf("           %" PRId64 " %s\n", summary.counts[i],
                   file_events[i]->topic);
        }
        printf("sequences  %" PRId64 " files, of which %" PRId64 " exist\n",
               summary.counts[0], summary.counts[0] - summary.counts[3]);
        printf("lines      %" PRId64 " added, %" PRId64 " removed\n",
               summary.added, summary.removed);
    }
    return status;
}

/* --------------------------------------------------------------------- top */

/* A file and the number of its events. */
struct entry {
    quipu_id id;
    int64_t events;
};

struct ranking {
    struct entry *entries; /* in descending order of their events */
    size_t count;
    size_t most; /* of entries */
};

/* Inserts a file into the ranking, if it belongs there. */
static void rank(struct ranking *ranking, quipu_bytes id, int64_t events)
{
    size_t place = ranking->count;

    while (place > 0 && ranking->entries[place - 1].events < events) {
        place--;
    }
    if (place == ranking->most) {
        return;
    }
    if (ranking->count < ranking->most) {
        ranking->count++;
    }
    for (size_t i = ranking->count - 1; i > place; i--) {
        ranking->entries[i] = ranking->entries[i - 1];
    }
    ranking->entries[place].events = events;
    quipu_id_of_bytes(&ranking->entries[place].id, id, NULL);
}

/* Ranks all files.  The store lists sequences with their last positions, so no
 * event is read. */
static int rank_all(const struct file_store *store, struct ranking *ranking,
                    quipu_error *error)
{
    const quipu_bytes all = { 0 };
    quipu_sequences *sequences = NULL;
    const quipu_sequence *sequence = NULL;
    int status = quipu_sequences_open(quipu_store_records(store->store), all,
                                      &sequences, error);

    if (status == QUIPU_OK) {
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    while (status == QUIPU_OK && sequence) {
        rank(ranking, sequence->id, sequence->last_position + 1);
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    quipu_sequences_close(sequences);
    return status;
}

/* Prints a file with the path of its last event. */
static int print_entry(const struct file_store *store,
                       const struct entry *entry, quipu_error *error)
{
    quipu_event *event = NULL;
    const int status =
        quipu_store_last(store->store, &entry->id, &event, error);

    if (status == QUIPU_OK) {
        printf("%7" PRId64 "  ", entry->events);
        text_print(((const struct file_event *)event)->path);
        puts(event->type == &file_deleted ? " (deleted)" : "");
        quipu_event_destroy(event);
    }
    return status;
}

int query_top(const struct file_store *store, size_t most, quipu_error *error)
{
    struct ranking ranking = { .most = most };
    int status;

    ranking.entries = calloc(most, sizeof(*ranking.entries));
    if (!ranking.entries) {
        return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
    }
    status = rank_all(store, &ranking, error);
    if (status == QUIPU_OK) {
        puts(" events  file");
    }
    for (size_t i = 0; status == QUIPU_OK && i < ranking.count; i++) {
        status = print_entry(store, &ranking.entries[i], error);
    }
    free(ranking.entries);
    return status;
}

/* ---------------------------------------------------------- files by path */

/* The ids of the files that had a path. */
struct search {
    const char *path;
    quipu_id *ids;
    size_t count;
};

/* Notes the file of an event at the path. */
static int match_event(void *context, const struct file_event *event,
                       quipu_error *error)
{
    struct search *search = (struct search *)context;
    quipu_id *ids;

    if (strcmp(event->path, search->path) != 0) {
        return QUIPU_OK;
    }
    for (size_t i = 0; i < search->count; i++) {
        if (quipu_id_equal(&search->ids[i], &event->base.originator_id)) {
            return QUIPU_OK;
        }
    }
    ids = reallocarray(search->ids, search->count + 1, sizeof(*ids));
    if (!ids) {
        return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
    }
    search->ids = ids;
    search->ids[search->count++] = event->base.originator_id;
    return QUIPU_OK;
}

/* Finds the files that were ever at a path, in the order of their first event
 * there; the caller frees the ids.  NOT_FOUND: there was none.  The store has
 * no index by path, so this reads the whole log. */
static int find_files(const struct file_store *store, const char *path,
                      quipu_id **ids, size_t *count, quipu_error *error)
{
    struct search search = { .path = path };
    int status = file_store_read_log(store, match_event, &search, error);

    if (status == QUIPU_OK && search.count == 0) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "no file was ever at %s", path);
    }
    if (status != QUIPU_OK) {
        free(search.ids);
        return status;
    }
    *ids = search.ids;
    *count = search.count;
    return QUIPU_OK;
}

/* --------------------------------------------------------------------- log */

/* Prints what an event did. */
static void print_action(const struct file_event *event)
{
    if (event->base.type == &file_created) {
        fputs("created as ", stdout);
    } else if (event->base.type == &file_deleted) {
        fputs("deleted", stdout);
        return;
    } else if (event->base.type == &file_changed) {
        fputs("changed", stdout);
        return;
    } else {
        fputs("renamed from ", stdout);
        text_print(event->from);
        fputs(" to ", stdout);
    }
    text_print(event->path);
}

/* Prints one event. */
static int print_event(void *context, const struct file_event *event,
                       quipu_error *error)
{
    char time[QUIPU_TIME_TEXT_SIZE];
    char counts[48] = "binary";
    const int status = quipu_time_format(event->base.time, time, error);

    (void)context;
    if (status != QUIPU_OK) {
        return status;
    }
    if (event->counted) {
        snprintf(counts, sizeof(counts), "+%" PRId64 " -%" PRId64, event->added,
                 event->removed);
    }
    printf("%4" PRId64 "  %.10s  %.10s  %-12s  ",
           event->base.originator_version, time, event->commit, counts);
    print_action(event);
    fputs(", by ", stdout);
    text_print(event->author);
    putchar('\n');
    return QUIPU_OK;
}

int query_log(const struct file_store *store, const char *path,
              quipu_error *error)
{
    quipu_id *ids = NULL;
    size_t count = 0;
    int status = find_files(store, path, &ids, &count, error);

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        if (i > 0) {
            putchar('\n'); /* another file that had the path */
        }
        status = file_store_read_file(store, &ids[i], print_event, NULL, error);
    }
    free(ids);
    return status;
}

/* -------------------------------------------------------------------- show */

static int print_file(const struct file *file, quipu_error *error)
{
    char time[QUIPU_TIME_TEXT_SIZE];
    const int status = quipu_time_format(file->time, time, error);

    if (status != QUIPU_OK) {
        return status;
    }
    fputs("path     ", stdout);
    text_print(file->path);
    printf("\nversion  %" PRId64 "\ncommit   %s\n", file->base.version - 1,
           file->commit);
    fputs("author   ", stdout);
    text_print(file->author);
    printf("\ntime     %s\nmode     %s\nblob     %s\n", time, file->mode,
           file->blob);
    if (file->counted) {
        printf("lines    %" PRId64 "\n", file->lines);
    } else {
        puts("lines    not counted (binary)");
    }
    return QUIPU_OK;
}

int query_show(const struct file_store *store, const char *path,
               int64_t version, quipu_error *error)
{
    quipu_id *ids = NULL;
    size_t count = 0;
    struct file *file = NULL;
    int status = find_files(store, path, &ids, &count, error);

    if (status != QUIPU_OK) {
        return status;
    }
    file =
        quipu_repository_get_at(store->files, &ids[count - 1], version, error);
    status = !file ? error->code : print_file(file, error);
    quipu_aggregate_destroy(file);
    free(ids);
    return status;
}

/* ------------------------------------------------------------------- sizes */

#define DICTIONARY_MOST (1 << 20) /* bytes; zstd advises 112,640 */

enum way { PLAIN, COMPRESSED, DICTIONARY, WAYS };

static const char *const way_names[WAYS] = { "plain", "compressed",
                                             "with the dictionary" };

struct sizes {
    char *bytes; /* of the dictionary; or NULL */
    quipu_bytes dictionary;
    quipu_mapper *mappers[WAYS]; /* NULL: it is not measured */
    quipu_items *items[WAYS];
    int64_t events;
    int64_t totals[WAYS]; /* bytes of the states */
};

/* Reads the file of a dictionary.  IO; INVALID: it is too large. */
static int read_dictionary(struct sizes *sizes, const char *path,
                           quipu_error *error)
{
    FILE *file = fopen(path, "rb");

    sizes->bytes = malloc(DICTIONARY_MOST);
    if (!file || !sizes->bytes) {
        int code = file ? QUIPU_NO_MEMORY : QUIPU_IO;

        if (file) {
            (void)fclose(file);
        }
        return quipu_error_set(error, code, "cannot read %s: %s", path,
                               strerror(errno));
    }
    sizes->dictionary =
        (quipu_bytes){ sizes->bytes,
                       fread(sizes->bytes, 1, DICTIONARY_MOST, file) };
    bool failed = ferror(file) != 0;

    (void)fclose(file);
    if (failed || sizes->dictionary.size == DICTIONARY_MOST) {
        return quipu_error_set(error, failed ? QUIPU_IO : QUIPU_INVALID,
                               "%s %s", path,
                               failed ? "cannot be read" : "is too large");
    }
    return QUIPU_OK;
}

static int open_mapper(struct sizes *sizes, enum way way, quipu_error *error)
{
    const quipu_sealing sealing = {
        .struct_size = sizeof(sealing),
        .compress_above = 1,
        .dictionaries = &sizes->dictionary,
        .dictionary_count = way == DICTIONARY ? 1 : 0,
    };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = file_events,
                                    .type_count = FILE_EVENT_COUNT,
                                    .sealing = way == PLAIN ? NULL : &sealing };
    quipu_schema schema;

    file_store_schema(&schema);
    int status =
        quipu_mapper_open(&schema, &mapping, &sizes->mappers[way], error);

    return status == QUIPU_OK ? quipu_items_create(sizes->mappers[way],
                                                   &sizes->items[way], error)
                              : status;
}

/* Adds the sizes of the states of an event. */
static int add_sizes(void *context, const struct file_event *event,
                     quipu_error *error)
{
    struct sizes *sizes = (struct sizes *)context;
    int status = QUIPU_OK;

    sizes->events++;
    for (size_t way = 0; status == QUIPU_OK && way < WAYS; way++) {
        size_t count;

        if (!sizes->mappers[way]) {
            break;
        }
        quipu_items_clear(sizes->items[way]);
        status = quipu_items_add(sizes->items[way], &event->base, error);
        if (status == QUIPU_OK) {
            sizes->totals[way] +=
                (int64_t)quipu_items_array(sizes->items[way], &count)
                    ->state.size;
        }
    }
    return status;
}

static void print_sizes(const struct sizes *sizes)
{
    printf("events               %" PRId64 "\n", sizes->events);
    for (size_t way = 0; way < WAYS; way++) {
        if (sizes->events == 0 || !sizes->mappers[way]) {
            break;
        }
        printf("%-20s %" PRId64 " bytes of states, %.1f an event",
               way_names[way], sizes->totals[way],
               (double)sizes->totals[way] / (double)sizes->events);
        if (way != PLAIN) {
            printf(", ratio %.2f",
                   (double)sizes->totals[PLAIN] / (double)sizes->totals[way]);
        }
        putchar('\n');
    }
}

int query_sizes(const struct file_store *store, const char *dictionary,
                quipu_error *error)
{
    const enum way ways = dictionary ? WAYS : DICTIONARY;
    struct sizes sizes = { .events = 0 };
    int status =
        dictionary ? read_dictionary(&sizes, dictionary, error) : QUIPU_OK;

    for (size_t way = 0; status == QUIPU_OK && way < ways; way++) {
        status = open_mapper(&sizes, (enum way)way, error);
    }
    if (status == QUIPU_OK) {
        status = file_store_read_log(store, add_sizes, &sizes, error);
    }
    if (status == QUIPU_OK) {
        print_sizes(&sizes);
    }
    for (size_t way = 0; way < WAYS; way++) {
        quipu_items_destroy(sizes.items[way]);
        quipu_mapper_close(sizes.mappers[way]);
    }
    free(sizes.bytes);
    return status;
}
