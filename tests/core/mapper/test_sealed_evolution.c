/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of an earlier release that are sealed as a whole, or have personal
 * members, or both: the next release reads them by its casts and aliases, and
 * so it reads those of persons that were forgotten (X5, Y1).
 */
#include <quipu/declare.h>
#include <quipu/evolve.h>

#include "harness.h"
#include "sealing/codec.h"

/* ---------------------------------------------------------------- provider */

static bool is_forgotten;

static int current(void *context, quipu_bytes subject, quipu_key *key,
                   quipu_error *error)
{
    (void)context;
    (void)error;
    memset(key, subject.data ? 1 : 2, sizeof(*key));
    return QUIPU_OK;
}

static int find(void *context, quipu_bytes subject, const uint8_t id[16],
                quipu_key *key, quipu_error *error)
{
    (void)id;
    return subject.data && is_forgotten
               ? quipu_error_set(error, QUIPU_NOT_FOUND, "it was forgotten")
               : current(context, subject, key, error);
}

static const quipu_keys keys = { .struct_size = sizeof(keys),
                                 .current = current,
                                 .find = find };

/* ------------------------------------------------------- the first release */

QUIPU_EVENT(billed, "Patient.Billed", QUIPU_VALUE(double, amount),
            QUIPU_PERSONAL(const char *, name, base.originator_id, "(gone)"),
            QUIPU_PERSONAL(const char *, street, base.originator_id, "(gone)"));

/* -------------------------------------------------------- the next release */

/* The name that the cast has seen last, or "missing". */
static char seen[64];

static int to_cents(quipu_rewrite *members, quipu_error *error)
{
    double amount = 0;
    quipu_bytes name = { "missing", 7 };

    (void)error;
    (void)quipu_rewrite_real(members, "amount", &amount);
    (void)quipu_rewrite_text(members, "name", &name);
    (void)snprintf(seen, sizeof(seen), "%.*s", (int)name.size,
                   (const char *)name.data);
    quipu_rewrite_set_int(members, "cents", (int64_t)(amount * 100));
    quipu_rewrite_remove(members, "amount");
    return QUIPU_OK;
}

static const char *const earlier_topics[] = { "Patient.Billed", NULL };
static const quipu_cast casts[] = { { .from = 1, .cast = to_cents }, { 0 } };
static const quipu_event_traits charged_traits = {
    .struct_size = sizeof(charged_traits),
    .version = 2,
    .casts = casts,
    .aliases = earlier_topics,
};

/* The personal member "name" has got another name. */
QUIPU_EVENT(charged, "Patient.Charged", QUIPU_VALUE(int64_t, cents),
            QUIPU_PERSONAL(const char *, full_name, base.originator_id,
                           "(nobody)"),
            QUIPU_ALIAS(full_name, "name"),
            QUIPU_PERSONAL(const char *, street, base.originator_id, "(gone)"),
            QUIPU_TRAITS(charged_traits));

/* ------------------------------------------------------------------- tests */

static void open_release(struct harness *harness, const quipu_event_type *type,
                         bool whole, uint64_t compress_above)
{
    static const quipu_event_type *types[1];
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping;
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .keys = &keys,
                                    .whole = whole,
                                    .compress_above = compress_above };

    types[0] = type;
    mapping = harness_mapping(types);
    mapping.sealing = &sealing;
    harness_open(harness, &schema, &mapping);
}

/* Writes by the first release, and reads by the next one. */
static void check(bool whole, uint64_t compress_above)
{
    struct harness first;
    struct harness next;
    struct billed event = { .amount = 12.5,
                            .name = "Ann Lee",
                            .street = "Long Long Long Long Long Long Street" };
    quipu_id id = { .size = 16 };

    open_release(&first, &billed, whole, compress_above);
    open_release(&next, &charged, whole, 0);
    memset(id.data, 'A', 16);
    quipu_event_init(&event.base, &billed, &id, 3);
    const quipu_item *item = harness_encode(&first, &event.base);

    for (int i = 0; i < 2; i++) {
        is_forgotten = i == 1;
        const struct charged *got = harness_decode(&next, item);

        assert_ptr_equal(got->base.type, &charged);
        assert_int_equal(got->cents, 1250);
        assert_string_equal(got->full_name, i == 0 ? "Ann Lee" : "(nobody)");
        assert_string_equal(got->street, i == 0 ? event.street : "(gone)");
        assert_string_equal(seen, i == 0 ? "Ann Lee" : "missing");
        assert_int_equal(got->base.flags & QUIPU_EVENT_FORGOTTEN,
                         i == 0 ? 0 : QUIPU_EVENT_FORGOTTEN);
    }
    is_forgotten = false;
    harness_close(&next);
    harness_close(&first);
}

static void personal_members_are_cast_and_renamed(void **state)
{
    (void)state;
    check(false, 0);
}

static void sealed_states_are_cast(void **state)
{
    (void)state;
    check(true, 0);
    if (quipu_codec_is_available()) {
        check(true, 16);
        check(false, 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(personal_members_are_cast_and_renamed),
        cmocka_unit_test(sealed_states_are_cast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
