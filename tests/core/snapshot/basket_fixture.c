/* SPDX-License-Identifier: Apache-2.0 */
#include "basket_fixture.h"

#include <stdlib.h>

#include "records/append.h"

/* ----------------------------------------------------------------- events */

static const quipu_field put_fields[] = {
    QUIPU_FIELD(struct basket_put, sku),
    QUIPU_FIELD(struct basket_put, amount),
    QUIPU_FIELD(struct basket_put, weight),
    QUIPU_FIELD_OPTIONAL(struct basket_put, mark, has_mark),
    { 0 },
};
static const quipu_field noted_fields[] = {
    QUIPU_FIELD_NULLABLE(struct basket_noted, note),
    { 0 },
};
static const quipu_field discounted_fields[] = {
    QUIPU_FIELD_OPTIONAL(struct basket_discounted, discount, has_discount),
    { 0 },
};
static const quipu_field hidden_fields[] = {
    QUIPU_FIELD(struct basket_hidden, hidden),
    { 0 },
};

const quipu_event_type basket_put = {
    .topic = "Basket.Put",
    .size = sizeof(struct basket_put),
    .fields = put_fields,
};
const quipu_event_type basket_noted = {
    .topic = "Basket.Noted",
    .size = sizeof(struct basket_noted),
    .fields = noted_fields,
};
const quipu_event_type basket_discounted = {
    .topic = "Basket.Discounted",
    .size = sizeof(struct basket_discounted),
    .fields = discounted_fields,
};
const quipu_event_type basket_emptied = {
    .topic = "Basket.Emptied",
    .size = sizeof(struct basket_emptied),
};
const quipu_event_type basket_hidden = {
    .topic = "Basket.Hidden",
    .size = sizeof(struct basket_hidden),
    .fields = hidden_fields,
};
const quipu_event_type basket_dropped = {
    .topic = "Basket.Dropped",
    .size = sizeof(struct basket_dropped),
};

/* --------------------------------------------------------------- handlers */

static void touch(struct basket *basket, const quipu_event *event)
{
    basket->last_event = event->event_id;
    basket->last_time = event->time;
    basket->level++;
}

static int set_line(struct basket_line *line, const struct basket_put *put,
                    quipu_error *error)
{
    /* Every third line has no text, although its field may not be NULL. */
    int status =
        quipu_text_set(&line->sku, put->amount % 3 ? put->sku : NULL, error);

    line->amount = put->amount;
    return status == QUIPU_OK && put->has_mark
               ? quipu_bytes_set(&line->mark, put->mark, error)
               : status;
}

static int on_put(void *aggregate, const void *event, quipu_error *error)
{
    struct basket *basket = aggregate;
    const struct basket_put *put = event;
    struct basket_line *line = quipu_array_add(
        (void **)&basket->lines, &basket->line_count, sizeof(*line), error);
    int status = line ? set_line(line, put, error) : QUIPU_NO_MEMORY;

    if (status == QUIPU_OK) {
        status = set_line(&basket->first, put, error);
    }
    basket->total = basket->total % 1000003 * 3 + put->amount;
    basket->weight = basket->weight / 3 + put->weight;
    touch(basket, event);
    return status;
}

static int on_noted(void *aggregate, const void *event, quipu_error *error)
{
    struct basket *basket = aggregate;
    const struct basket_noted *noted = event;
    const char *note = noted->note ? noted->note : "\xff no UTF-8";

    touch(basket, event);
    return quipu_text_set(&basket->note, note, error);
}

/* An absent discount keeps its value, to which a later one is added. */
static int on_discounted(void *aggregate, const void *event, quipu_error *error)
{
    struct basket *basket = aggregate;
    const struct basket_discounted *discounted = event;
    const quipu_bytes tag = { "tag\0x", (size_t)basket->level % 6 };

    basket->has_discount = discounted->has_discount;
    if (discounted->has_discount) {
        basket->discount =
            (int16_t)((basket->discount + discounted->discount) % 1000);
    }
    touch(basket, event);
    return quipu_bytes_set(&basket->tag, tag, error);
}

static int on_emptied(void *aggregate, const void *event, quipu_error *error)
{
    struct basket *basket = aggregate;

    while (basket->line_count > 0) {
        struct basket_line *line = &basket->lines[--basket->line_count];

        (void)quipu_text_set(&line->sku, NULL, error);
        (void)quipu_bytes_set(&line->mark, (quipu_bytes){ NULL, 0 }, error);
    }
    touch(basket, event);
    return QUIPU_OK;
}

static int on_hidden(void *aggregate, const void *event, quipu_error *error)
{
    struct basket *basket = aggregate;
    const struct basket_hidden *hidden = event;
    (void)error;

    basket->hidden = hidden->hidden;
    touch(basket, event);
    return QUIPU_OK;
}

static const quipu_handler handlers[] = {
    { .event = &basket_put, .apply = on_put },
    { .event = &basket_noted, .apply = on_noted },
    { .event = &basket_discounted, .apply = on_discounted },
    { .event = &basket_emptied, .apply = on_emptied },
    { .event = &basket_hidden, .apply = on_hidden },
    { .event = &basket_dropped, .discards = true },
    { 0 },
};

/* ------------------------------------------------------------------ types */

static const quipu_field line_fields[] = {
    QUIPU_FIELD(struct basket_line, sku),
    QUIPU_FIELD(struct basket_line, amount),
    QUIPU_FIELD_NULLABLE(struct basket_line, mark),
    { 0 },
};

/* clang-format off */
#define SOME_FIELDS                                                           \
    QUIPU_FIELD(struct basket, note),                                         \
    QUIPU_FIELD_STRUCT_ARRAY(struct basket, lines, line_count, line_fields),  \
    QUIPU_FIELD(struct basket, total),                                        \
    QUIPU_FIELD(struct basket, weight),                                       \
    QUIPU_FIELD_OPTIONAL(struct basket, discount, has_discount),              \
    QUIPU_FIELD_NULLABLE(struct basket, tag),                                 \
    QUIPU_FIELD_STRUCT(struct basket, first, line_fields),                    \
    QUIPU_FIELD(struct basket, last_event),                                   \
    QUIPU_FIELD(struct basket, last_time),                                    \
    QUIPU_FIELD(struct basket, level)
/* clang-format on */

static const quipu_field fields[] = {
    SOME_FIELDS,
    QUIPU_FIELD(struct basket, hidden),
    { 0 },
};
static const quipu_field turned_fields[] = {
    QUIPU_FIELD(struct basket, hidden),
    SOME_FIELDS,
    { 0 },
};
static const quipu_field lacking_fields[] = { SOME_FIELDS, { 0 } };

const quipu_aggregate_type basket_type = {
    .name = "Basket",
    .size = sizeof(struct basket),
    .fields = fields,
    .handlers = handlers,
};
const quipu_aggregate_type basket_turned = {
    .name = "Basket",
    .size = sizeof(struct basket),
    .fields = turned_fields,
    .handlers = handlers,
};
const quipu_aggregate_type basket_lacking = {
    .name = "Basket",
    .size = sizeof(struct basket),
    .fields = lacking_fields,
    .handlers = handlers,
};

/* ------------------------------------------------------------------ stores */

static const quipu_event_type *const types[] = {
    &basket_put,     &basket_noted,  &basket_discounted,
    &basket_emptied, &basket_hidden, &basket_dropped,
};
static const quipu_mapping mapping = {
    .struct_size = sizeof(mapping),
    .types = types,
    .type_count = sizeof(types) / sizeof(*types),
};

void shop_open(struct shop *shop, const char *name)
{
    quipu_error error;
    char uri[128];

    memset(&interposed, 0, sizeof(interposed));
    (void)snprintf(uri, sizeof(uri), "interposed:%s%s", name ? "///" : "",
                   name ? name : "");
    quipu_schema_init(&shop->schema, sizeof(shop->schema),
                      quipu_schema_stored_events());
    shop->schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    shop->schema.time = "stored_at";
    assert_ok(quipu_datastore_open(uri, NULL, &shop->datastore, &error),
              &error);
    assert_ok(quipu_datastore_setup(shop->datastore, &shop->schema, &error),
              &error);
    assert_ok(quipu_store_open(shop->datastore, &shop->schema, &mapping,
                               &shop->store, &error),
              &error);
    shop->plain = shop_repository(shop, &basket_type, NULL, NULL);
}

void shop_close(struct shop *shop)
{
    quipu_error error;

    quipu_repository_close(shop->plain);
    assert_ok(quipu_store_close(shop->store, &error), &error);
    assert_ok(quipu_datastore_close(shop->datastore, &error), &error);
}

quipu_repository *shop_repository(struct shop *shop,
                                  const quipu_aggregate_type *type,
                                  const quipu_snapshot_policy *snapshots,
                                  const quipu_cache_policy *cache)
{
    quipu_repository *repository = NULL;
    quipu_error error;

    assert_ok(
        quipu_repository_open(shop->store, NULL, type, &repository, &error),
        &error);
    if (snapshots) {
        assert_ok(quipu_repository_use_snapshots(repository, snapshots, &error),
                  &error);
    }
    if (cache) {
        assert_ok(quipu_repository_use_cache(repository, cache, &error),
                  &error);
    }
    return repository;
}

/* ------------------------------------------------------------------ events */

union any_event {
    quipu_event base;
    struct basket_put put;
    struct basket_noted noted;
    struct basket_discounted discounted;
    struct basket_hidden hidden;
};

static void append_event(struct shop *shop, union any_event *event,
                         const quipu_event_type *type, const quipu_id *id,
                         int64_t version)
{
    const quipu_event *const events[] = { &event->base };
    quipu_error error;

    quipu_event_init(&event->base, type, id, version);
    assert_ok(quipu_store_append(shop->store, events, 1, NULL, &error), &error);
}

static uint32_t scramble(uint32_t seed)
{
    seed = (seed ^ seed >> 16) * 0x45d9f3bu;
    seed = (seed ^ seed >> 15) * 0x2c1b3c6du;
    return seed ^ seed >> 16;
}

static void append_one(struct shop *shop, const quipu_id *id, int64_t version,
                       uint32_t random)
{
    union any_event event = { .base = { .type = NULL } };
    uint32_t amount = random >> 8;
    char sku[24];

    switch (random % 16) {
    case 0:
        append_event(shop, &event, &basket_emptied, id, version);
        break;
    case 1:
    case 2:
        event.noted.note = amount % 2 ? "a note" : NULL;
        append_event(shop, &event, &basket_noted, id, version);
        break;
    case 3:
    case 4:
    case 5:
        event.discounted.has_discount = amount % 2;
        event.discounted.discount = (int16_t)(amount % 100);
        append_event(shop, &event, &basket_discounted, id, version);
        break;
    case 6:
        event.hidden.hidden = (uint8_t)(amount % 2);
        append_event(shop, &event, &basket_hidden, id, version);
        break;
    default:
        (void)snprintf(sku, sizeof(sku), "sku-%u", (unsigned)(amount % 1000));
        event.put.sku = sku;
        event.put.amount = (int32_t)(amount % 5000);
        event.put.weight = (double)amount / 7;
        event.put.has_mark = amount % 3;
        event.put.mark = (quipu_bytes){ sku, amount % 4 };
        append_event(shop, &event, &basket_put, id, version);
        break;
    }
}

void shop_append(struct shop *shop, const quipu_id *id, int64_t from,
                 int64_t count, uint32_t seed)
{
    for (int64_t i = 0; i < count; i++) {
        append_one(shop, id, from + i,
                   scramble(seed * 1000003u + (uint32_t)(from + i)));
    }
}

void shop_hide(struct shop *shop, const quipu_id *id, int64_t version,
               uint8_t hidden)
{
    union any_event event = { .hidden = { .hidden = hidden } };

    append_event(shop, &event, &basket_hidden, id, version);
}

void shop_drop(struct shop *shop, const quipu_id *id, int64_t version)
{
    union any_event event = { .base = { .type = NULL } };

    append_event(shop, &event, &basket_dropped, id, version);
}

int64_t shop_erase(struct shop *shop, const quipu_id *id, int64_t from,
                   int64_t to)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .sequence_id = quipu_id_bytes(id),
                                    .lower = from,
                                    .upper = to };
    quipu_error error;
    int64_t erased = -1;

    assert_ok(quipu_records_erase(quipu_store_records(shop->store), &erasure,
                                  &erased, &error),
              &error);
    return erased;
}

bool shop_can(const struct shop *shop, uint32_t capability)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_error error;

    assert_ok(quipu_datastore_describe(shop->datastore, &info, &error), &error);
    return info.capabilities & capability;
}

/* --------------------------------------------------------------- comparing */

static void print_bytes(FILE *to, const char *name, quipu_bytes bytes)
{
    (void)fprintf(to, " %s=", name);
    if (!bytes.data) {
        (void)fprintf(to, "absent");
    }
    for (size_t i = 0; i < bytes.size; i++) {
        (void)fprintf(to, "%02x", ((const unsigned char *)bytes.data)[i]);
    }
}

static void print_line(FILE *to, const struct basket_line *line)
{
    print_bytes(to, "sku", quipu_bytes_of_text(line->sku));
    (void)fprintf(to, " amount=%d", (int)line->amount);
    print_bytes(to, "mark", line->mark);
}

char *basket_text(const struct basket *basket)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    assert_non_null(to);
    (void)fprintf(to,
                  "version=%lld discarded=%d stale=%d total=%lld "
                  "weight=%a discount=%d,%d level=%d hidden=%d time=%lld",
                  (long long)basket->base.version, basket->base.discarded,
                  basket->base.stale, (long long)basket->total, basket->weight,
                  basket->has_discount, basket->discount, basket->level,
                  basket->hidden, (long long)basket->last_time.microseconds);
    print_bytes(to, "event",
                (quipu_bytes){ basket->last_event.bytes,
                               sizeof(basket->last_event.bytes) });
    print_bytes(to, "note", quipu_bytes_of_text(basket->note));
    print_bytes(to, "tag", basket->tag);
    print_line(to, &basket->first);
    for (size_t i = 0; i < basket->line_count; i++) {
        print_line(to, &basket->lines[i]);
    }
    assert_int_equal(fclose(to), 0);
    return text;
}

static struct basket *get(quipu_repository *repository, const quipu_id *id,
                          int64_t version, quipu_error *error)
{
    error->code = QUIPU_OK;
    return version == -2
               ? quipu_repository_get(repository, id, error)
               : quipu_repository_get_at(repository, id, version, error);
}

void assert_same(quipu_repository *expected, quipu_repository *actual,
                 const quipu_id *id, int64_t version)
{
    quipu_error first;
    quipu_error second;
    struct basket *a = get(expected, id, version, &first);
    struct basket *b = get(actual, id, version, &second);

    assert_int_equal(first.code, second.code);
    if (!a) {
        assert_null(b);
        assert_string_equal(first.message, second.message);
        return;
    }
    assert_non_null(b);
    char *a_text = basket_text(a);
    char *b_text = basket_text(b);

    assert_string_equal(a_text, b_text);
    free(a_text);
    free(b_text);
    quipu_aggregate_destroy(a);
    quipu_aggregate_destroy(b);
}

quipu_repository_counts counts_of(const quipu_repository *repository)
{
    quipu_repository_counts counts = { .struct_size = sizeof(counts) };
    quipu_error error;

    assert_ok(quipu_repository_count(repository, &counts, &error), &error);
    return counts;
}

/* --------------------------------------------------------------- snapshots */

/* Calls the function for each snapshot until it returns true. */
static int visit_snapshots(quipu_datastore *datastore, int number,
                           quipu_entry *copy, char *key, char *value)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    quipu_error error;
    int count = 0;

    assert_ok(quipu_entries_open(datastore,
                                 quipu_bytes_of_text("quipu/snapshot/"),
                                 &entries, &error),
              &error);
    do {
        assert_ok(quipu_entries_next(entries, &entry, &error), &error);
        if (entry && count == number) {
            memcpy(key, entry->key.data, entry->key.size);
            memcpy(value, entry->value.data, entry->value.size);
            *copy = (quipu_entry){ .key = { key, entry->key.size },
                                   .value = { value, entry->value.size } };
        }
        count += entry != NULL;
    } while (entry);
    quipu_entries_close(entries);
    return count;
}

int count_snapshots(quipu_datastore *datastore)
{
    return visit_snapshots(datastore, -1, NULL, NULL, NULL);
}

bool damage_snapshot(quipu_datastore *datastore, int number, size_t bit)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = datastore,
                                            .is_internal = true,
                                            .work = &none };
    static char value[1 << 20];
    char key[QUIPU_KEY_MAX];
    quipu_entry entry = { .key = { NULL, 0 } };
    quipu_error error;

    (void)visit_snapshots(datastore, number, &entry, key, value);
    if (!entry.key.data) {
        return false;
    }
    bit %= entry.value.size * 8;
    value[bit / 8] = (char)(value[bit / 8] ^ 1 << bit % 8);
    const quipu_entry_write write = { .key = entry.key, .value = entry.value };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    assert_ok(quipu_append_execute(&call, &append, NULL, &error), &error);
    return true;
}
