/* SPDX-License-Identifier: Apache-2.0 */
/* Recording, and the identity of sequences and items. */
#include "quipu_test.h"

#include "history_fixture.h"

#include "history/record.h"
#include "program/program.h"
#include "workload/identity.h"

#include <quipu/conformance.h>
#include <stdio.h>
#include <sys/stat.h>

static quipu_bytes bytes_of(const quipu_id *id)
{
    return (quipu_bytes){ id->data, id->size };
}

static void sequence_is_recognised_by_its_id(void **state)
{
    const struct quipu_identity_sequence labels[] = { { 'h', 0, 0 },
                                                      { 'h', 7, 0 },
                                                      { 'n', 3, 4000000000u } };

    (void)state;
    for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
        for (int text = 0; text < 2; text++) {
            quipu_id id = quipu_identity_sequence_id(labels[i], text);

            assert_true(text || id.size == 16);
            assert_string_equal(
                quipu_identity_read_sequence(bytes_of(&id), text).text,
                quipu_identity_sequence_name(labels[i]).text);
        }
    }
    assert_string_equal(quipu_identity_sequence_name(labels[2]).text,
                        "n3.4000000000");
}

static void foreign_sequence_id_is_not_recognised(void **state)
{
    quipu_id id = quipu_identity_sequence_id(
        (struct quipu_identity_sequence){ 'h', 1, 0 }, false);

    (void)state;
    id.data[9] ^= 1;
    assert_int_equal(quipu_identity_read_sequence(bytes_of(&id), false).text[0],
                     '?');
    assert_string_equal(
        quipu_identity_read_sequence((quipu_bytes){ "x y", 3 }, true).text,
        "?782079");
}

static void item_is_recognised_by_event_id_or_state(void **state)
{
    struct quipu_history_origin origin = { 3, 4000000000u, 7 };
    quipu_uuid event = quipu_identity_event_id(origin);
    size_t size = quipu_identity_state_size(origin);
    char *bytes = malloc(size);
    quipu_item item = { .state = { bytes, size } };

    (void)state;
    assert_non_null(bytes);
    quipu_identity_fill_state(origin, bytes, size);
    assert_string_equal(quipu_identity_read_item(&item).text, "3.4000000000.7");
    item.event_id = (quipu_bytes){ event.bytes, 16 };
    assert_string_equal(quipu_identity_read_item(&item).text, "3.4000000000.7");
    event.bytes[2] ^= 1;
    assert_int_equal(quipu_identity_read_item(&item).text[0], '?');
    item.event_id = (quipu_bytes){ NULL, 0 };
    bytes[0] = 'x';
    assert_int_equal(quipu_identity_read_item(&item).text[0], '?');
    free(bytes);
}

static void hash_depends_on_every_byte(void **state)
{
    uint64_t hash =
        quipu_identity_hash((quipu_bytes){ "t", 1 }, (quipu_bytes){ "abc", 3 });

    (void)state;
    assert_true(hash != quipu_identity_hash((quipu_bytes){ "u", 1 },
                                            (quipu_bytes){ "abc", 3 }));
    assert_true(hash != quipu_identity_hash((quipu_bytes){ "t", 1 },
                                            (quipu_bytes){ "abd", 3 }));
    assert_true(hash != quipu_identity_hash((quipu_bytes){ "ta", 2 },
                                            (quipu_bytes){ "bc", 2 }));
}

/* Records an append, and a final read that shows the item with `id`. */
static void record(int id)
{
    struct quipu_recorder r;

    history_remove();
    assert_int_equal(mkdir("history", 0777), 0);
    quipu_record_run("history", "by-hand", "memory:", 42, 1000);
    quipu_record_open(&r, "history", 1, 0, quipu_record_clock());
    assert_int_equal(quipu_record_request(&r, "append", "a"), 1);
    quipu_record_word(&r, "h0@+/1.1.0/aa");
    quipu_record_invoke(&r);
    quipu_record_stamp(&r);
    quipu_record_word(&r, "ids=%d", 1);
    quipu_record_word(&r, "at=0");
    quipu_record_response(&r, QUIPU_OK);
    assert_int_equal(quipu_record_request(&r, "log", "a"), 2);
    quipu_record_word(&r, "final");
    quipu_record_invoke(&r);
    quipu_record_word(&r, "opened=%d", 0);
    quipu_record_discard(&r);
    quipu_record_word(&r, "opened=%lld", (long long)quipu_record_now(&r));
    quipu_record_word(&r, "%d/h0", id);
    quipu_record_append(&r, "@0/1.1.0/aa");
    quipu_record_stamp(&r);
    quipu_record_response(&r, QUIPU_OK);
    quipu_record_close(&r);
}

static void recorded_history_can_be_loaded_and_checked(void **state)
{
    struct quipu_history h;

    (void)state;
    record(1);
    assert_true(quipu_history_load(&h, "history"));
    assert_string_equal(h.workload, "by-hand");
    assert_string_equal(h.store, "memory:");
    assert_int_equal(h.seed, 42);
    assert_int_equal(h.wake_limit, 1000000000);
    assert_int_equal(h.operation_count, 2);
    quipu_history_finish(&h);
    assert_int_equal(quipu_check_history_run("history"),
                     QUIPU_CONFORMANCE_HOLDS);
    record(2);
    assert_int_equal(quipu_check_history_run("history"),
                     QUIPU_CONFORMANCE_BROKEN);
    history_remove();
    assert_int_equal(quipu_check_history_run("history"),
                     QUIPU_CONFORMANCE_MISUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequence_is_recognised_by_its_id),
        cmocka_unit_test(foreign_sequence_id_is_not_recognised),
        cmocka_unit_test(item_is_recognised_by_event_id_or_state),
        cmocka_unit_test(hash_depends_on_every_byte),
        cmocka_unit_test(recorded_history_can_be_loaded_and_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
