/* SPDX-License-Identifier: Apache-2.0 */
/* Growing arrays and interned names. */
#include "pool.h"

#include "context/assertion.h"

#include <stdlib.h>
#include <string.h>

void *quipu_history_pool_grow(void *pool, size_t count, size_t *room,
                              size_t size)
{
    if (count == *room) {
        *room = *room > 0 ? 2 * *room : 64;
        void *grown = realloc(pool, *room * size);
        CHECK(grown, "out of memory for a history of %zu", *room);
        pool = grown;
    }
    memset((char *)pool + count * size, 0, size);
    return pool;
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static size_t hash(const char *text, size_t size, uint32_t log)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ log;

    for (size_t i = 0; i < size; i++) {
        h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ (h >> 32));
}

/* The slot of the name in the table: the one that holds it, or the free one
 * where it belongs. */
static uint32_t *place_of(const struct quipu_history_names *names,
                          const char *text, size_t size, uint32_t log)
{
    size_t i = hash(text, size, log);

    for (;; i++) {
        uint32_t *place = &names->places[i & (names->place_count - 1)];
        const struct quipu_history_name *name =
            *place > 0 ? &names->at[*place - 1] : NULL;

        if (!name ||
            (name->log == log && strncmp(name->text, text, size) == 0 &&
             name->text[size] == '\0')) {
            return place;
        }
    }
}

/* Keeps at least half of the slots free. */
static void grow_places(struct quipu_history_names *names)
{
    if (2 * (names->count + 1) <= names->place_count) {
        return;
    }
    free(names->places);
    names->place_count = names->place_count > 0 ? 4 * names->place_count : 64;
    names->places = calloc(names->place_count, sizeof(*names->places));
    CHECK(names->places, "out of memory for %zu names", names->count);
    for (size_t i = 0; i < names->count; i++) {
        const struct quipu_history_name *name = &names->at[i];

        *place_of(names, name->text, strlen(name->text), name->log) =
            (uint32_t)i + 1;
    }
}

uint32_t quipu_history_pool_intern(struct quipu_history_names *names,
                                   struct quipu_history_token word,
                                   uint32_t log)
{
    size_t size = quipu_history_token_length(word);
    uint32_t *place;
    struct quipu_history_name *name;

    grow_places(names);
    place = place_of(names, word.at, size, log);
    if (*place == 0) {
        *place = (uint32_t)names->count + 1;
        names->at = quipu_history_pool_grow(names->at, names->count,
                                            &names->room, sizeof(*names->at));
        name = &names->at[names->count++];
        name->log = log;
        name->text = strndup(word.at, size);
        CHECK(name->text, "out of memory for a name");
    }
    return *place - 1;
}

void quipu_history_pool_finish_names(struct quipu_history_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->at[i].text);
    }
    free(names->at);
    free(names->places);
}
