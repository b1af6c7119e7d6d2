/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that no password is shown, and that harmless text is. */
#include "quipu_test.h"

#include <stdlib.h>

#include <quipu/memory.h>

#include "base/uri.h"

/* NULL: unchanged */
static const struct row {
    const char *uri, *shown;
} rows[] = {
    { "sqlite:///events.db", NULL },
    { "sqlite:////var/lib/app/events.db?timeout=5", NULL },
    { "sqlite:////home/me@work/events.db", NULL },
    { "sqlite:///:memory:", NULL },
    { "sqlite:", NULL },
    { "sqlite:?", NULL },
    { "sqlite:events.db?a=1&&b=", NULL },
    { "postgres://h/db", NULL },
    { "postgres://u@h:5432/db", NULL },
    { "postgres://h1:5432,h2,[::1]:1,[::2]/db?user=a@b", "postgres:***" },
    { "postgres://h1,[::1],h2/db?user=a@b", "postgres:***" },
    { "postgres://h1,h2/db?user=a@b", NULL },
    { "postgres://[::1]:5432/db", NULL },
    { "postgres://u@[::1]/db", NULL },
    { "postgres:///db?passfile=/home/me/.pgpass", NULL },
    { "postgres:///db?sslkey=/etc/key.pem&host=/tmp", NULL },

    { "postgres://u:hunter2@h/db", "postgres://u:***@h/db" },
    { "postgres://u:hunter2@h", "postgres://u:***@h" },
    { "postgres://u:hunter2@h?port=1", "postgres://u:***@h?port=1" },
    { "postgres://u:@h/db", "postgres://u:***@h/db" },
    { "postgres://:hunter2@/db", "postgres://:***@/db" },
    { "postgres://u:hun%40ter2@h:1,[::1]:2/db",
      "postgres://u:***@h:1,[::1]:2/db" },
    { "postgres://u:hun:ter2@h/db", "postgres://u:***@h/db" },
    { "postgres://u:hun@ter2@h/db", "postgres://u:***@h/db" },
    { "postgres://u:hun#ter2@h/db", "postgres://u:***@h/db" },

    /* Passwords with unencoded characters. */
    { "postgres://u:hun/ter2@h/db", "postgres:***" },
    { "postgres://u:12/hunter2@h/db", "postgres:***" },
    { "postgres://u:hun?ter2@h/db", "postgres:***" },
    { "postgres://u:12?hunter2@h/db", "postgres:***" },
    { "postgres://u:12?hun=ter2@h/db", "postgres:***" },
    { "postgres://u:hu@n/ter2@h/db", "postgres:***" },
    { "postgres://u:hu@n?ter2=@h/db", "postgres:***" },
    { "postgres://u:hunter2", "postgres:***" },
    { "postgres://u:hunter2/db", "postgres:***" },
    { "postgres://u:hunter2%40h/db", "postgres:***" },
    { "postgres://[u:hunter2", "postgres:***" },
    { "postgres://[u]hunter2:x", "postgres:***" },
    { "postgres:///u:hunter2@h/db", "postgres:***" },
    { "postgres:/u:hunter2@h/db", "postgres:***" },
    { "postgres:u:hunter2@h/db", "postgres:***" },
    { "postgres:u%3Ahunter2%40h/db", "postgres:***" },
    { "postgres:host=h PASSWORD=hunter2", "postgres:***" },
    { "postgres://h/host=h%20pass%77ord=hunter2", "postgres:***" },

    /* Options. */
    { "postgres://h/db?password=hunter2", "postgres://h/db?password=***" },
    { "postgres://h/db?a=1&SSLPassword=hunter2&b=2",
      "postgres://h/db?a=1&SSLPassword=***&b=2" },
    { "postgres://h/db?pass%77ord=hun%zzter2",
      "postgres://h/db?pass%77ord=***" },
    { "x:?pass=hunter2&key=hunter2&api_key=hunter2&token=hunter2",
      "x:?pass=***&key=***&api_key=***&token=***" },
    { "x:?password=hun&ter2", "x:?password=***&***" },
    { "x:?hunter2", "x:?***" },
    { "postgres:///?dbname=postgres://u:hunter2@h/db",
      "postgres:///?dbname=***" },
    { "postgres:///?dbname=host%3Dh%20password%3Dhunter2",
      "postgres:///?dbname=***" },
    { "x:?a=%00%4", NULL },

    /* A password beyond what would be the value of one option. */
    { "postgres://u?:hunter2@h/db?a=1", "postgres:***" },
    { "postgres://u?a=:hun&ter2@h/db", "postgres:***" },
    { "postgres://u?a&b:hunter2@h=1", "postgres:***" },
    { "postgres://u?a&b%3Ahunter2%40h=1", "postgres://u?***&***" },

    /* Texts that are no URI, or contain control characters. */
    { "hunter2", "***" },
    { "", "***" },
    { ":hunter2", "***" },
    { "Us er:hunter2@h", "***" },
    { "x:a\nb", "x:***" },
    { "x:a\x7f", "x:***" },
    { "x:a\xff", "x:***" },
};

static void secrets_are_masked_and_the_rest_is_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *shown = quipu_uri_redact(rows[i].uri);

        assert_non_null(shown);
        assert_string_equal(shown, rows[i].shown ? rows[i].shown : rows[i].uri);
        quipu_release(shown);
    }
}

/* The input for which redaction adds the most bytes. */
static void result_has_room_for_all_masks(void **state)
{
    char uri[4096] = "x://u:@h?";
    size_t size = strlen(uri);
    char *shown;

    (void)state;
    while (size + 3 < sizeof(uri)) {
        uri[size++] = 'a';
        uri[size++] = '&';
    }
    uri[size] = '\0';
    shown = quipu_uri_redact(uri);
    assert_non_null(strstr(shown, "x://u:***@h?***&***&"));
    quipu_release(shown);
}

static void *no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void lack_of_memory_gives_null(void **state)
{
    const quipu_allocator none = { sizeof(none), 0, no_memory, realloc, free };

    (void)state;
    assert_ok(quipu_allocator_use(&none, NULL), NULL);
    assert_null(quipu_uri_redact("x:y"));
    assert_ok(quipu_allocator_use(NULL, NULL), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_masked_and_the_rest_is_shown),
        cmocka_unit_test(result_has_room_for_all_masks),
        cmocka_unit_test(lack_of_memory_gives_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
