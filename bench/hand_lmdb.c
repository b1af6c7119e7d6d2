/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work by hand on the bare lmdb library: the same databases and keys as the
 * driver's, the same counter of the log and the same checks of positions and
 * event ids, but no check of a value's bytes, one process, and a map that never
 * grows.  Reading only touches the bytes in the map.
 */
#include "bench.h"

#include <lmdb.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAP_SIZE (UINT64_C(1) << 38)
#define KEY_SIZE 24

struct side {
    MDB_env *env;
    MDB_dbi heads, items, index, events;
    MDB_txn *reader;
};

/* An item as it is stored: this, its topic, its state. */
struct value {
    int64_t position;
    uint32_t topic_size;
    uint32_t state_size;
    quipu_uuid event_id;
    quipu_uuid sequence;
};

static void need(int code, const char *what)
{
    if (code != MDB_SUCCESS) {
        bench_die(what, mdb_strerror(code));
    }
}

static MDB_val val(const void *data, size_t size)
{
    return (MDB_val){ size, (void *)data };
}

static void create_databases(struct side *side)
{
    int64_t head = 0;
    MDB_txn *txn = NULL;
    MDB_val key = val("events", 6);
    MDB_val value = val(&head, sizeof(head));
    need(mdb_txn_begin(side->env, NULL, 0, &txn), "begin");
    need(mdb_dbi_open(txn, "heads", MDB_CREATE, &side->heads), "heads");
    need(mdb_dbi_open(txn, "items", MDB_CREATE | MDB_INTEGERKEY, &side->items),
         "items");
    need(mdb_dbi_open(txn, "index", MDB_CREATE, &side->index), "index");
    need(mdb_dbi_open(txn, "events", MDB_CREATE, &side->events), "events");
    need(mdb_put(txn, side->heads, &key, &value, 0), "heads");
    need(mdb_txn_commit(txn), "commit");
}

static void *open_side(const struct bench_store *store)
{
    struct side *side = bench_allocate(sizeof(*side));
    unsigned flags = MDB_NOTLS | (store->relaxed ? MDB_NOMETASYNC : 0);
    if (mkdir(store->name, 0755) != 0) {
        bench_die(store->name, "no folder can be made there");
    }
    need(mdb_env_create(&side->env), "create");
    need(mdb_env_set_mapsize(side->env, MAP_SIZE), "mapsize");
    need(mdb_env_set_maxdbs(side->env, 8), "maxdbs");
    need(mdb_env_open(side->env, store->name, flags, 0644), store->name);
    create_databases(side);
    need(mdb_txn_begin(side->env, NULL, MDB_RDONLY, &side->reader), "begin");
    mdb_txn_reset(side->reader);
    return side;
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

/* Whether the sequence's last item is just before `first`. */
static bool is_next(MDB_cursor *index, const quipu_uuid *sequence,
                    int64_t first)
{
    unsigned char key[KEY_SIZE];
    MDB_val found;
    MDB_val value;
    make_key(key, sequence, INT64_MAX);
    found = val(key, KEY_SIZE);
    int code = mdb_cursor_get(index, &found, &value, MDB_SET_RANGE);
    code = mdb_cursor_get(index, &found, &value,
                          code == MDB_SUCCESS ? MDB_PREV : MDB_LAST);
    if (code != MDB_SUCCESS ||
        memcmp(found.mv_data, sequence->bytes, 16) != 0) {
        return first == 0;
    }
    make_key(key, sequence, first - 1);
    return memcmp(found.mv_data, key, KEY_SIZE) == 0;
}

static void put_item(struct side *side, MDB_txn *txn, int64_t id,
                     const struct value *item)
{
    MDB_val key = val(&id, sizeof(id));
    MDB_val value =
        val(NULL, sizeof(*item) + item->topic_size + item->state_size);
    need(mdb_put(txn, side->items, &key, &value, MDB_APPEND | MDB_RESERVE),
         "item");
    unsigned char *to = value.mv_data;
    memcpy(to, item, sizeof(*item));
    memcpy(to + sizeof(*item), BENCH_TOPIC, item->topic_size);
    memcpy(to + sizeof(*item) + item->topic_size, bench_state,
           item->state_size);
}

/* A transaction that writes. */
struct writing {
    MDB_txn *txn;
    MDB_cursor *index;
    int64_t head;
};

static void insert(struct side *side, struct writing *writing,
                   const quipu_uuid *sequence, int64_t position)
{
    int64_t id = ++writing->head;
    unsigned char place[KEY_SIZE];
    struct value item = { .position = position,
                          .topic_size = sizeof(BENCH_TOPIC) - 1,
                          .state_size = BENCH_STATE_SIZE,
                          .sequence = *sequence };
    quipu_uuid_ordered(&item.event_id);
    MDB_val key = val(item.event_id.bytes, 16);
    MDB_val value = val(&id, sizeof(id));
    need(mdb_put(writing->txn, side->events, &key, &value, MDB_NOOVERWRITE),
         "event id");
    make_key(place, sequence, position);
    key = val(place, KEY_SIZE);
    need(mdb_cursor_put(writing->index, &key, &value, MDB_NOOVERWRITE),
         "position");
    put_item(side, writing->txn, id, &item);
}

static void begin(struct side *side, struct writing *writing)
{
    MDB_val key = val("events", 6);
    MDB_val value;
    need(mdb_txn_begin(side->env, NULL, 0, &writing->txn), "begin");
    need(mdb_get(writing->txn, side->heads, &key, &value), "head");
    memcpy(&writing->head, value.mv_data, sizeof(writing->head));
    need(mdb_cursor_open(writing->txn, side->index, &writing->index), "cursor");
}

static void commit(struct side *side, struct writing *writing)
{
    MDB_val key = val("events", 6);
    MDB_val value = val(&writing->head, sizeof(writing->head));
    mdb_cursor_close(writing->index);
    need(mdb_put(writing->txn, side->heads, &key, &value, 0), "head");
    need(mdb_txn_commit(writing->txn), "commit");
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    struct side *side = opened;
    struct writing writing;
    begin(side, &writing);
    if (!is_next(writing.index, sequence, first)) {
        bench_die("hand", "the position is not the next one");
    }
    for (size_t i = 0; i < count; i++) {
        insert(side, &writing, sequence, first + (int64_t)i);
    }
    commit(side, &writing);
}

static void fill(void *opened, const struct bench_event *events, size_t count)
{
    struct side *side = opened;
    struct writing writing;
    begin(side, &writing);
    for (size_t i = 0; i < count; i++) {
        insert(side, &writing, &events[i].sequence, events[i].position);
    }
    commit(side, &writing);
}

/* ----------------------------------------------------------------- reading */

static void touch(const MDB_val *value)
{
    const struct value *item = value->mv_data;
    const unsigned char *topic = (const unsigned char *)(item + 1);
    bench_touch(topic, item->topic_size);
    bench_touch(topic + item->topic_size, item->state_size);
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct side *side = opened;
    MDB_cursor *index = NULL;
    unsigned char first[KEY_SIZE];
    size_t count = 0;
    need(mdb_txn_renew(side->reader), "renew");
    need(mdb_cursor_open(side->reader, side->index, &index), "cursor");
    make_key(first, sequence, INT64_MIN);
    MDB_val key = val(first, KEY_SIZE);
    MDB_val id;
    int code = mdb_cursor_get(index, &key, &id, MDB_SET_RANGE);
    while (code == MDB_SUCCESS && memcmp(key.mv_data, first, 16) == 0) {
        MDB_val value;
        need(mdb_get(side->reader, side->items, &id, &value), "item");
        touch(&value);
        count++;
        code = mdb_cursor_get(index, &key, &id, MDB_NEXT);
    }
    mdb_cursor_close(index);
    mdb_txn_reset(side->reader);
    return count;
}

static size_t scan(void *opened)
{
    struct side *side = opened;
    MDB_cursor *items = NULL;
    MDB_val key;
    MDB_val value;
    size_t count = 0;
    need(mdb_txn_renew(side->reader), "renew");
    need(mdb_cursor_open(side->reader, side->items, &items), "cursor");
    while (mdb_cursor_get(items, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
        touch(&value);
        count++;
    }
    mdb_cursor_close(items);
    mdb_txn_reset(side->reader);
    return count;
}

static void close_side(void *opened)
{
    struct side *side = opened;
    mdb_txn_abort(side->reader);
    mdb_env_close(side->env);
    free(side);
}

const struct bench_side bench_hand_lmdb = BENCH_SIDE("hand");
