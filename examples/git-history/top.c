/* SPDX-License-Identifier: Apache-2.0 */
/* The most changed files: those whose sequences are longest. */
#include "path.h"
#include "questions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct entry {
    quipu_id id;
    int64_t events;
};

struct ranking {
    struct entry *entries; /* the most changed one first */
    size_t count;
    size_t most;
};

/* Puts a file in its place, if it has one among the first. */
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

/* The store lists its sequences with their last positions: no event is read. */
static int rank_all(const struct ledger *ledger, struct ranking *ranking,
                    quipu_error *error)
{
    const quipu_bytes all = { 0 };
    quipu_sequences *sequences = NULL;
    const quipu_sequence *sequence = NULL;
    int status = quipu_sequences_open(quipu_store_records(ledger->store), all,
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

static int print_entry(const struct ledger *ledger, const struct entry *entry,
                       quipu_error *error)
{
    quipu_event *event = NULL;
    const int status =
        quipu_store_last(ledger->store, &entry->id, &event, error);

    if (status == QUIPU_OK) {
        printf("%7" PRId64 "  ", entry->events);
        text_print(((const struct file_event *)event)->path);
        puts(event->type == &file_deleted ? " (deleted)" : "");
        quipu_event_destroy(event);
    }
    return status;
}

int ask_top(const struct ledger *ledger, size_t most, quipu_error *error)
{
    struct ranking ranking = { .most = most };
    int status;

    ranking.entries = calloc(most, sizeof(*ranking.entries));
    if (!ranking.entries) {
        return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
    }
    status = rank_all(ledger, &ranking, error);
    if (status == QUIPU_OK) {
        puts(" events  file");
    }
    for (size_t i = 0; status == QUIPU_OK && i < ranking.count; i++) {
        status = print_entry(ledger, &ranking.entries[i], error);
    }
    free(ranking.entries);
    return status;
}
