/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An aggregate with members of all kinds, and stores of it on the driver
 * "interposed" (../consumer/consumer_fixture.h).
 */
#ifndef QUIPU_TESTS_BASKET_FIXTURE_H
#define QUIPU_TESTS_BASKET_FIXTURE_H

#include "core/consumer/consumer_fixture.h"

struct basket_line {
    char *sku; /* may be NULL */
    int32_t amount;
    quipu_bytes mark;
};
struct basket {
    quipu_aggregate base;
    char *note; /* NULL until one is noted, although the field may not be */
    struct basket_line *lines;
    size_t line_count;
    int64_t total;
    double weight;
    bool has_discount;
    int16_t discount; /* keeps its value while it is absent */
    quipu_bytes tag;
    struct basket_line first;
    quipu_uuid last_event;
    quipu_time last_time;
    uint8_t level;
    uint8_t hidden; /* which only the tables of some types describe */
};

struct basket_put {
    quipu_event base;
    const char *sku;
    int32_t amount;
    double weight;
    bool has_mark;
    quipu_bytes mark;
};
struct basket_noted {
    quipu_event base;
    const char *note;
};
struct basket_discounted {
    quipu_event base;
    bool has_discount;
    int16_t discount;
};
struct basket_emptied {
    quipu_event base;
};
struct basket_hidden {
    quipu_event base;
    uint8_t hidden;
};
struct basket_dropped {
    quipu_event base;
};

extern const quipu_event_type basket_put, basket_noted, basket_discounted,
    basket_emptied, basket_hidden, basket_dropped;

/* The type; the same with its fields in another order; and with a table that
 * lacks the member `hidden`. */
extern const quipu_aggregate_type basket_type, basket_turned, basket_lacking;

/* A store of baskets. */
struct shop {
    quipu_datastore *datastore;
    quipu_store *store;
    quipu_schema schema;
    quipu_repository *plain; /* without snapshots and cache */
};

/* Opens the store of that name (NULL: one of its own in memory). */
void shop_open(struct shop *shop, const char *name);
void shop_close(struct shop *shop);

/* Opens a repository of the shop; the policies may be NULL. */
quipu_repository *shop_repository(struct shop *shop,
                                  const quipu_aggregate_type *type,
                                  const quipu_snapshot_policy *snapshots,
                                  const quipu_cache_policy *cache);

/* Stores `count` events with the versions from `from` on; `seed` decides which
 * they are.  None discards. */
void shop_append(struct shop *shop, const quipu_id *id, int64_t from,
                 int64_t count, uint32_t seed);
/* Stores an event that sets the member `hidden`. */
void shop_hide(struct shop *shop, const quipu_id *id, int64_t version,
               uint8_t hidden);
/* Stores the event that discards. */
void shop_drop(struct shop *shop, const quipu_id *id, int64_t version);

/* Erases the events from one position to another; returns their number. */
int64_t shop_erase(struct shop *shop, const quipu_id *id, int64_t from,
                   int64_t to);
/* Whether the store has a capability. */
bool shop_can(const struct shop *shop, uint32_t capability);

/* Writes all of a basket as text, which the caller frees. */
char *basket_text(const struct basket *basket);

/* Gets the basket from both, newest or at that version (-2: newest), and fails
 * unless the states, or the codes and messages, are equal. */
void assert_same(quipu_repository *expected, quipu_repository *actual,
                 const quipu_id *id, int64_t version);

/* The counts of a repository. */
quipu_repository_counts counts_of(const quipu_repository *repository);

/* Number of entries of snapshots in a datastore. */
int count_snapshots(quipu_datastore *datastore);

/* Changes one bit of the value of the snapshot with that number, modulo the
 * number of bits.  Returns whether there is such a snapshot. */
bool damage_snapshot(quipu_datastore *datastore, int number, size_t bit);

#endif
