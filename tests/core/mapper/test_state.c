/* SPDX-License-Identifier: Apache-2.0 */
/* Tests splitting and checking states without event types. */
#include "quipu_test.h"

#include <quipu/quipu.h>

#define BYTES(text) ((quipu_bytes){ (text), sizeof(text) - 1 })

/* {"a": 1} */
#define FIELDS \
    "\x81\xa1" \
    "a\x01"
/* Its event id, and the time 1970-01-01T00:00:01Z. */
#define ENVELOPE               \
    "\xc1\x01\x82\x01\xc4\x10" \
    "0123456789abcdef"         \
    "\x03\xd6\xff\x00\x00\x00\x01"

static void plain_state_has_no_envelope(void **state)
{
    quipu_error err;
    quipu_state parts;

    (void)state;
    assert_ok(quipu_state_split(BYTES(FIELDS), &parts, &err), &err);
    assert_null(parts.envelope.data);
    assert_bytes(parts.fields.data, parts.fields.size, FIELDS, 4);
    assert_int_equal(parts.version, 1);
    assert_ok(quipu_state_check(BYTES(FIELDS), &err), &err);
}

static void split_separates_envelope_and_fields(void **state)
{
    quipu_error err;
    quipu_state parts;
    quipu_token token;
    quipu_time time;

    (void)state;
    assert_ok(quipu_state_split(BYTES(ENVELOPE FIELDS), &parts, &err), &err);
    assert_bytes(parts.fields.data, parts.fields.size, FIELDS, 4);
    assert_ok(quipu_token_next(&parts.envelope, &token, &err), &err);
    assert_int_equal(token.kind, QUIPU_TOKEN_MAP);
    assert_int_equal(token.count, 2);
    assert_ok(quipu_token_next(&parts.envelope, &token, &err), &err);
    assert_int_equal(token.as.natural, QUIPU_STATE_EVENT_ID);
    assert_ok(quipu_token_next(&parts.envelope, &token, &err), &err);
    assert_bytes(token.bytes.data, token.bytes.size, "0123456789abcdef", 16);
    assert_false(quipu_token_time(&token, &time));
    assert_ok(quipu_token_next(&parts.envelope, &token, &err), &err);
    assert_int_equal(token.as.natural, QUIPU_STATE_TIME);
    assert_ok(quipu_token_next(&parts.envelope, &token, &err), &err);
    assert_true(quipu_token_time(&token, &time));
    assert_int_equal(time.microseconds, 1000000);
    assert_int_equal(parts.envelope.size, 0);
    assert_ok(quipu_state_check(BYTES(ENVELOPE FIELDS), &err), &err);
}

static void split_tells_the_version_of_the_type(void **state)
{
    quipu_error err;
    quipu_state parts;

    (void)state;
    assert_ok(
        quipu_state_split(BYTES("\xc1\x01\x81\x02\x07" FIELDS), &parts, &err),
        &err);
    assert_int_equal(parts.version, 7);
    assert_bytes(parts.fields.data, parts.fields.size, FIELDS, 4);
    assert_refused(
        quipu_state_check(BYTES("\xc1\x01\x81\x02\x01" FIELDS), &err),
        QUIPU_CORRUPT, &err, "version of the envelope is below 2");
}

static void every_prefix_of_a_state_is_corrupt(void **state)
{
    static const char whole[] = ENVELOPE FIELDS;

    (void)state;
    for (size_t size = 0; size < sizeof(whole) - 1; size++) {
        quipu_bytes prefix = { whole, size };

        assert_status(quipu_state_check(prefix, NULL), QUIPU_CORRUPT);
    }
    assert_status(quipu_state_check((quipu_bytes){ NULL, 0 }, NULL),
                  QUIPU_CORRUPT);
}

static void fields_other_than_a_map_are_corrupt(void **state)
{
    quipu_error err;

    (void)state;
    assert_refused(quipu_state_check(BYTES("\x01"), &err), QUIPU_CORRUPT, &err,
                   "not a map");
    assert_refused(quipu_state_check(BYTES("\x81\x01\x01"), &err),
                   QUIPU_CORRUPT, &err, "key that is not text");
    assert_refused(quipu_state_check(BYTES("\x81\xa1\xff\x01"), &err),
                   QUIPU_CORRUPT, &err, "key that is not text");
    assert_refused(quipu_state_check(BYTES(FIELDS "\x01"), &err), QUIPU_CORRUPT,
                   &err, "bytes after");
    assert_refused(quipu_state_check(BYTES("\x81\xa1"
                                           "a\xc1"),
                                     &err),
                   QUIPU_CORRUPT, &err, "not MessagePack");
    /* An array that claims 2^32 - 1 elements. */
    assert_refused(quipu_state_check(BYTES("\x81\xa1"
                                           "a\xdd\xff\xff\xff\xff"),
                                     &err),
                   QUIPU_CORRUPT, &err, "truncated");
}

static void envelopes_of_newer_formats_are_unsupported(void **state)
{
    quipu_error err;

    (void)state;
    assert_refused(quipu_state_check(BYTES("\xc1\x02\x80" FIELDS), &err),
                   QUIPU_UNSUPPORTED, &err, "newer");
    /* An even key is critical, an odd one is skipped. */
    assert_refused(
        quipu_state_check(BYTES("\xc1\x01\x81\x0a\x01" FIELDS), &err),
        QUIPU_UNSUPPORTED, &err, "newer");
    assert_ok(
        quipu_state_check(BYTES("\xc1\x01\x81\x0b\x92\x01\x02" FIELDS), &err),
        &err);
}

static void malformed_envelopes_are_corrupt(void **state)
{
    const quipu_bytes wrong[] = {
        BYTES("\xc1\x01\x90" FIELDS),                 /* no map */
        BYTES("\xc1\x01\x82\x0b\x01\x0b\x01" FIELDS), /* a key twice */
        BYTES("\xc1\x01\x81\xff\x01" FIELDS),         /* a negative key */
        BYTES("\xc1\x01\x81\x01\xc4\x01x" FIELDS),    /* an id of one byte */
        BYTES("\xc1\x01\x81\x03\x01" FIELDS),         /* no time */
        BYTES("\xc1\x01\x81\x05\xa1x" FIELDS),        /* metadata: text */
        BYTES("\xc1\x01\x81\x07\xa1x" FIELDS),        /* an id: text */
        BYTES("\xc1\x01\x81\x09\xc0" FIELDS),         /* no version */
        BYTES("\xc1\x01\x81\xcf\0\0\0\1\0\0\0\1\xc0" FIELDS), /* 2^32 + 1 */
    };
    static const char *const says[] = {
        "the state has an envelope whose head is not a map",
        "the state has an envelope whose keys are not ascending",
        "the state has an envelope whose keys are not ascending",
        "the state: field event_id is not a uuid",
        "the state: field time is an integer instead of a timestamp",
        "the state: field metadata is text instead of bytes",
        "the state: field originator_id is text instead of an id's bytes",
        "the state: field originator_version is nil instead of an integer",
        "the state has an envelope whose keys are not ascending numbers of 32",
    };
    quipu_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_refused(quipu_state_check(wrong[i], &err), QUIPU_CORRUPT, &err,
                       says[i]);
    }
    /* An id of no bytes means none. */
    assert_ok(quipu_state_check(BYTES("\xc1\x01\x81\x07\xc4\x00" FIELDS), &err),
              &err);
}

/* A value of a field x that no member can hold, and a part of the message. */
struct unreadable {
    quipu_bytes state;
    const char *says;
};

static void fields_that_no_member_can_hold_are_corrupt(void **state)
{
    const struct unreadable fields[] = {
        { BYTES("\x82\xa1x\x01\xa1x\x02"), "field x occurs twice" },
        { BYTES("\x81\xa1x\x82\xa1y\x01\xa1y\x02"), "field x.y occurs twice" },
        { BYTES("\x81\xa1x\xa1\xff"), "field x is not UTF-8" },
        { BYTES("\x81\xa1x\xa1\0"), "field x is not UTF-8, or contains a NUL" },
        { BYTES("\x81\xa1x\x92\xa0\xa1\xff"), "field x[1] is not UTF-8" },
        { BYTES("\x81\xa1x\x91\xc0"), "field x[0] is nil" },
        { BYTES("\x81\xa1x\x91\x90"), "field x[0] is an array" },
        { BYTES("\x81\xa1x\x92\x01\xa0"), "field x[1] is of another kind" },
        { BYTES("\x81\xa1x\xd4\x05\0"), "field x is an extension" },
        { BYTES("\x81\xa1x\xd4\xff\0"), "field x is not a timestamp of" },
        { BYTES("\x81\xa1x\x91\x81\x01\x01"), "field x[0] has a key that" },
        { BYTES("\x81\xa0\x01"), "the state has a key that is not text" },
        { BYTES("\x81\xa2x\0\x01"), "the state has a key that is not text" },
    };
    quipu_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        assert_refused(quipu_state_check(fields[i].state, &err), QUIPU_CORRUPT,
                       &err, fields[i].says);
    }
    /* Nil in the place of a member, and numbers of several kinds. */
    assert_ok(quipu_state_check(BYTES("\x81\xa1x\xc0"), &err), &err);
    assert_ok(
        quipu_state_check(BYTES("\x81\xa1x\x93\x01\xff\xca\x3f\x80\0\0"), &err),
        &err);
}

static void maps_larger_than_field_tables_are_corrupt(void **state)
{
    char nested[34 * 3] = "";
    char wide[3 + 257 * 4] = "\xde\x01\x01";
    quipu_error err;

    (void)state;
    for (size_t i = 0; i < 33; i++) { /* the outermost, and 32 below it */
        memcpy(nested + 3 * i, "\x81\xa1x", 3);
    }
    nested[99] = '\x80';
    assert_refused(quipu_state_check((quipu_bytes){ nested, 100 }, &err),
                   QUIPU_CORRUPT, &err, "is a map below 32 others");
    assert_ok(quipu_state_check((quipu_bytes){ nested + 3, 97 }, &err), &err);
    for (size_t i = 0; i < 257; i++) {
        const char entry[] = { '\xa2', (char)('A' + i % 26),
                               (char)('A' + i / 26), 1 };

        memcpy(wide + 3 + 4 * i, entry, sizeof(entry));
    }
    assert_refused(quipu_state_check((quipu_bytes){ wide, sizeof(wide) }, &err),
                   QUIPU_CORRUPT, &err, "has more than 256 keys");
    wide[2] = 0;
    assert_ok(quipu_state_check((quipu_bytes){ wide, sizeof(wide) - 4 }, &err),
              &err);
}

static void token_is_removed_from_the_bytes(void **state)
{
    quipu_bytes rest = BYTES("\x92\xcb\x3f\xf8\0\0\0\0\0\0\xe0");
    quipu_error err;
    quipu_token token;

    (void)state;
    assert_ok(quipu_token_next(&rest, &token, &err), &err);
    assert_int_equal(token.kind, QUIPU_TOKEN_ARRAY);
    assert_int_equal(rest.size, 10);
    assert_ok(quipu_token_next(&rest, &token, &err), &err);
    assert_int_equal(token.kind, QUIPU_TOKEN_DOUBLE);
    assert_true(token.as.real == 1.5);
    assert_ok(quipu_token_next(&rest, &token, &err), &err);
    assert_int_equal(token.kind, QUIPU_TOKEN_INT);
    assert_int_equal(token.as.integer, -32);
    assert_refused(quipu_token_next(&rest, &token, &err), QUIPU_CORRUPT, &err,
                   "truncated");
    assert_int_equal(rest.size, 0);
    assert_status(quipu_token_next(NULL, &token, NULL), QUIPU_INVALID);
    assert_status(quipu_state_split(rest, NULL, NULL), QUIPU_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_state_has_no_envelope),
        cmocka_unit_test(split_separates_envelope_and_fields),
        cmocka_unit_test(split_tells_the_version_of_the_type),
        cmocka_unit_test(every_prefix_of_a_state_is_corrupt),
        cmocka_unit_test(fields_other_than_a_map_are_corrupt),
        cmocka_unit_test(envelopes_of_newer_formats_are_unsupported),
        cmocka_unit_test(malformed_envelopes_are_corrupt),
        cmocka_unit_test(fields_that_no_member_can_hold_are_corrupt),
        cmocka_unit_test(maps_larger_than_field_tables_are_corrupt),
        cmocka_unit_test(token_is_removed_from_the_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
