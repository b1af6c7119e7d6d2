/* SPDX-License-Identifier: Apache-2.0 */
/* Tests casts, aliases of topics and fields, and retired topics in a mapper
 * (Y1, Y2). */
#include <quipu/declare.h>
#include <quipu/evolve.h>

#include "harness.h"

/* Version 1 had "amount", a real; version 2 had "cents"; version 3 has the
 * currency, too, and its order of changes shows in `trace`. */
static char trace[64];

static void note(const char *step)
{
    strncat(trace, step, sizeof(trace) - strlen(trace) - 1);
}

static int to_cents(quipu_rewrite *members, quipu_error *error)
{
    double amount = 0;

    note("1");
    if (!quipu_rewrite_real(members, "amount", &amount)) {
        return quipu_error_set(error, QUIPU_INVALID, "there is no amount");
    }
    quipu_rewrite_set_int(members, "cents", (int64_t)(amount * 100));
    quipu_rewrite_remove(members, "amount");
    return QUIPU_OK;
}

/* Doubles the cents, so that running it twice shows. */
static int to_currency(quipu_rewrite *members, quipu_error *error)
{
    int64_t cents = 0;

    (void)error;
    note("2");
    if (quipu_rewrite_int(members, "cents", &cents)) {
        quipu_rewrite_set_int(members, "cents", cents * 2);
    }
    quipu_rewrite_set_text(members, "currency", quipu_bytes_of_text("EUR"));
    return QUIPU_OK;
}

static const char *const earlier_topics[] = { "Konto.Eingezahlt", "Deposit",
                                              NULL };
/* Not in their order. */
static const quipu_cast casts[] = { { .from = 2, .cast = to_currency },
                                    { .from = 1, .cast = to_cents },
                                    { 0 } };
static const quipu_event_traits deposited_traits = {
    .struct_size = sizeof(deposited_traits),
    .version = 3,
    .casts = casts,
    .aliases = earlier_topics,
};

QUIPU_EVENT(deposited, "Account.Deposited", QUIPU_VALUE(int64_t, cents),
            QUIPU_VALUE(const char *, currency), QUIPU_DEFAULT(int64_t, fee, 7),
            QUIPU_ALIAS(fee, "charge"), QUIPU_ALIAS(fee, "toll"),
            QUIPU_NULLABLE(const char *, note), QUIPU_TRAITS(deposited_traits));

static const char *const retired[] = { "Account.Weighed", "Old.Thing", NULL };
static const quipu_event_type *const types[] = { &deposited };

static quipu_mapping mapping_of(void)
{
    quipu_mapping mapping = harness_mapping(types);

    mapping.retired = retired;
    return mapping;
}

static int set_up(void **state)
{
    static struct harness harness;
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = mapping_of();

    harness_open(&harness, &schema, &mapping);
    trace[0] = '\0';
    *state = &harness;
    return 0;
}

static int tear_down(void **state)
{
    harness_close(*state);
    return 0;
}

static quipu_item item_of(const char *topic, const void *bytes, size_t size)
{
    return (quipu_item){ .sequence_id = { "0123456789abcdef", 16 },
                         .position = 4,
                         .topic = quipu_bytes_of_text(topic),
                         .state = { bytes, size } };
}

#define ITEM(topic, literal) item_of(topic, literal, sizeof(literal) - 1)
#define AMOUNT \
    "\xA6"     \
    "amount\xCB\x3F\xF8\0\0\0\0\0\0" /* 1.5 */

/* ------------------------------------------------------------------ casts */

static void casts_run_in_order_each_once(void **state)
{
    const quipu_item first = ITEM("Account.Deposited", "\x81" AMOUNT);
    const quipu_item second = ITEM("Account.Deposited", "\xC1\1\x81\2\2\x81\xA5"
                                                        "cents\x05");
    const struct deposited *event = harness_decode(*state, &first);

    assert_string_equal(trace, "12");
    assert_int_equal(event->cents, 300);
    assert_string_equal(event->currency, "EUR");
    assert_int_equal(event->fee, 7);
    event = harness_decode(*state, &second);
    assert_string_equal(trace, "122");
    assert_int_equal(event->cents, 10);
}

static void events_are_stored_with_their_version(void **state)
{
    struct deposited event = { .cents = 1, .currency = "CHF", .fee = 2 };
    const quipu_item *item;
    quipu_state parts;
    quipu_error error;

    event.base.type = &deposited;
    event.base.originator_id = (quipu_id){ 16, "0123456789abcdef" };
    item = harness_encode(*state, &event.base);
    assert_bytes(item->topic.data, item->topic.size, "Account.Deposited", 17);
    assert_ok(quipu_state_split(item->state, &parts, &error), &error);
    assert_int_equal(parts.version, 3);
    assert_int_equal(
        ((const struct deposited *)harness_decode(*state, item))->cents, 1);
    assert_string_equal(trace, "");
}

static void newer_versions_are_unsupported(void **state)
{
    const quipu_item item = ITEM("Deposit", "\xC1\1\x81\2\4\x81\xA5"
                                            "cents\x05");

    harness_reject(*state, &item, QUIPU_UNSUPPORTED,
                   "event Deposit of sequence "
                   "30313233-3435-3637-3839-616263646566 at position 4: it is "
                   "of version 4, and its event type in this program is of "
                   "version 3; read it with a program that knows version 4");
    assert_string_equal(trace, "");
}

static void failures_of_casts_name_item_and_version(void **state)
{
    const quipu_item item = ITEM("Account.Deposited", "\x80");
    const quipu_item no_map = ITEM("Account.Deposited", "\x90");
    const quipu_item more = ITEM("Account.Deposited", "\x80\x80");
    const quipu_item cut = ITEM("Account.Deposited", "\x81\xA1"
                                                     "a");
    const quipu_item key = ITEM("Account.Deposited", "\x81\1\1");
    const quipu_item twice = ITEM("Account.Deposited", "\x82" AMOUNT "\xA6"
                                                       "amount\1");

    harness_reject(*state, &item, QUIPU_CORRUPT,
                   "event Account.Deposited of sequence "
                   "30313233-3435-3637-3839-616263646566 at position 4: the "
                   "cast from version 1: there is no amount");
    assert_string_equal(trace, "1");
    harness_reject(*state, &no_map, QUIPU_CORRUPT, "is not a map");
    harness_reject(*state, &more, QUIPU_CORRUPT, "has bytes after its map");
    harness_reject(*state, &cut, QUIPU_CORRUPT, "is truncated");
    harness_reject(*state, &key, QUIPU_CORRUPT, "has a key that is not text");
    harness_reject(*state, &twice, QUIPU_CORRUPT, "amount occurs twice");
}

/* --------------------------------------------------------- fields, topics */

static void fields_are_found_by_their_earlier_names(void **state)
{
#define REST       \
    "\xA5"         \
    "cents\5\xA8"  \
    "currency\xA3" \
    "CHF"
    const quipu_item first =
        ITEM("Account.Deposited", "\xC1\1\x81\2\3\x83" REST "\xA6"
                                  "charge\2");
    const quipu_item second = ITEM("Account.Deposited", "\xC1\1\x81\2\3\x84\xA4"
                                                        "toll\3\xA4"
                                                        "note\xA1n" REST);
    const quipu_item both =
        ITEM("Account.Deposited", "\xC1\1\x81\2\3\x84" REST "\xA4"
                                  "toll\3\xA3"
                                  "fee\3");
    const struct deposited *event = harness_decode(*state, &first);

    assert_int_equal(event->fee, 2);
    assert_null(event->note);
    event = harness_decode(*state, &second);
    assert_int_equal(event->fee, 3);
    assert_string_equal(event->note, "n");
    assert_string_equal(event->currency, "CHF");
    harness_reject(*state, &both, QUIPU_CORRUPT, "field fee occurs twice");
}

static void aliases_are_topics_of_their_type(void **state)
{
    struct harness *harness = *state;
    const quipu_item first = ITEM("Konto.Eingezahlt", "\x81" AMOUNT);
    const quipu_item second = ITEM("Deposit", "\xC1\1\x81\2\2\x81\xA5"
                                              "cents\x05");
    const quipu_event *event = harness_decode(harness, &first);

    assert_ptr_equal(event->type, &deposited);
    event = harness_decode(harness, &second);
    assert_ptr_equal(event->type, &deposited);
    assert_ptr_equal(quipu_mapper_type(harness->mapper, "Deposit"), &deposited);
    assert_ptr_equal(quipu_mapper_type(harness->mapper, "Account.Deposited"),
                     &deposited);
    assert_null(quipu_mapper_type(harness->mapper, "Deposi"));
}

static void retired_topics_have_no_event(void **state)
{
    struct harness *harness = *state;
    const quipu_item item = ITEM("Old.Thing", "\x81" AMOUNT);
    const quipu_item unknown = ITEM("New.Thing", "\x80");

    harness_reject(harness, &item, QUIPU_NOT_FOUND, "its topic is retired");
    harness_reject(harness, &unknown, QUIPU_NOT_FOUND, "no event type");
    assert_null(quipu_mapper_type(harness->mapper, "Old.Thing"));
    assert_true(quipu_mapper_is_retired(harness->mapper, "Account.Weighed"));
    assert_true(quipu_mapper_is_retired(harness->mapper, "Old.Thing"));
    assert_false(quipu_mapper_is_retired(harness->mapper, "Deposit"));
    assert_false(quipu_mapper_is_retired(harness->mapper, "New.Thing"));
    assert_false(quipu_mapper_is_retired(harness->mapper, NULL));
}

/* -------------------------------------------------------------- bad input */

static void refuse(const quipu_event_type *type, const char *const *topics,
                   const char *why)
{
    const quipu_event_type *const two[] = { &deposited, type };
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(two);
    quipu_mapper *mapper = NULL;
    quipu_error error;

    mapping.type_count = type ? 2 : 1;
    mapping.retired = topics;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, why);
    assert_null(mapper);
}

static void refuse_traits(quipu_event_traits traits, const char *why)
{
    const quipu_event_type type = { .topic = "Other",
                                    .size = sizeof(quipu_event),
                                    .traits = &traits };

    if (traits.struct_size == 0) {
        traits.struct_size = sizeof(traits);
    }
    refuse(&type, NULL, why);
}

#define CASTS(...) ((const quipu_cast[]){ __VA_ARGS__, { 0 } })
#define TOPICS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void wrong_casts_are_invalid(void **state)
{
    const quipu_cast one = { .from = 1, .cast = to_cents };
    const quipu_cast two = { .from = 2, .cast = to_cents };
    const quipu_cast three = { .from = 3, .cast = to_cents };
    quipu_cast odd = one;

    (void)state;
    refuse_traits((quipu_event_traits){ .version = 2 },
                  "event type Other: the cast from version 1 is missing");
    refuse_traits(
        (quipu_event_traits){ .version = 4, .casts = CASTS(one, three) },
        "the cast from version 2 is missing");
    refuse_traits(
        (quipu_event_traits){ .version = 3, .casts = CASTS(two, one, two) },
        "the cast from version 2 occurs twice");
    refuse_traits(
        (quipu_event_traits){ .version = 2, .casts = CASTS(one, two) },
        "the cast from version 2 leads to no version");
    refuse_traits((quipu_event_traits){ .casts = CASTS(one) },
                  "the cast from version 1 leads to no version");
    odd.from = 0;
    refuse_traits((quipu_event_traits){ .version = 2, .casts = CASTS(odd) },
                  "the cast from version 0 leads to no version");
    odd = (quipu_cast){ .from = 1 };
    refuse_traits((quipu_event_traits){ .version = 2, .casts = CASTS(odd) },
                  "the cast from version 1 has no function");
    odd = one;
    odd.reserved2[1] = 1;
    refuse_traits((quipu_event_traits){ .version = 2, .casts = CASTS(odd) },
                  "reserved");
    refuse_traits((quipu_event_traits){ .struct_size = 3 }, "struct_size 3");
}

static void wrong_topics_are_invalid(void **state)
{
    const quipu_event_type other = { .topic = "Deposit",
                                     .size = sizeof(quipu_event) };

    (void)state;
    refuse(&other, NULL,
           "the alias Deposit of event type Account.Deposited is the topic of "
           "Deposit as well");
    refuse_traits((quipu_event_traits){ .aliases = TOPICS("A", "Deposit") },
                  "the alias Deposit of event type Other is an alias of "
                  "Account.Deposited as well");
    refuse_traits((quipu_event_traits){ .aliases = TOPICS("Other") },
                  "event type Other has its own topic as an alias");
    refuse_traits((quipu_event_traits){ .aliases = TOPICS("A", "B", "A") },
                  "event type Other has the alias A twice");
    refuse_traits((quipu_event_traits){ .aliases = TOPICS("") }, "no topic");
    refuse_traits((quipu_event_traits){ .aliases = TOPICS("\xFF") }, "UTF-8");
    refuse(NULL, TOPICS("A", "Deposit"),
           "the retired topic Deposit is an alias of Account.Deposited");
    refuse(NULL, TOPICS("Account.Deposited"),
           "the retired topic Account.Deposited is the topic of "
           "Account.Deposited");
    refuse(NULL, TOPICS("A", "A"), "the retired topic A is retired as well");
    refuse(NULL, TOPICS(""), "mapping.retired has no topic");
}

static void wrong_field_aliases_are_invalid(void **state)
{
    const quipu_field value = { .name = "value",
                                .kind = QUIPU_KIND_INT,
                                .offset = offsetof(struct deposited, cents),
                                .size = 8 };
    const quipu_field alias = { .name = "amount",
                                .kind = QUIPU_KIND_ALIAS,
                                .offset = value.offset };
    quipu_field fields[4] = { alias, value, { 0 } };
    const quipu_event_type type = { .topic = "Other",
                                    .size = sizeof(struct deposited),
                                    .fields = fields };

    (void)state;
    refuse(&type, NULL, "field amount is an alias, and must follow");
    fields[0] = value;
    fields[1] = alias;
    fields[1].offset += 8;
    refuse(&type, NULL, "field amount is an alias, and must follow");
    fields[1] = alias;
    fields[1].flags = QUIPU_FIELD_MAY_BE_NULL;
    refuse(&type, NULL, "field amount is an alias, and can have no flag");
    fields[1] = alias;
    fields[1].size = 8;
    refuse(&type, NULL, "a size that its kind cannot have");
    fields[1] = alias;
    fields[1].name = "value";
    refuse(&type, NULL, "field value occurs twice");
    fields[1] = alias;
    fields[0].kind = QUIPU_KIND_IGNORED;
    refuse(&type, NULL, "which must be stored");
}

int main(void)
{
#define WITH_MAPPER(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_MAPPER(casts_run_in_order_each_once),
        WITH_MAPPER(events_are_stored_with_their_version),
        WITH_MAPPER(newer_versions_are_unsupported),
        WITH_MAPPER(failures_of_casts_name_item_and_version),
        WITH_MAPPER(fields_are_found_by_their_earlier_names),
        WITH_MAPPER(aliases_are_topics_of_their_type),
        WITH_MAPPER(retired_topics_have_no_event),
        cmocka_unit_test(wrong_casts_are_invalid),
        cmocka_unit_test(wrong_topics_are_invalid),
        cmocka_unit_test(wrong_field_aliases_are_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
