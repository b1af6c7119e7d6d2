/* SPDX-License-Identifier: Apache-2.0 */
/* The timeline of a failure can be parsed, whatever a killed case left of it.
 */
#include "quipu_test.h"

#include "report/timeline.h"

#include <stdio.h>

static const char line[] =
    "{\"lane\":\"w\\u00e9\\\"\\n\",\"from\":-0,\"more\":[1],\"to\":2}";
static const char good[] =
    " { \"lane\" : \"w\\u00e9\\\"\\t\" , \"from\": 10.5, \"more\": null,"
    "\"to\":12.25,\"what\":\"a\\/b\",\"outcome\":\"\",\"bad\":true } \n";

static struct quipu_timeline read_all(const char *text)
{
    struct quipu_timeline timeline;

    assert_true(quipu_timeline_read(&timeline, text));
    return timeline;
}

static size_t count_of(const char *text)
{
    struct quipu_timeline timeline = read_all(text);
    size_t count = timeline.count;

    quipu_timeline_finish(&timeline);
    return count;
}

static void line_is_parsed_with_its_escapes(void **state)
{
    struct quipu_timeline timeline = read_all(good);

    (void)state;
    assert_int_equal(timeline.count, 1);
    assert_string_equal(timeline.entries[0].lane, "w\xc3\xa9\"\t");
    assert_string_equal(timeline.entries[0].what, "a/b");
    assert_true(timeline.entries[0].from == 10.5);
    assert_true(timeline.entries[0].to == 12.25);
    assert_true(timeline.entries[0].answered && timeline.entries[0].bad);
    quipu_timeline_finish(&timeline);
}

static void line_without_end_has_no_response(void **state)
{
    struct quipu_timeline timeline =
        read_all("{\"lane\":\"a\",\"from\":1}\n"
                 "{\"lane\":\"b\",\"from\":2,\"to\":null,\"bad\":false}");

    (void)state;
    assert_int_equal(timeline.count, 2);
    for (int i = 0; i < 2; i++) {
        assert_false(timeline.entries[i].answered);
        assert_false(timeline.entries[i].bad);
    }
    quipu_timeline_finish(&timeline);
}

/* A killed process leaves an incomplete line. */
static void incomplete_line_is_skipped(void **state)
{
    char part[sizeof(good)];

    (void)state;
    for (size_t size = 0; size + 3 < sizeof(good); size++) {
        memcpy(part, good, size);
        part[size] = '\0';
        assert_int_equal(count_of(part), 0);
    }
}

static void other_line_is_skipped(void **state)
{
    static const char *const wrong[] = {
        line, /* has a container */
        "",
        "\n\n",
        "null",
        "[]",
        "{}",
        "{\"lane\":\"\",\"from\":1}",
        "{\"lane\":\"a\"}",
        "{\"lane\":1,\"from\":1}",
        "{\"lane\":\"a\",\"from\":\"1\"}",
        "{\"lane\":\"a\",\"from\":}",
        "{\"lane\":\"a\",\"from\":-}",
        "{\"lane\":\"\\u12g4\",\"from\":1}",
        "{\"lane\":\"\\x\",\"from\":1}",
        "{\"lane\":\"a\nb\",\"from\":1}",
        "{\"lane\" \"a\",\"from\":1}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(count_of(wrong[i]), 0);
    }
    assert_int_equal(count_of("x\n{\"lane\":\"a\",\"from\":1}\ny"), 1);
}

static void long_text_is_cut_between_characters(void **state)
{
    char text[2000] = "{\"from\":1,\"lane\":\"a";
    struct quipu_timeline timeline;
    const char *lane;
    size_t length;

    (void)state;
    for (int i = 0; i < 100; i++) {
        sprintf(text + strlen(text), "\xe2\x82\xac");
    }
    sprintf(text + strlen(text), "\"}");
    timeline = read_all(text);
    assert_int_equal(timeline.count, 1);
    lane = timeline.entries[0].lane;
    length = strlen(lane);
    assert_true(length < sizeof(timeline.entries[0].lane));
    assert_string_equal(lane + length - 3, "...");
    assert_int_equal((length - 1 - 3) % 3, 0); /* whole characters */
    quipu_timeline_finish(&timeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_is_parsed_with_its_escapes),
        cmocka_unit_test(line_without_end_has_no_response),
        cmocka_unit_test(incomplete_line_is_skipped),
        cmocka_unit_test(other_line_is_skipped),
        cmocka_unit_test(long_text_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
