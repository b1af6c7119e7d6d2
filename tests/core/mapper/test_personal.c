/* SPDX-License-Identifier: Apache-2.0 */
/* Tests personal members: that they open to what they were (X1), open nowhere
 * else (X2), are the same each time (X3), and take the values for forgotten
 * subjects if, and only if, the provider says that (X4, X5). */
#include "harness.h"

#include <quipu/declare.h>
#include <quipu/id.h>
#include <quipu/state.h>

/* ---------------------------------------------------------------- provider */

/* Keys of subjects: each is made of its subject's first byte. */
struct provider {
    const char *forgotten; /* first bytes of the subjects that are */
    int status;            /* not OK: the answer to each call */
    int version;           /* of the newest keys */
    int calls;
};

static void make_key(quipu_bytes subject, int version, quipu_key *key)
{
    memset(key, 0, sizeof(*key));
    key->id[0] = (uint8_t)version;
    memcpy(key->id + 1, subject.data, subject.size < 8 ? subject.size : 8);
    memset(key->secret, version + 1, sizeof(key->secret));
    memcpy(key->secret, key->id, sizeof(key->id));
}

static bool is_forgotten(const struct provider *provider, quipu_bytes subject)
{
    char first = *(const char *)subject.data;

    return provider->forgotten && first && strchr(provider->forgotten, first);
}

static int answer(int status, quipu_error *error)
{
    error->code = status;
    (void)snprintf(error->message, sizeof(error->message), "because of that");
    return status;
}

static int current(void *context, quipu_bytes subject, quipu_key *key,
                   quipu_error *error)
{
    struct provider *provider = context;

    provider->calls++;
    if (provider->status != QUIPU_OK) {
        return answer(provider->status, error);
    }
    if (!subject.data) {
        subject = quipu_bytes_of_text("store");
    }
    if (is_forgotten(provider, subject)) {
        return answer(QUIPU_DENIED, error);
    }
    make_key(subject, provider->version, key);
    return QUIPU_OK;
}

static int find(void *context, quipu_bytes subject, const uint8_t id[16],
                quipu_key *key, quipu_error *error)
{
    struct provider *provider = context;

    provider->calls++;
    if (provider->status != QUIPU_OK) {
        return answer(provider->status, error);
    }
    if (!subject.data) {
        subject = quipu_bytes_of_text("store");
    }
    if (subject.size == 0) {
        return answer(QUIPU_INVALID, error);
    }
    if (is_forgotten(provider, subject)) {
        return answer(QUIPU_NOT_FOUND, error);
    }
    make_key(subject, id[0], key);
    return memcmp(key->id, id, sizeof(key->id)) == 0
               ? QUIPU_OK
               : answer(QUIPU_CONFLICT, error);
}

static struct provider provider;
static const quipu_keys keys = { .struct_size = sizeof(keys),
                                 .current = current,
                                 .find = find,
                                 .context = &provider };

/* ----------------------------------------------------------------- events */

QUIPU_NESTED(place, QUIPU_DEFAULT(const char *, town, "nowhere"),
             QUIPU_NULLABLE(const char *, street));
QUIPU_EVENT(visited, "Visited", QUIPU_VALUE(quipu_id, who),
            QUIPU_VALUE(quipu_uuid, doctor), QUIPU_VALUE(const char *, ward),
            QUIPU_PERSONAL(const char *, name, who, "(gone)"),
            QUIPU_PERSONAL_OPTIONAL(int64_t, age, has_age, who),
            QUIPU_PERSONAL_NULLABLE(const char *, note, who),
            QUIPU_PERSONAL_ARRAY(int32_t, values, count, who),
            QUIPU_PERSONAL_FIXED_TEXT(code, 8, ward, "-"),
            QUIPU_PERSONAL_STRUCT(struct place, home, place_fields, who),
            QUIPU_PERSONAL(const char *, doctor_name, doctor, "(doctor)"),
            QUIPU_PERSONAL(double, weight, base.originator_id, -1.0));

QUIPU_EVENT(noted, "Noted", QUIPU_VALUE(quipu_id, who),
            QUIPU_PERSONAL(const char *, note, who, "(gone)"));

static const quipu_event_type *const types[] = { &visited, &noted };

static int32_t some_values[] = { 400000001, 400000002 };

static void fill(struct visited *event)
{
    quipu_id id = { .size = 16 };

    memset(id.data, 'A', 16);
    memset(event, 0, sizeof(*event));
    quipu_event_init(&event->base, &visited, &id, 3);
    memset(&event->base.event_id, 0x22, sizeof(event->base.event_id));
    assert_ok(quipu_id_of_text(&event->who, "bob", NULL), NULL);
    memset(&event->doctor, 'D', sizeof(event->doctor));
    event->ward = "ward";
    event->name = "Robert Tables";
    event->has_age = true;
    event->age = 0x1122334455667788;
    event->note = "a secret note";
    event->values = some_values;
    event->count = 2;
    (void)snprintf(event->code, sizeof(event->code), "C-12345");
    event->home = (struct place){ .town = "Ourtown", .street = "Main Street" };
    event->doctor_name = "Dr. Who-Not";
    event->weight = 81.25;
}

static quipu_schema schema_with_event_id(void)
{
    quipu_schema schema = harness_schema();

    schema.event_id = "event_id";
    return schema;
}

static quipu_sealing sealing;

static void open_harness(struct harness *harness, const quipu_schema *schema)
{
    quipu_mapping mapping = harness_mapping(types);

    mapping.type_count = 2;
    provider = (struct provider){ .status = QUIPU_OK };
    mapping.sealing = &sealing;
    sealing.struct_size = sizeof(sealing);
    sealing.keys = &keys;
    harness_open(harness, schema, &mapping);
}

/* The secret members are as they were. */
static bool has_personal(const struct visited *event)
{
    return strcmp(event->name, "Robert Tables") == 0 && event->has_age &&
           event->age == 0x1122334455667788 && event->note &&
           strcmp(event->note, "a secret note") == 0 && event->count == 2 &&
           memcmp(event->values, some_values, sizeof(some_values)) == 0 &&
           strcmp(event->code, "C-12345") == 0 &&
           strcmp(event->home.town, "Ourtown") == 0 &&
           strcmp(event->home.street, "Main Street") == 0 &&
           strcmp(event->doctor_name, "Dr. Who-Not") == 0 &&
           event->weight == 81.25;
}

static bool has_clear_words(quipu_bytes state)
{
    static const char *const words[] = { "Robert",          "secret", "C-123",
                                         "Ourtown",         "Street", "Who-Not",
                                         "\x11\x22\x33\x44" };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (memmem(state.data, state.size, words[i], strlen(words[i]))) {
            return true;
        }
    }
    return false;
}

/* Most tests have an event with all members, and a mapper. */
static struct harness harness;
static struct visited event;

static int set_up(void **state)
{
    const quipu_schema schema = schema_with_event_id();

    (void)state;
    open_harness(&harness, &schema);
    fill(&event);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    harness_close(&harness);
    return 0;
}

/* ------------------------------------------------------------------ tests */

static void personal_members_open_as_they_were(void **state)
{
    const quipu_schema schemas[] = { harness_schema(), schema_with_event_id() };
    quipu_error error;
    char first[1024];

    (void)state;
    for (int i = 0; i < 6; i++) {
        sealing = (quipu_sealing){ .whole = i / 2 == 1,
                                   .compress_above = i / 2 == 2 };
        open_harness(&harness, &schemas[i % 2]);
        fill(&event);
        const quipu_item *item = harness_encode(&harness, &event.base);
        const size_t size = item->state.size;

        assert_true(size < sizeof(first));
        memcpy(first, item->state.data, size);
        assert_false(has_clear_words(item->state));
        assert_ok(quipu_state_check(item->state, &error), &error);
        const struct visited *read = harness_decode(&harness, item);

        assert_true(has_personal(read));
        assert_string_equal(read->ward, "ward");
        assert_int_equal(read->base.flags, 0);
        quipu_items_clear(harness.items);
        item = harness_encode(&harness, &event.base);
        assert_bytes(item->state.data, item->state.size, first, size);
        harness_close(&harness);
    }
    sealing = (quipu_sealing){ .whole = false };
}

static void a_key_is_asked_for_once_for_members_of_one_subject(void **state)
{
    (void)state;
    harness_encode(&harness, &event.base);
    assert_int_equal(provider.calls, 5); /* who, ward, who, doctor, itself */
}

static void forgotten_members_take_their_values(void **state)
{
    quipu_event *copy = NULL;
    quipu_error error;

    (void)state;
    const quipu_item *item = harness_encode(&harness, &event.base);

    provider.forgotten = "b"; /* bob */
    const struct visited *read = harness_decode(&harness, item);

    assert_int_equal(read->base.flags, QUIPU_EVENT_FORGOTTEN);
    assert_string_equal(read->name, "(gone)");
    assert_false(read->has_age);
    assert_null(read->note);
    assert_int_equal(read->count, 0);
    assert_null(read->values);
    assert_string_equal(read->home.town, "nowhere");
    assert_null(read->home.street);
    assert_string_equal(read->code, "C-12345"); /* of the ward */
    assert_string_equal(read->doctor_name, "Dr. Who-Not");
    assert_true(read->weight == 81.25);
    assert_string_equal(read->ward, "ward");
    assert_true(quipu_id_equal(&read->who, &event.who));
    assert_ok(quipu_event_copy(&read->base, &copy, &error), &error);
    assert_int_equal(copy->flags, QUIPU_EVENT_FORGOTTEN);
    quipu_event_destroy(copy);

    provider.forgotten = "bwDA"; /* all subjects */
    read = harness_decode(&harness, item);
    assert_string_equal(read->code, "-");
    assert_string_equal(read->doctor_name, "(doctor)");
    assert_true(read->weight == -1.0);
    assert_refused(quipu_items_add(harness.items, &event.base, &error),
                   QUIPU_DENIED, &error,
                   "its personal members cannot be sealed: because of that");
}

static void nothing_but_the_provider_says_forgotten(void **state)
{
    static const int codes[] = { QUIPU_IO, QUIPU_DENIED, QUIPU_CORRUPT,
                                 QUIPU_CONFLICT, QUIPU_BUSY };

    (void)state;
    const quipu_item *item = harness_encode(&harness, &event.base);

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        provider.status = codes[i];
        harness_reject(&harness, item, codes[i],
                       "its personal members cannot be opened: because");
    }
}

/* With every subject but bob's doctor known; returns whether the members were
 * opened.  A change of what is in clear may be read. */
static bool opens(struct harness *opened, const quipu_item *item)
{
    quipu_event *found = NULL;
    quipu_error error;
    int status = quipu_mapper_event(opened->mapper, item, &found, &error);
    bool is_open = status == QUIPU_OK;

    if (is_open) {
        assert_int_equal(found->flags, 0);
        assert_true(has_personal((const void *)found));
    } else {
        assert_true(status == QUIPU_CORRUPT || status == QUIPU_CONFLICT ||
                    status == QUIPU_UNSUPPORTED || status == QUIPU_INVALID);
    }
    quipu_event_destroy(found);
    return is_open;
}

static void changed_member_is_corrupt(void **state)
{
    unsigned char changed[1024];
    size_t opened = 0, bits = 0;

    (void)state;
    event.base.time.microseconds = 0; /* nothing is in clear but "ward" */
    quipu_item item = *harness_encode(&harness, &event.base);
    const char *original = item.state.data;

    for (; bits < item.state.size * 8; bits++) {
        quipu_item other = item;

        memcpy(changed, original, item.state.size);
        changed[bits / 8] ^= (unsigned char)(1U << bits % 8);
        other.state.data = changed;
        opened += opens(&harness, &other);
    }
    print_message("%zu of %zu changes are of nothing sealed\n", opened, bits);
    assert_int_equal(opened, 0);
}

static void member_of_another_place_is_corrupt(void **state)
{
    uint8_t id[16];

    (void)state;
    quipu_item item = *harness_encode(&harness, &event.base);
    quipu_item other = item;

    assert_true(opens(&harness, &item));
    other.position++;
    assert_false(opens(&harness, &other));
    other = item;
    memset(id, 'B', sizeof(id));
    other.sequence_id = (quipu_bytes){ id, sizeof(id) };
    assert_false(opens(&harness, &other));
    other = item;
    other.event_id = (quipu_bytes){ id, sizeof(id) };
    assert_false(opens(&harness, &other));

    /* Two texts of one size change places within their state. */
    char changed[1024];

    quipu_items_clear(harness.items);
    event.name = "Robert Tables";
    event.note = "another notes";
    item = *harness_encode(&harness, &event.base);
    memcpy(changed, item.state.data, item.state.size);
    other = item;
    other.state.data = changed;
    const quipu_bytes whole = { changed, item.state.size };
    char *name = memmem(whole.data, whole.size, "\xA4name\xC7", 6);
    char *note = NULL;

    assert_non_null(name);
    note = memmem(name, (size_t)(changed + item.state.size - name),
                  "\xA4note\xC7", 6);
    assert_non_null(note);
    const size_t size = 2 + 1 + 16 + 12 + 14 + 16;
    char held[80];

    memcpy(held, name + 6, size);
    memcpy(name + 6, note + 6, size);
    memcpy(note + 6, held, size);
    assert_false(opens(&harness, &other));
}

/* The subject is not the sequence, so that only the binding can tell. */
static void member_of_another_sequence_is_corrupt(void **state)
{
    const quipu_schema schema = schema_with_event_id();
    struct noted said;
    quipu_id id = { .size = 16 };

    (void)state;
    open_harness(&harness, &schema);
    memset(&said, 0, sizeof(said));
    quipu_event_init(&said.base, &noted, &id, 3);
    assert_ok(quipu_id_of_text(&said.who, "bob", NULL), NULL);
    said.note = "a secret note";
    quipu_item item = *harness_encode(&harness, &said.base);
    quipu_id other = id;

    other.data[15] = 1;
    const struct noted *read = harness_decode(&harness, &item);

    assert_string_equal(read->note, "a secret note");
    item.sequence_id = quipu_id_bytes(&other);
    harness_reject(&harness, &item, QUIPU_CORRUPT, "is that of another event");
    harness_close(&harness);
}

/* Somebody who can write to the store can exchange a subject that is in clear
 * (docs/forgetting.md). */
static void clear_subject_can_be_exchanged(void **state)
{
    struct noted said = { .note = "a secret note" };
    quipu_id id = { .size = 16 };
    char changed[256];

    (void)state;
    quipu_event_init(&said.base, &noted, &id, 3);
    assert_ok(quipu_id_of_text(&said.who, "bob", NULL), NULL);
    quipu_item item = *harness_encode(&harness, &said.base);

    assert_true(item.state.size <= sizeof(changed));
    memcpy(changed, item.state.data, item.state.size);
    char *who = memmem(changed, item.state.size, "bob", 3);

    assert_non_null(who);
    *who = 'c';
    item.state.data = changed;
    harness_reject(&harness, &item, QUIPU_CONFLICT, "because of that");
    provider.forgotten = "c";
    const struct noted *read = harness_decode(&harness, &item);

    assert_string_equal(read->note, "(gone)");
    assert_int_equal(read->base.flags, QUIPU_EVENT_FORGOTTEN);
}

static void state_at_the_next_position_opens_at_any(void **state)
{
    size_t count = 0;

    (void)state;
    assert_ok(quipu_items_add_next(harness.items, &event.base, NULL), NULL);
    quipu_item *item = quipu_items_array(harness.items, &count);

    item->position = 3;
    assert_true(opens(&harness, item));
    item->position = 4;
    assert_true(opens(&harness, item));
}

static void rotated_keys_open(void **state)
{
    (void)state;
    quipu_item item = *harness_encode(&harness, &event.base);

    provider.version++;
    assert_true(opens(&harness, &item));
}

static void members_without_a_value_are_not_sealed(void **state)
{
    (void)state;
    event.note = NULL;
    event.has_age = false;
    const quipu_item *item = harness_encode(&harness, &event.base);

    assert_null(memmem(item->state.data, item->state.size, "note", 4));
    const struct visited *read = harness_decode(&harness, item);

    assert_null(read->note);
    assert_false(read->has_age);
    assert_int_equal(read->base.flags, 0);
    quipu_items_clear(harness.items);
    event.who.size = 0;
    harness_refuse(&harness, &event.base,
                   "field name is personal, but its subject is empty");
}

static void mapping_without_keys_reads_no_personal_member(void **state)
{
    QUIPU_EVENT(read_only, "Visited", QUIPU_VALUE(const char *, ward));
    static const quipu_event_type *const reader_types[] = { &read_only };
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(reader_types);
    struct harness reader;

    (void)state;
    open_harness(&harness, &schema);
    harness_open(&reader, &schema, &mapping);
    fill(&event);
    const quipu_item *item = harness_encode(&harness, &event.base);

    harness_reject(&reader, item, QUIPU_DENIED, "no keys");
    harness_close(&reader);
    harness_close(&harness);
}

static void refuse_open(const quipu_schema *schema,
                        const quipu_mapping *mapping, const char *why)
{
    quipu_mapper *mapper = NULL;
    quipu_error error;

    assert_refused(quipu_mapper_open(schema, mapping, &mapper, &error),
                   QUIPU_INVALID, &error, why);
}

static void personal_members_in_clear_are_refused(void **state)
{
    const quipu_column column = { .name = "name", .kind = QUIPU_VALUE_TEXT };
    quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(types);

    (void)state;
    refuse_open(&schema, &mapping,
                "name of event type Visited is personal, and the mapping has "
                "no keys");
    sealing = (quipu_sealing){ .struct_size = sizeof(sealing), .keys = &keys };
    mapping.sealing = &sealing;
    mapping.position = "age";
    refuse_open(&schema, &mapping,
                "age of event type Visited is personal, and "
                "cannot be the position");
    mapping.position = NULL;
    mapping.sequence_id = "name";
    refuse_open(&schema, &mapping,
                "name of event type Visited is personal, "
                "and cannot be the sequence id");
    mapping.sequence_id = NULL;
    schema.columns = &column;
    schema.column_count = 1;
    refuse_open(&schema, &mapping,
                "name of event type Visited is personal, "
                "and cannot go into a column");
}

int main(void)
{
#define WITH_EVENT(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(personal_members_open_as_they_were),
        WITH_EVENT(a_key_is_asked_for_once_for_members_of_one_subject),
        WITH_EVENT(forgotten_members_take_their_values),
        WITH_EVENT(nothing_but_the_provider_says_forgotten),
        WITH_EVENT(changed_member_is_corrupt),
        WITH_EVENT(member_of_another_place_is_corrupt),
        cmocka_unit_test(member_of_another_sequence_is_corrupt),
        WITH_EVENT(clear_subject_can_be_exchanged),
        WITH_EVENT(state_at_the_next_position_opens_at_any),
        WITH_EVENT(rotated_keys_open),
        WITH_EVENT(members_without_a_value_are_not_sealed),
        cmocka_unit_test(mapping_without_keys_reads_no_personal_member),
        cmocka_unit_test(personal_members_in_clear_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
