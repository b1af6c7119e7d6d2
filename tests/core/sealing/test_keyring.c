/* SPDX-License-Identifier: Apache-2.0 */
/* Tests keys and key rings: their files, whose access is checked, and their
 * provider. */
#include "quipu_test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <quipu/sealing.h>

#define ID "000102030405060708090a0b0c0d0e0f"
#define OTHER_ID "FF0102030405060708090A0B0C0D0E0F"
#define SECRET \
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
#define OTHER_SECRET \
    "C08182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"

static const quipu_bytes no_subject = { NULL, 0 };

static void write_file(const char *text, mode_t mode)
{
    int file = open("keys", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    size_t size = strlen(text);

    assert_true(file >= 0);
    assert_int_equal(write(file, text, size), (ssize_t)size);
    assert_int_equal(fchmod(file, mode), 0);
    assert_int_equal(close(file), 0);
}

static void a_file_gives_its_keys_in_order(void **state)
{
    quipu_keyring *ring = NULL;
    quipu_error error;
    quipu_key key;

    (void)state;
    write_file("# the keys of a shop\n\n" ID " " SECRET "\r\n  " OTHER_ID
               "\t " OTHER_SECRET,
               0600);
    assert_ok(quipu_keyring_open("keys", &ring, &error), &error);
    const quipu_keys *keys = quipu_keyring_keys(ring);

    assert_int_equal(keys->struct_size, sizeof(*keys));
    assert_ok(keys->current(keys->context, no_subject, &key, &error), &error);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(key.secret[i], 0x80 + i);
        assert_int_equal(key.id[i / 2], i / 2);
    }
    key.id[0] = 0xFF;
    uint8_t id[QUIPU_KEY_ID_SIZE];

    memcpy(id, key.id, sizeof(id));
    assert_ok(keys->find(keys->context, no_subject, id, &key, &error), &error);
    assert_int_equal(key.secret[0], 0xC0);
    id[15] ^= 1;
    assert_refused(keys->find(keys->context, no_subject, id, &key, &error),
                   QUIPU_NOT_FOUND, &error, "lacks it");
    quipu_keyring_close(ring);
}

static void a_ring_has_no_keys_of_subjects(void **state)
{
    const quipu_bytes subject = { "ann", 3 };
    quipu_keyring *ring = NULL;
    quipu_error error;
    quipu_key key;

    (void)state;
    assert_ok(quipu_key_generate(&key, &error), &error);
    assert_ok(quipu_keyring_create(&key, 1, &ring, &error), &error);
    const quipu_keys *keys = quipu_keyring_keys(ring);

    assert_status(keys->current(keys->context, subject, &key, &error),
                  QUIPU_UNSUPPORTED);
    assert_refused(keys->find(keys->context, subject, key.id, &key, &error),
                   QUIPU_UNSUPPORTED, &error, "vault");
    quipu_keyring_close(ring);
}

static void a_file_that_others_can_read_is_refused(void **state)
{
    static const mode_t refused[] = { 0620, 0604, 0602, 0601, 0610, 0666 };
    quipu_keyring *ring = NULL;
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        write_file(ID " " SECRET "\n", refused[i]);
        assert_refused(quipu_keyring_open("keys", &ring, &error), QUIPU_DENIED,
                       &error, "chmod 0600");
    }
    write_file(ID " " SECRET "\n", 0640); /* a group: only of root's file */
    if (geteuid() == 0) {
        assert_ok(quipu_keyring_open("keys", &ring, &error), &error);
        quipu_keyring_close(ring);
        assert_int_equal(chown("keys", 65534, 65534), 0);
        assert_refused(quipu_keyring_open("keys", &ring, &error), QUIPU_DENIED,
                       &error, "another user");
    } else {
        assert_refused(quipu_keyring_open("keys", &ring, &error), QUIPU_DENIED,
                       &error, "0640");
    }
    assert_int_equal(unlink("keys"), 0);
}

static void a_wrong_file_is_refused_without_its_contents(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } files[] = {
        { "", "contains no key" },
        { "# " ID " " SECRET "\n", "contains no key" },
        { "\n" ID SECRET "\n", "line 2 does not begin with the id" },
        { ID "\n", "line 1 does not begin with the id" },
        { "00" ID " " SECRET "\n", "line 1 does not begin with the id" },
        { "g" ID " " SECRET "\n", "line 1 does not begin with the id" },
        { ID " " SECRET "00\n", "line 1 does not end with a secret" },
        { ID " 8081\n", "line 1 does not end with a secret" },
        { ID " " SECRET "\n" ID " " OTHER_SECRET "\n",
          "line 2 has the id of another one" },
        { ID
          " 0000000000000000000000000000000000000000000000000000000000000000\n",
          "line 1 has a secret of zeros" },
    };
    quipu_keyring *ring = NULL;
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        write_file(files[i].text, 0600);
        assert_refused(quipu_keyring_open("keys", &ring, &error), QUIPU_INVALID,
                       &error, files[i].why);
        assert_null(strstr(error.message, "8081"));
    }
    assert_int_equal(unlink("keys"), 0);
}

static void what_is_no_file_is_refused(void **state)
{
    quipu_keyring *ring = NULL;
    quipu_error error;

    (void)state;
    assert_status(quipu_keyring_open("nowhere/keys", &ring, &error),
                  QUIPU_NOT_FOUND);
    assert_refused(quipu_keyring_open("/", &ring, &error), QUIPU_INVALID,
                   &error, "not a regular file");
    assert_status(quipu_keyring_open(NULL, &ring, &error), QUIPU_INVALID);
}

static void wrong_keys_are_refused(void **state)
{
    quipu_keyring *ring = NULL;
    quipu_key keys[2];
    quipu_error error;

    (void)state;
    assert_ok(quipu_key_generate(&keys[0], &error), &error);
    keys[1] = keys[0];
    assert_refused(quipu_keyring_create(keys, 2, &ring, &error), QUIPU_INVALID,
                   &error, "key 1");
    assert_status(quipu_keyring_create(keys, 0, &ring, &error), QUIPU_INVALID);
    memset(keys[0].secret, 0, sizeof(keys[0].secret));
    assert_refused(quipu_keyring_create(keys, 1, &ring, &error), QUIPU_INVALID,
                   &error, "zeros");
}

static void generated_keys_differ_and_are_wiped(void **state)
{
    static const quipu_key zeros;
    quipu_key keys[2];
    quipu_error error;

    (void)state;
    assert_ok(quipu_key_generate(&keys[0], &error), &error);
    assert_ok(quipu_key_generate(&keys[1], &error), &error);
    assert_memory_not_equal(keys[0].id, keys[1].id, sizeof(keys[0].id));
    assert_memory_not_equal(keys[0].secret, keys[1].secret,
                            sizeof(keys[0].secret));
    quipu_key_wipe(&keys[0]);
    assert_memory_equal(&keys[0], &zeros, sizeof(zeros));
    quipu_key_wipe(NULL);
    quipu_keyring_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_its_keys_in_order),
        cmocka_unit_test(a_ring_has_no_keys_of_subjects),
        cmocka_unit_test(a_file_that_others_can_read_is_refused),
        cmocka_unit_test(a_wrong_file_is_refused_without_its_contents),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(wrong_keys_are_refused),
        cmocka_unit_test(generated_keys_differ_and_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
