/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures what compression and encryption of states cost:
 *
 *   sealing.append.1, sealing.append.100
 *                   appends of 1 or 100 events, durability=full
 *   sealing.scan    reading of the whole log
 *
 * in six variants of one mapping, which take turns.  "mapper" in the place of
 * the driver stands for the conversion of the events alone, without a store.
 */
#include "benchmark.h"
#include "fail.h"
#include "figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zdict.h>

#define EVENTS 10000         /* of the log that is read */
#define SEQUENCE_LENGTH 10   /* events of a sequence, and so of a subject */
#define CONTENTS 1000        /* events with different members */
#define COMPRESS_ABOVE 64    /* bytes; all states are larger */
#define DICTIONARY_SIZE 8192 /* bytes */

static quipu_error error;

static void check(int status, const char *what)
{
    bench_fail_on_error(status, &error, what);
}

/* --------------------------------------------------------------- the events */

struct ordered {
    quipu_event base;
    const char *name;
    const char *address;
    const char *product;
    const char *remark;
    int64_t quantity;
    int64_t cents;
};

#define REST                                                                   \
    QUIPU_FIELD(struct ordered, product), QUIPU_FIELD(struct ordered, remark), \
        QUIPU_FIELD(struct ordered, quantity),                                 \
        QUIPU_FIELD(struct ordered, cents)

static const quipu_field plain_fields[] = {
    QUIPU_FIELD(struct ordered, name),
    QUIPU_FIELD(struct ordered, address),
    REST,
    { 0 },
};
static const quipu_field personal_fields[] = {
    QUIPU_FIELD_PERSONAL(struct ordered, name, base.originator_id, "(gone)"),
    QUIPU_FIELD_PERSONAL(struct ordered, address, base.originator_id, "(gone)"),
    REST,
    { 0 },
};
static const quipu_event_type plain_type = {
    .topic = "Shop.Ordered",
    .size = sizeof(struct ordered),
    .fields = plain_fields,
};
static const quipu_event_type personal_type = {
    .topic = "Shop.Ordered",
    .size = sizeof(struct ordered),
    .fields = personal_fields,
};

/* Events of which only the base has to be set; their states have about 200
 * bytes. */
static struct ordered contents[CONTENTS];

static void make_contents(void)
{
    static char texts[CONTENTS][3][80];

    for (size_t i = 0; i < CONTENTS; i++) {
        (void)snprintf(texts[i][0], sizeof(texts[i][0]),
                       "Customer No. %zu of Townsville", i * 7919 % CONTENTS);
        (void)snprintf(texts[i][1], sizeof(texts[i][1]),
                       "%zu Long Street, %05zu Townsville", i % 90,
                       i * 104729 % 90000);
        (void)snprintf(texts[i][2], sizeof(texts[i][2]),
                       "to be delivered on day %zu, before noon if possible",
                       i % 365);
        contents[i] = (struct ordered){
            .name = texts[i][0],
            .address = texts[i][1],
            .product = i % 3 == 0 ? "a chair of oak" : "a table of beech",
            .remark = texts[i][2],
            .quantity = (int64_t)(1 + i % 12),
            .cents = (int64_t)(i * 31 % 100000),
        };
    }
}

/* ----------------------------------------------------------------- the keys */

/* The key of the store, and without a vault that of a subject. */
static int give_key(quipu_bytes subject, quipu_key *key)
{
    memset(key, 7, sizeof(*key));
    if (subject.data) {
        memcpy(key->id, subject.data, sizeof(key->id));
    }
    return QUIPU_OK;
}

static int current_key(void *context, quipu_bytes subject, quipu_key *key,
                       quipu_error *cause)
{
    (void)context;
    (void)cause;
    return give_key(subject, key);
}

static int find_key(void *context, quipu_bytes subject,
                    const uint8_t id[QUIPU_KEY_ID_SIZE], quipu_key *key,
                    quipu_error *cause)
{
    (void)context;
    (void)id;
    (void)cause;
    return give_key(subject, key);
}

static const quipu_keys keys_in_memory = { .struct_size =
                                               sizeof(keys_in_memory),
                                           .current = current_key,
                                           .find = find_key };

/* ------------------------------------------------------------- the variants */

enum kind { PLAIN, COMPRESSED, DICTIONARY, SEALED, BOTH, PERSONAL, KINDS };

static quipu_bytes dictionary; /* made of the contents */

/* The events of a variant; `store` is NULL for the mapper alone. */
struct sealed {
    quipu_sealing sealing;
    const quipu_event_type *type;
    quipu_datastore *datastore;
    quipu_store *store;
    struct bench_store vault_store; /* PERSONAL in a store */
    quipu_datastore *vault_datastore;
    quipu_vault *vault;
    quipu_mapper *mapper;
    quipu_items *items;
    struct ordered events[MEASURE_BATCH_MAX];
    const quipu_event *pointers[MEASURE_BATCH_MAX];
};

static void set_sealing(struct sealed *sealed, enum kind kind)
{
    const bool compresses =
        kind == COMPRESSED || kind == DICTIONARY || kind == BOTH;

    sealed->sealing = (quipu_sealing){
        .struct_size = sizeof(sealed->sealing),
        .keys = kind >= SEALED ? &keys_in_memory : NULL,
        .whole = kind == SEALED || kind == BOTH,
        .compress_above = compresses ? COMPRESS_ABOVE : 0,
        .dictionaries = &dictionary,
        .dictionary_count = kind == DICTIONARY || kind == BOTH ? 1 : 0,
    };
    sealed->type = kind == PERSONAL ? &personal_type : &plain_type;
}

/* Opens a vault in a store of its own, as docs/forgetting.md recommends. */
static void open_vault(struct sealed *sealed, const struct bench_store *store)
{
    static const quipu_key master = { .id = "master", .secret = "key" };
    quipu_vault_options options = { .struct_size = sizeof(options),
                                    .masters = &master,
                                    .master_count = 1 };

    bench_store_init(&sealed->vault_store, store->driver, store->workspace,
                     "vault");
    sealed->vault_datastore = bench_store_open(&sealed->vault_store);
    options.datastore = sealed->vault_datastore;
    check(quipu_vault_open(&options, &sealed->vault, &error), "vault");
    sealed->sealing.keys = quipu_vault_keys(sealed->vault);
}

static struct sealed *open_kind(const struct bench_store *store, enum kind kind)
{
    struct sealed *sealed = bench_allocate(sizeof(*sealed));
    const quipu_schema *schema = quipu_schema_stored_events();

    set_sealing(sealed, kind);
    if (kind == PERSONAL && store && store->driver->uri) {
        open_vault(sealed, store);
    }
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = &sealed->type,
                                    .type_count = 1,
                                    .sealing = &sealed->sealing };

    if (store && store->driver->uri) {
        sealed->datastore = bench_store_open(store);
        check(quipu_store_open(sealed->datastore, schema, &mapping,
                               &sealed->store, &error),
              "open");
    } else {
        check(quipu_mapper_open(schema, &mapping, &sealed->mapper, &error),
              "open");
        check(quipu_items_create(sealed->mapper, &sealed->items, &error),
              "open");
    }
    return sealed;
}

static void close_sealed(void *opened)
{
    struct sealed *sealed = opened;

    quipu_items_destroy(sealed->items);
    quipu_mapper_close(sealed->mapper);
    check(quipu_store_close(sealed->store, &error), "close");
    check(quipu_datastore_close(sealed->datastore, &error), "close");
    quipu_vault_close(sealed->vault);
    if (sealed->vault_datastore) {
        check(quipu_datastore_close(sealed->vault_datastore, &error), "close");
        sealed->vault_store.driver->remove(&sealed->vault_store);
    }
    free(sealed);
}

/* Appends the events from the n-th on. */
static void append(struct sealed *sealed, size_t n, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ordered *event = &sealed->events[i];
        const quipu_uuid sequence =
            measure_workload_sequence((n + i) / SEQUENCE_LENGTH);
        quipu_id id;

        *event = contents[(n + i) % CONTENTS];
        quipu_id_of_uuid(&id, &sequence);
        quipu_event_init(&event->base, sealed->type, &id,
                         (int64_t)((n + i) % SEQUENCE_LENGTH));
        event->base.time = (quipu_time){ 0 };
        sealed->pointers[i] = &event->base;
        if (!sealed->store) {
            check(quipu_items_add(sealed->items, &event->base, &error), "add");
        }
    }
    if (sealed->store) {
        check(quipu_store_append(sealed->store, sealed->pointers, count, NULL,
                                 &error),
              "append");
    }
}

static void touch(const quipu_event *event)
{
    const struct ordered *ordered = (const void *)event;

    measure_workload_touch(ordered->name, strlen(ordered->name));
    measure_workload_touch(ordered->remark, strlen(ordered->remark));
}

/* Converts the items that were kept.  Returns their number. */
static size_t scan_items(const struct sealed *sealed)
{
    size_t count = 0;
    const quipu_item *items = quipu_items_array(sealed->items, &count);

    for (size_t i = 0; i < count; i++) {
        quipu_event *event = NULL;

        check(quipu_mapper_event(sealed->mapper, &items[i], &event, &error),
              "event");
        touch(event);
        quipu_event_destroy(event);
    }
    return count;
}

static size_t scan_store(const struct sealed *sealed)
{
    quipu_events *events = NULL;
    const quipu_event *event = NULL;
    size_t count = 0;

    check(quipu_store_read_log(sealed->store, NULL, &events, &error), "scan");
    check(quipu_events_next(events, &event, &error), "next");
    while (event) {
        touch(event);
        count++;
        check(quipu_events_next(events, &event, &error), "next");
    }
    quipu_events_close(events);
    return count;
}

/* --------------------------------------------------------------- measuring */

static size_t run_append(const struct benchmark *benchmark,
                         const struct bench_variant *variant, void *opened,
                         size_t n)
{
    struct sealed *sealed = opened;

    (void)variant;
    if (!sealed->store) {
        quipu_items_clear(sealed->items);
    }
    append(sealed, n * benchmark->batch, benchmark->batch);
    return benchmark->batch;
}

static void prepare_scan(const struct benchmark *benchmark,
                         const struct bench_variant *variant, void *opened)
{
    (void)variant;
    for (size_t n = 0; n < EVENTS; n += benchmark->batch) {
        append(opened, n, benchmark->batch);
    }
}

static size_t run_scan(const struct benchmark *benchmark,
                       const struct bench_variant *variant, void *opened,
                       size_t n)
{
    const struct sealed *sealed = opened;
    size_t count = sealed->store ? scan_store(sealed) : scan_items(sealed);

    (void)benchmark;
    (void)n;
    if (count != EVENTS) {
        bench_fail(variant->name, "the log has a wrong number of events");
    }
    return count;
}

static const struct benchmark benchmarks[] = {
    { .name = "sealing.append.1",
      .run = run_append,
      .batch = 1,
      .repetitions = 1 },
    { .name = "sealing.append.100",
      .run = run_append,
      .batch = 100,
      .repetitions = 1 },
    { .name = "sealing.scan",
      .prepare = prepare_scan,
      .run = run_scan,
      .batch = 1000,
      .repetitions = 1,
      .relaxed = true },
};

#define OPEN(kind)                                            \
    static void *open_##kind(const struct bench_store *store) \
    {                                                         \
        return open_kind(store, kind);                        \
    }
OPEN(PLAIN)
OPEN(COMPRESSED)
OPEN(DICTIONARY)
OPEN(SEALED)
OPEN(BOTH)
OPEN(PERSONAL)

#undef OPEN

static const struct bench_variant variants[KINDS] = {
    { .name = "plain", .open = open_PLAIN, .close = close_sealed },
    { .name = "compressed", .open = open_COMPRESSED, .close = close_sealed },
    { .name = "dictionary", .open = open_DICTIONARY, .close = close_sealed },
    { .name = "sealed", .open = open_SEALED, .close = close_sealed },
    { .name = "both", .open = open_BOTH, .close = close_sealed },
    { .name = "personal", .open = open_PERSONAL, .close = close_sealed },
};

/* Trains the dictionary with the states of the contents. */
static void train(void)
{
    static uint8_t bytes[DICTIONARY_SIZE];
    static uint8_t samples[CONTENTS * 512];
    static size_t sizes[CONTENTS];
    struct sealed *sealed = open_kind(NULL, PLAIN);
    size_t used = 0;
    size_t count = 0;

    append(sealed, 0, CONTENTS);
    const quipu_item *items = quipu_items_array(sealed->items, &count);

    for (size_t i = 0; i < count; i++) {
        sizes[i] = items[i].state.size;
        memcpy(samples + used, items[i].state.data, sizes[i]);
        used += sizes[i];
    }
    dictionary =
        (quipu_bytes){ bytes,
                       ZDICT_trainFromBuffer(bytes, sizeof(bytes), samples,
                                             sizes, (unsigned)count) };
    if (ZDICT_isError(dictionary.size)) {
        bench_fail("dictionary", "it cannot be trained");
    }
    close_sealed(sealed);
}

/* Reports the time of an event, and its ratio to that of a plain one. */
static void report(const struct bench_driver *driver, const char *name,
                   double (*rates)[MEASURE_ROUNDS_MAX], size_t rounds)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < rounds; i++) {
            rates[kind][i] = 1e9 / rates[kind][i];
        }
    }
    for (size_t kind = 1; kind < KINDS; kind++) {
        char suffix[32];

        (void)snprintf(suffix, sizeof(suffix), ".%s", variants[kind].name);
        const struct bench_figure figure = { .driver = driver->name,
                                             .name = name,
                                             .suffix = suffix,
                                             .unit = "ns/event" };

        bench_figure_report_rounds(figure, rates[kind], rates[PLAIN], rounds);
    }
}

static void measure(const struct benchmark *benchmark,
                    const struct bench_driver *driver,
                    const struct bench_workspace *workspace, size_t rounds)
{
    double rates[KINDS][MEASURE_ROUNDS_MAX];
    struct bench_variants measured = { .count = KINDS, .rates = rates };

    for (size_t kind = 0; kind < KINDS; kind++) {
        measured.list[kind] = &variants[kind];
    }
    bench_comparison_measure(benchmark, driver, workspace, &measured, rounds);
    report(driver, benchmark->name, rates, rounds);
}

const char *const bench_sealing_names[] = { "sealing.append.1",
                                            "sealing.append.100",
                                            "sealing.scan", NULL };

void bench_sealing_run(const struct benchmark_selection *selection,
                       const struct bench_driver *driver,
                       const struct bench_workspace *workspace, size_t rounds)
{
    for (size_t i = 0; bench_sealing_names[i]; i++) {
        if (!benchmark_selected(selection, driver->name,
                                bench_sealing_names[i])) {
            continue;
        }
        if (!dictionary.data) {
            make_contents();
            train();
        }
        measure(&benchmarks[i], driver, workspace, rounds);
    }
}

static void remove_nothing(const struct bench_store *store)
{
    (void)store;
}

const struct bench_driver bench_mapper = { .name = "mapper",
                                           .remove = remove_nothing };
