/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads share a mapper, and with it the cache of ciphers and the contexts of
 * zstd: they seal and open events of more keys than the cache has room for,
 * while another thread rotates the key of the store.
 */
#include "quipu_test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <quipu/quipu.h>

#include "sealing/codec.h"

enum { THREADS = 6, ROUNDS = 300, SUBJECTS = 100 };

struct noted {
    quipu_event base;
    const char *text;
    const char *name;
};

static const quipu_field fields[] = {
    QUIPU_FIELD(struct noted, text),
    QUIPU_FIELD_PERSONAL(struct noted, name, base.originator_id, "(gone)"),
    { 0 },
};
static const quipu_event_type noted = {
    .topic = "Noted",
    .size = sizeof(struct noted),
    .fields = fields,
};

static const char text[] = "a text that is long enough to be compressed, that "
                           "is long enough to be compressed";

/* ------------------------------------------------------------ the provider */

static atomic_uint newest; /* number of the store's key */

/* A key has its number, and whether it is that of a subject, in its id. */
static void make_key(uint32_t number, bool is_subject, quipu_key *key)
{
    memset(key, 0, sizeof(*key));
    memcpy(key->id, &number, sizeof(number));
    key->id[8] = is_subject;
    memset(key->secret, (int)(number % 251) + 1, sizeof(key->secret));
    key->secret[0] = is_subject;
}

static int current(void *context, quipu_bytes subject, quipu_key *key,
                   quipu_error *error)
{
    uint32_t number = atomic_load(&newest);

    (void)context;
    (void)error;
    if (subject.data) {
        memcpy(&number, subject.data, sizeof(number));
    }
    make_key(number, subject.data != NULL, key);
    return QUIPU_OK;
}

static int find(void *context, quipu_bytes subject,
                const uint8_t id[QUIPU_KEY_ID_SIZE], quipu_key *key,
                quipu_error *error)
{
    uint32_t number;

    (void)context;
    (void)error;
    memcpy(&number, id, sizeof(number));
    make_key(number, subject.data != NULL, key);
    return QUIPU_OK;
}

/* ------------------------------------------------------------- the threads */

struct worker {
    pthread_t thread;
    const quipu_mapper *mapper;
    uint32_t number;
    int done; /* rounds that succeeded */
};

static bool round_trip(const struct worker *worker, quipu_items *items,
                       uint32_t round)
{
    const uint32_t subject[4] = { (worker->number + round) % SUBJECTS, 0, 0,
                                  1 };
    struct noted event = { .text = text, .name = "Ann" };
    quipu_event *opened = NULL;
    quipu_uuid uuid;
    quipu_id id;
    size_t count;

    memcpy(&uuid, subject, sizeof(uuid));
    quipu_id_of_uuid(&id, &uuid);
    quipu_event_init(&event.base, &noted, &id, round);
    quipu_items_clear(items);
    if (quipu_items_add(items, &event.base, NULL) != QUIPU_OK ||
        quipu_mapper_event(worker->mapper, quipu_items_array(items, &count),
                           &opened, NULL) != QUIPU_OK) {
        return false;
    }
    const struct noted *got = (const void *)opened;
    bool is_equal = strcmp(got->text, text) == 0 &&
                    strcmp(got->name, "Ann") == 0 &&
                    opened->originator_version == round;

    quipu_event_destroy(opened);
    return is_equal;
}

static void *seal_and_open(void *context)
{
    struct worker *worker = context;
    quipu_items *items = NULL;

    if (quipu_items_create(worker->mapper, &items, NULL) != QUIPU_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < ROUNDS; i++) {
        worker->done += round_trip(worker, items, i);
    }
    quipu_items_destroy(items);
    return NULL;
}

static atomic_bool is_over;

static void *rotate(void *context)
{
    while (!atomic_load(&is_over)) {
        atomic_fetch_add(&newest, 1);
    }
    return context;
}

static void threads_seal_open_and_rotate(void **state)
{
    static const quipu_event_type *const types[] = { &noted };
    const quipu_keys keys = { .struct_size = sizeof(keys),
                              .current = current,
                              .find = find };
    const quipu_sealing sealing = {
        .struct_size = sizeof(sealing),
        .keys = &keys,
        .whole = true,
        .compress_above = quipu_codec_is_available() ? 16 : 0,
    };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1,
                                    .sealing = &sealing };
    struct worker workers[THREADS] = { { 0 } };
    quipu_mapper *mapper = NULL;
    pthread_t rotating;
    quipu_error error;

    (void)state;
    assert_ok(quipu_mapper_open(quipu_schema_stored_events(), &mapping, &mapper,
                                &error),
              &error);
    assert_int_equal(pthread_create(&rotating, NULL, rotate, NULL), 0);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .mapper = mapper, .number = i * 17 };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, seal_and_open,
                                        &workers[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    atomic_store(&is_over, true);
    (void)pthread_join(rotating, NULL);
    quipu_mapper_close(mapper);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].done, ROUNDS);
    }
    assert_true(atomic_load(&newest) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_seal_open_and_rotate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
