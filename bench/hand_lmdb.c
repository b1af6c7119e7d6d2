/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The baseline for the LMDB driver, on the bare lmdb library: the databases and
 * keys of the driver for items, positions and event ids; but no counter of the
 * log, since the last key of the items is its head, no checksum of values, one
 * process, and a map of fixed size.  Positions and event ids that are taken are
 * refused by MDB_NOOVERWRITE.  Reading uses cursors, which find the next item
 * faster where it lies in the page of the last one, touches the bytes in the
 * map and copies nothing.
 */
#include "fail.h"
#include "hand_event.h"
#include "store.h"
#include "variant.h"

#include <lmdb.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAP_SIZE (UINT64_C(1) << 38)
#define KEY_SIZE 24

struct hand {
    MDB_env *env;
    MDB_dbi items, index, events;
    MDB_txn *reader;
    bool decodes; /* the items that it reads */
    struct bench_credited event;
};

/* A stored item: this header, then its topic, then its state. */
struct value {
    int64_t position;
    uint32_t topic_size;
    uint32_t state_size;
    quipu_uuid event_id;
    quipu_uuid sequence;
};

static void check(int code, const char *what)
{
    if (code != MDB_SUCCESS) {
        bench_fail(what, mdb_strerror(code));
    }
}

static MDB_val val(const void *data, size_t size)
{
    return (MDB_val){ size, (void *)data };
}

static void create_databases(struct hand *hand)
{
    MDB_txn *txn = NULL;
    check(mdb_txn_begin(hand->env, NULL, 0, &txn), "begin");
    check(mdb_dbi_open(txn, "items", MDB_CREATE | MDB_INTEGERKEY, &hand->items),
          "items");
    check(mdb_dbi_open(txn, "index", MDB_CREATE, &hand->index), "index");
    check(mdb_dbi_open(txn, "events", MDB_CREATE, &hand->events), "events");
    check(mdb_txn_commit(txn), "commit");
}

static void *open_store(const struct bench_store *store)
{
    struct hand *hand = bench_allocate(sizeof(*hand));
    unsigned flags = MDB_NOTLS | (store->relaxed ? MDB_NOMETASYNC : 0);
    if (mkdir(store->name, 0755) != 0) {
        bench_fail(store->name, "cannot make the folder");
    }
    check(mdb_env_create(&hand->env), "create");
    check(mdb_env_set_mapsize(hand->env, MAP_SIZE), "mapsize");
    check(mdb_env_set_maxdbs(hand->env, 8), "maxdbs");
    check(mdb_env_open(hand->env, store->name, flags, 0644), store->name);
    create_databases(hand);
    check(mdb_txn_begin(hand->env, NULL, MDB_RDONLY, &hand->reader), "begin");
    mdb_txn_reset(hand->reader);
    return hand;
}

static void *open_events(const struct bench_store *store)
{
    struct hand *hand = open_store(store);
    hand->decodes = true;
    return hand;
}

/* --------------------------------------------------------------- appending */

static void make_key(unsigned char key[KEY_SIZE], const quipu_uuid *sequence,
                     int64_t position)
{
    uint64_t bits = (uint64_t)position ^ UINT64_C(1) << 63;
    memcpy(key, sequence->bytes, 16);
    for (int i = 0; i < 8; i++) {
        key[16 + i] = (unsigned char)(bits >> (56 - 8 * i));
    }
}

/* A write transaction. */
struct write {
    MDB_txn *txn;
    MDB_cursor *items, *index, *events;
    int64_t head;
};

/* Returns true if the sequence has an item at `first` - 1, or `first` is 0. */
static bool is_next(MDB_cursor *index, const quipu_uuid *sequence,
                    int64_t first)
{
    unsigned char position[KEY_SIZE];
    MDB_val value;
    make_key(position, sequence, first - 1);
    MDB_val key = val(position, KEY_SIZE);
    return first == 0 ||
           mdb_cursor_get(index, &key, &value, MDB_SET) == MDB_SUCCESS;
}

static void put_item(struct write *write, int64_t id, const struct value *item)
{
    MDB_val key = val(&id, sizeof(id));
    MDB_val value =
        val(NULL, sizeof(*item) + item->topic_size + item->state_size);
    check(mdb_cursor_put(write->items, &key, &value, MDB_APPEND | MDB_RESERVE),
          "item");
    unsigned char *to = value.mv_data;
    memcpy(to, item, sizeof(*item));
    memcpy(to + sizeof(*item), MEASURE_TOPIC, item->topic_size);
    memcpy(to + sizeof(*item) + item->topic_size, measure_workload_state,
           item->state_size);
}

static void insert(struct write *write, const quipu_uuid *sequence,
                   int64_t position)
{
    int64_t id = ++write->head;
    unsigned char position_key[KEY_SIZE];
    struct value item = { .position = position,
                          .topic_size = sizeof(MEASURE_TOPIC) - 1,
                          .state_size = MEASURE_STATE_SIZE,
                          .sequence = *sequence };
    quipu_uuid_ordered(&item.event_id);
    MDB_val key = val(item.event_id.bytes, 16);
    MDB_val value = val(&id, sizeof(id));
    check(mdb_cursor_put(write->events, &key, &value, MDB_NOOVERWRITE),
          "event id");
    make_key(position_key, sequence, position);
    key = val(position_key, KEY_SIZE);
    check(mdb_cursor_put(write->index, &key, &value, MDB_NOOVERWRITE),
          "position");
    put_item(write, id, &item);
}

static void begin(struct hand *hand, struct write *write)
{
    MDB_val key;
    MDB_val value;
    check(mdb_txn_begin(hand->env, NULL, 0, &write->txn), "begin");
    check(mdb_cursor_open(write->txn, hand->items, &write->items), "cursor");
    check(mdb_cursor_open(write->txn, hand->index, &write->index), "cursor");
    check(mdb_cursor_open(write->txn, hand->events, &write->events), "cursor");
    write->head = 0;
    if (mdb_cursor_get(write->items, &key, &value, MDB_LAST) == MDB_SUCCESS) {
        memcpy(&write->head, key.mv_data, sizeof(write->head));
    }
}

static void commit(struct write *write)
{
    mdb_cursor_close(write->events);
    mdb_cursor_close(write->index);
    mdb_cursor_close(write->items);
    check(mdb_txn_commit(write->txn), "commit");
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    struct hand *hand = opened;
    struct write write;
    begin(hand, &write);
    if (!is_next(write.index, sequence, first)) {
        bench_fail("hand", "the position is not the next one");
    }
    for (size_t i = 0; i < count; i++) {
        insert(&write, sequence, first + (int64_t)i);
    }
    commit(&write);
}

static void fill(void *opened, const struct measure_event *events, size_t count)
{
    struct hand *hand = opened;
    struct write write;
    begin(hand, &write);
    for (size_t i = 0; i < count; i++) {
        insert(&write, &events[i].sequence, events[i].position);
    }
    commit(&write);
}

/* ----------------------------------------------------------------- reading */

/* Reads an item, as a caller of quipu does. */
static void visit(struct hand *hand, const MDB_val *value)
{
    const struct value *item = value->mv_data;
    const unsigned char *topic = (const unsigned char *)(item + 1);
    if (hand->decodes) {
        hand_event_decode(
            &(struct hand_item){
                .topic = { topic, item->topic_size },
                .state = { topic + item->topic_size, item->state_size },
                .sequence = { item->sequence.bytes, 16 },
                .event_id = { item->event_id.bytes, 16 },
                .position = item->position },
            &hand->event);
        measure_workload_touch(hand->event.data.data, hand->event.data.size);
        return;
    }
    measure_workload_touch(topic, item->topic_size);
    measure_workload_touch(topic + item->topic_size, item->state_size);
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct hand *hand = opened;
    MDB_cursor *index = NULL;
    MDB_cursor *items = NULL;
    unsigned char first[KEY_SIZE];
    size_t count = 0;
    check(mdb_txn_renew(hand->reader), "renew");
    check(mdb_cursor_open(hand->reader, hand->index, &index), "cursor");
    check(mdb_cursor_open(hand->reader, hand->items, &items), "cursor");
    make_key(first, sequence, INT64_MIN);
    MDB_val key = val(first, KEY_SIZE);
    MDB_val id;
    int code = mdb_cursor_get(index, &key, &id, MDB_SET_RANGE);
    while (code == MDB_SUCCESS && memcmp(key.mv_data, first, 16) == 0) {
        MDB_val value;
        check(mdb_cursor_get(items, &id, &value, MDB_SET), "item");
        visit(hand, &value);
        count++;
        code = mdb_cursor_get(index, &key, &id, MDB_NEXT);
    }
    mdb_cursor_close(items);
    mdb_cursor_close(index);
    mdb_txn_reset(hand->reader);
    return count;
}

static size_t scan(void *opened)
{
    struct hand *hand = opened;
    MDB_cursor *items = NULL;
    MDB_val key;
    MDB_val value;
    size_t count = 0;
    check(mdb_txn_renew(hand->reader), "renew");
    check(mdb_cursor_open(hand->reader, hand->items, &items), "cursor");
    while (mdb_cursor_get(items, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
        visit(hand, &value);
        count++;
    }
    mdb_cursor_close(items);
    mdb_txn_reset(hand->reader);
    return count;
}

static void close_store(void *opened)
{
    struct hand *hand = opened;
    mdb_txn_abort(hand->reader);
    mdb_env_close(hand->env);
    free(hand);
}

const struct bench_variant bench_hand_lmdb = BENCH_VARIANT("hand", open_store);
const struct bench_variant bench_hand_lmdb_events =
    BENCH_VARIANT("hand_events", open_events);
