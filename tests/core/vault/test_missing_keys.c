/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consumers meet an event that they cannot decode because of a key: it does not
 * count against the event, whatever on_failure says (P4).  An event of a person
 * that was forgotten stops nothing.
 */
#include "core/consumer/model_fixture.h"

enum { EVENTS = 8, SEALED_BY_OTHER = 5, BEFORE = SEALED_BY_OTHER - 1 };

/* ------------------------------------------------------------ the provider */

static struct provider {
    uint8_t writes;   /* the number of the key that seals */
    int status;       /* of finding key 2; OK: it is there */
    bool has_subject; /* whether the person has its key */
} provider;

static int current(void *context, quipu_bytes subject, quipu_key *key,
                   quipu_error *error)
{
    (void)context;
    (void)error;
    memset(key, subject.data ? 3 : provider.writes, sizeof(*key));
    return QUIPU_OK;
}

static int find(void *context, quipu_bytes subject,
                const uint8_t id[QUIPU_KEY_ID_SIZE], quipu_key *key,
                quipu_error *error)
{
    int status = id[0] == 2 ? provider.status : QUIPU_OK;

    (void)context;
    if (subject.data && !provider.has_subject) {
        status = QUIPU_NOT_FOUND;
    }
    memset(key, id[0], sizeof(*key));
    return status == QUIPU_OK
               ? status
               : quipu_error_set(error, status, "the key is not there");
}

/* --------------------------------------------------------------- the store */

static quipu_error error;

/* Opens an empty log whose store seals. */
static void open_sealed(struct opened_log *log, char name[96])
{
    static const quipu_event_type *const types[] = { &credited };
    const quipu_keys keys = { .struct_size = sizeof(keys),
                              .current = current,
                              .find = find };
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .keys = &keys,
                                    .whole = true };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1,
                                    .sealing = &sealing };
    quipu_schema schema;

    provider = (struct provider){ .writes = 1, .has_subject = true };
    MODEL.prepare("missing", "durability=relaxed", name);
    open_log(log, name);
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    schema.time = "stored_at";
    assert_ok(quipu_store_close(log->store, &error), &error);
    assert_ok(quipu_store_open(log->datastore, &schema, &mapping, &log->store,
                               &error),
              &error);
    log->records = quipu_store_records(log->store);
}

/* Adds the events, of which one is sealed with the second key. */
static void add_sealed(struct opened_log *log)
{
    for (int id = 1; id <= EVENTS; id++) {
        provider.writes = id == SEALED_BY_OTHER ? 2 : 1;
        add_events(log, 1);
    }
}

/* Steps until the end of the log, or a failure, whose code is returned. */
static int step(quipu_projection *projection)
{
    bool caught_up = false;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && !caught_up) {
        status = quipu_projection_step(projection, &caught_up, &error);
    }
    return status;
}

static void assert_applied(const char *name, int64_t rows)
{
    struct model_counts counts = count_model(&MODEL, name, "applied@1", EVENTS);

    assert_exact(&counts);
    assert_int_equal(counts.rows, rows);
    assert_int_equal(counts.parked, 0);
}

/* The code of the provider, and what the consumer returns for it. */
static const struct {
    int given;
    int returned;
} cases[] = {
    { QUIPU_NOT_FOUND, QUIPU_DENIED },
    { QUIPU_DENIED, QUIPU_DENIED },
    { QUIPU_CONFLICT, QUIPU_CONFLICT },
    { QUIPU_UNSUPPORTED, QUIPU_UNSUPPORTED },
    { QUIPU_IO, QUIPU_IO },
    { QUIPU_BUSY, QUIPU_BUSY },
};

/* --------------------------------------------------------------- the tests */

static void check_projection(int given, int returned, int on_failure,
                             const quipu_group_options *group)
{
    struct applied applied = { .model = &MODEL };
    struct opened_log log;
    char name[96];

    open_sealed(&log, name);
    add_sealed(&log);
    quipu_projection *projection = open_applied(
        &log, &applied,
        (quipu_projection_options){
            .on_failure = on_failure, .attempts = 1, .group = group });

    provider.status = given;
    for (int i = 0; i < 2; i++) {
        assert_status(step(projection), returned);
        assert_non_null(strstr(error.message, "the key is not there"));
    }
    if (!group) {
        assert_int_equal(tracked(log.datastore, "applied@1"), BEFORE);
    }
    assert_int_equal(atomic_load(&applied.calls), BEFORE);
    provider.status = QUIPU_OK;
    assert_status(step(projection), QUIPU_OK);
    quipu_consumer_status progress = { .struct_size = sizeof(progress) };

    assert_ok(quipu_projection_status(projection, &progress, &error), &error);
    assert_int_equal(progress.skipped, 0);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_applied(name, EVENTS);
}

static void projection_waits_for_the_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        check_projection(cases[i].given, cases[i].returned, QUIPU_FAILURE_SKIP,
                         NULL);
    }
    for (int policy = QUIPU_FAILURE_STOP; policy < QUIPU_FAILURE_SKIP;
         policy++) {
        check_projection(QUIPU_NOT_FOUND, QUIPU_DENIED, policy, NULL);
    }
}

static void member_of_a_group_waits_for_the_key(void **state)
{
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 2 };

    (void)state;
    check_projection(QUIPU_NOT_FOUND, QUIPU_DENIED, QUIPU_FAILURE_SKIP, &group);
    check_projection(QUIPU_IO, QUIPU_IO, QUIPU_FAILURE_PARK, &group);
}

/* Waiting does not help. */
static void run_ends_without_the_key(void **state)
{
    struct applied applied = { .model = &MODEL };
    struct opened_log log;
    char name[96];

    (void)state;
    open_sealed(&log, name);
    add_sealed(&log);
    quipu_projection *projection =
        open_applied(&log, &applied,
                     (quipu_projection_options){
                         .on_failure = QUIPU_FAILURE_SKIP, .attempts = 1 });

    provider.status = QUIPU_NOT_FOUND;
    assert_refused(quipu_projection_run(projection, &error), QUIPU_DENIED,
                   &error, "the key is not there");
    assert_int_equal(tracked(log.datastore, "applied@1"), BEFORE);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    assert_applied(name, BEFORE);
}

/* An event that was parked stays so while its key is missing. */
static void parked_event_waits_for_the_key(void **state)
{
    struct applied applied = { .model = &MODEL,
                               .refused = SEALED_BY_OTHER,
                               .refusal = QUIPU_INVALID };
    struct opened_log log;
    int64_t left = -1;
    char name[96];

    (void)state;
    open_sealed(&log, name);
    add_sealed(&log);
    quipu_projection *projection =
        open_applied(&log, &applied,
                     (quipu_projection_options){
                         .on_failure = QUIPU_FAILURE_PARK, .attempts = 1 });

    assert_status(step(projection), QUIPU_OK);
    atomic_store(&applied.is_mended, true);
    provider.status = QUIPU_NOT_FOUND;
    assert_refused(quipu_projection_retry(projection, &left, &error),
                   QUIPU_DENIED, &error, "the key is not there");
    provider.status = QUIPU_OK;
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 0);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    struct model_counts counts = count_model(&MODEL, name, "applied@1", EVENTS);

    assert_int_equal(counts.rows, EVENTS);
    assert_int_equal(counts.missing + counts.twice + counts.parked, 0);
}

static int reactions_made;

static int react(quipu_unit *unit, void *context, const quipu_event *event,
                 quipu_error *cause)
{
    (void)unit;
    (void)context;
    (void)event;
    (void)cause;
    reactions_made++;
    return QUIPU_OK;
}

static void process_waits_for_the_key(void **state)
{
    static const quipu_reaction reactions[] = {
        { .event = &credited, .react = react }, { 0 }
    };
    static const quipu_process_type type = { .name = "reacting",
                                             .reactions = reactions };
    const quipu_process_options options = { .struct_size = sizeof(options),
                                            .on_failure = QUIPU_FAILURE_SKIP,
                                            .attempts = 1 };
    quipu_process *process = NULL;
    struct opened_log log;
    char name[96];

    (void)state;
    open_sealed(&log, name);
    add_sealed(&log);
    reactions_made = 0;
    assert_ok(quipu_process_open(log.store, &type, &options, &process, &error),
              &error);
    provider.status = QUIPU_NOT_FOUND;
    assert_refused(quipu_process_run(process, &error), QUIPU_DENIED, &error,
                   "the key is not there");
    assert_int_equal(tracked(log.datastore, "reacting"), BEFORE);
    assert_int_equal(reactions_made, BEFORE);
    provider.status = QUIPU_OK;
    for (bool caught_up = false; !caught_up;) {
        assert_ok(quipu_process_step(process, &caught_up, &error), &error);
    }
    assert_int_equal(tracked(log.datastore, "reacting"), EVENTS);
    assert_int_equal(reactions_made, EVENTS);
    assert_ok(quipu_process_close(process, &error), &error);
    close_log(&log);
}

/* The item that was yielded can be decoded later, and is not acknowledged. */
static void subscription_waits_for_the_key(void **state)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "reader" };
    quipu_subscription *subscription = NULL;
    const quipu_item *item = NULL;
    const quipu_event *event = NULL;
    struct opened_log log;
    char name[96];

    (void)state;
    open_sealed(&log, name);
    add_sealed(&log);
    assert_ok(quipu_subscription_open_events(log.store, &options, &subscription,
                                             &error),
              &error);
    for (int id = 1; id <= SEALED_BY_OTHER; id++) {
        assert_ok(quipu_subscription_next(subscription, &item, 0, &error),
                  &error);
        assert_int_equal(item->notification_id, id);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        provider.status = cases[i].given;
        assert_status(quipu_subscription_event(subscription, &event, &error),
                      cases[i].returned);
        assert_null(event);
    }
    provider.status = QUIPU_OK;
    assert_ok(quipu_subscription_event(subscription, &event, &error), &error);
    assert_int_equal(((const struct credited *)event)->cents, BEFORE);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    assert_true(tracked(log.datastore, "reader") < SEALED_BY_OTHER);
    close_log(&log);
}

/* Sends the states as they are stored. */
static int send(void *context, const quipu_item *items, size_t count,
                quipu_error *cause)
{
    (void)cause;
    for (size_t i = 0; i < count; i++) {
        assert_true(items[i].state.size > 0);
    }
    *(int64_t *)context += (int64_t)count;
    return QUIPU_OK;
}

static void outbox_needs_no_key(void **state)
{
    int64_t sent = 0;
    const quipu_outbox_options options = { .struct_size = sizeof(options),
                                           .context = &sent };
    quipu_outbox *outbox = NULL;
    struct opened_log log;
    char name[96];

    (void)state;
    open_sealed(&log, name);
    add_sealed(&log);
    provider.status = QUIPU_NOT_FOUND;
    assert_ok(
        quipu_outbox_open(log.records, "feed", send, &options, &outbox, &error),
        &error);
    for (bool caught_up = false; !caught_up;) {
        assert_ok(quipu_outbox_step(outbox, &caught_up, &error), &error);
    }
    assert_int_equal(sent, EVENTS);
    assert_ok(quipu_outbox_close(outbox, &error), &error);
    close_log(&log);
}

/* ----------------------------------------------------- a forgotten person */

struct named {
    quipu_event base;
    const char *name;
};

static const quipu_field named_fields[] = {
    QUIPU_FIELD_PERSONAL(struct named, name, base.originator_id, "(gone)"),
    { 0 },
};
static const quipu_event_type named = {
    .topic = "Named",
    .size = sizeof(struct named),
    .fields = named_fields,
};

/* The names that a reaction has seen, and the flags of the events. */
static char seen[64];

static int see(quipu_unit *unit, void *context, const quipu_event *event,
               quipu_error *cause)
{
    size_t used = strlen(seen);

    (void)unit;
    (void)context;
    (void)cause;
    (void)snprintf(seen + used, sizeof(seen) - used, "%s%s ",
                   ((const struct named *)event)->name,
                   event->flags & QUIPU_EVENT_FORGOTTEN ? "!" : "");
    return QUIPU_OK;
}

static void forgotten_person_stops_nothing(void **state)
{
    static const quipu_reaction reactions[] = {
        { .event = &named, .react = see }, { 0 }
    };
    static const quipu_event_type *const types[] = { &named };
    const quipu_keys keys = { .struct_size = sizeof(keys),
                              .current = current,
                              .find = find };
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .keys = &keys };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1,
                                    .sealing = &sealing };
    quipu_store *store = NULL;
    quipu_process *process = NULL;
    struct opened_log log;
    char name[96];

    (void)state;
    open_sealed(&log, name);
    assert_ok(quipu_store_open(log.datastore, quipu_records_schema(log.records),
                               &mapping, &store, &error),
              &error);
    for (int64_t i = 0; i < 3; i++) {
        struct named event = { .name = "Ann" };
        const quipu_event *const events[] = { &event.base };
        quipu_id id;

        assert_ok(quipu_id_of_text(&id, "ann", &error), &error);
        quipu_event_init(&event.base, &named, &id, i);
        assert_ok(quipu_store_append(store, events, 1, NULL, &error), &error);
    }
    for (int i = 0; i < 2; i++) {
        const quipu_process_type type = { .name = i == 0 ? "before" : "after",
                                          .reactions = reactions };

        assert_ok(quipu_process_open(store, &type, NULL, &process, &error),
                  &error);
        seen[0] = '\0';
        for (bool caught_up = false; !caught_up;) {
            assert_ok(quipu_process_step(process, &caught_up, &error), &error);
        }
        assert_string_equal(seen, i == 0 ? "Ann Ann Ann "
                                         : "(gone)! (gone)! (gone)! ");
        assert_int_equal(tracked(log.datastore, type.name), 3);
        assert_ok(quipu_process_close(process, &error), &error);
        provider.has_subject = false;
    }
    assert_ok(quipu_store_close(store, &error), &error);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(projection_waits_for_the_key),
        cmocka_unit_test(member_of_a_group_waits_for_the_key),
        cmocka_unit_test(run_ends_without_the_key),
        cmocka_unit_test(parked_event_waits_for_the_key),
        cmocka_unit_test(process_waits_for_the_key),
        cmocka_unit_test(subscription_waits_for_the_key),
        cmocka_unit_test(outbox_needs_no_key),
        cmocka_unit_test(forgotten_person_stops_nothing),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
