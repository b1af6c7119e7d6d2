/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of subjects, and their destruction (X4, X6, X8). */
#include "vault_fixture.h"

#include "vault/vault.h"

static struct opened_vault opened;
static struct opened_vault beside; /* the same vault, as of another process */

static int set_up(void **state)
{
    (void)state;
    vault_prepare(&MODEL);
    vault_open(&opened);
    vault_open(&beside);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vault_close(&beside);
    vault_close(&opened);
    return 0;
}

static void reopen(void)
{
    vault_close(&opened);
    vault_open(&opened);
}

/* The key of the one entry of a subject: the vault has no other. */
static struct saved subject_entry(void)
{
    struct saved saved[SAVED_MAX];
    size_t count = save_entries(opened.keys, saved);
    struct saved found = { .size = 0 };

    for (size_t i = 0; i < count; i++) {
        if (strstr(saved[i].key, "/subject/")) {
            assert_int_equal(found.size, 0);
            found = saved[i];
        }
    }
    assert_true(found.size > 0);
    return found;
}

/* ------------------------------------------------------------------- keys */

static void each_subject_has_its_own_key(void **state)
{
    quipu_key ann = current_key(&opened, "ann");
    quipu_key bob = current_key(&opened, "bob");
    quipu_key store = current_key(&opened, NULL);

    (void)state;
    assert_memory_not_equal(&ann.id, &bob.id, sizeof(ann.id));
    assert_memory_not_equal(&ann.secret, &bob.secret, sizeof(ann.secret));
    assert_memory_not_equal(&ann.secret, &store.secret, sizeof(ann.secret));
    reopen();
    quipu_key again = current_key(&opened, "ann");

    assert_memory_equal(&again, &ann, sizeof(ann));
    assert_key(&opened, "ann", &ann);
    assert_key(&opened, "bob", &bob);
    assert_key(&opened, NULL, &store);
}

static void entries_do_not_say_whose_they_are(void **state)
{
    struct saved saved[SAVED_MAX];
    quipu_key key = current_key(&opened, "ann@example.org");

    (void)state;
    forget(&opened, "ann@example.org");
    current_key(&opened, "bob@example.org");
    for (int store = 0; store < 2; store++) {
        size_t count =
            save_entries(store ? opened.witness : opened.keys, saved);

        assert_true(count > 1);
        for (size_t i = 0; i < count; i++) {
            assert_null(strstr(saved[i].key, "example"));
            assert_null(memmem(saved[i].value, saved[i].size, "example", 7));
            assert_null(memmem(saved[i].value, saved[i].size, key.id, 16));
            assert_null(memmem(saved[i].value, saved[i].size, key.secret, 32));
        }
    }
}

static void key_of_another_vault_is_a_conflict(void **state)
{
    quipu_key key = current_key(&opened, "ann");

    (void)state;
    key.id[3] ^= 1;
    assert_status(find_code(&opened, "ann", &key), QUIPU_CONFLICT);
    assert_status(find_code(&opened, "nobody", &key), QUIPU_CONFLICT);
}

static void subjects_are_checked(void **state)
{
    char text[256];
    const quipu_bytes long_one = { memset(text, 'x', sizeof(text)),
                                   sizeof(text) };
    const quipu_keys *keys = quipu_vault_keys(opened.vault);
    quipu_error error;
    quipu_key key;

    (void)state;
    assert_refused(keys->current(keys->context, long_one, &key, &error),
                   QUIPU_INVALID, &error, "has 256 bytes");
    assert_refused(
        keys->current(keys->context, (quipu_bytes){ "", 0 }, &key, &error),
        QUIPU_INVALID, &error, "has 0 bytes");
    assert_refused(quipu_vault_forget(opened.vault, long_one, &error),
                   QUIPU_INVALID, &error, "has 256 bytes");
    assert_refused(
        quipu_vault_forget(opened.vault, (quipu_bytes){ NULL, 0 }, &error),
        QUIPU_INVALID, &error, "has 0 bytes");
}

static quipu_key other_key; /* that another process made meanwhile */

static void make_meanwhile(void)
{
    other_key = current_key(&beside, "ann");
}

static void two_first_keys_are_one(void **state)
{
    (void)state;
    interposed.before_append = make_meanwhile;
    quipu_key key = current_key(&opened, "ann");

    assert_null(interposed.before_append);
    assert_memory_equal(&key, &other_key, sizeof(key));
}

static void key_of_unknown_outcome_is_read_again(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        const char *subject = after ? "ann" : "bob";

        interposed.calls = 0;
        interposed.appends_only = true;
        interposed.after = after;
        interposed.fail_at = 1;
        interposed.status = QUIPU_UNKNOWN_OUTCOME;
        quipu_key key = current_key(&opened, subject);

        assert_int_equal(atomic_load(&interposed.calls), after ? 1 : 2);
        interposed.fail_at = 0;
        assert_key(&opened, subject, &key);
    }
}

static void rotated_key_still_opens(void **state)
{
    quipu_key keys[20];
    quipu_error error;

    (void)state;
    for (int i = 0; i < 20; i++) {
        keys[i] = current_key(&opened, "ann");
        assert_ok(quipu_vault_rotate(opened.vault, quipu_bytes_of_text("ann"),
                                     &error),
                  &error);
    }
    quipu_key newest = current_key(&opened, "ann");

    for (int i = 0; i < 20; i++) {
        assert_memory_not_equal(&newest.id, &keys[i].id, sizeof(newest.id));
        assert_key(&opened, "ann", &keys[i]);
    }
    forget(&opened, "ann");
    for (int i = 0; i < 20; i++) {
        assert_forgotten(&opened, "ann", &keys[i]);
    }
}

/* ------------------------------------------------------------- forgetting */

static void forgotten_subject_stays_forgotten(void **state)
{
    quipu_key ann = current_key(&opened, "ann");
    quipu_key bob = current_key(&opened, "bob");
    quipu_error error;
    quipu_time first, second;

    (void)state;
    assert_refused(quipu_vault_forgotten(
                       opened.vault, quipu_bytes_of_text("ann"), NULL, &error),
                   QUIPU_NOT_FOUND, &error, "has not been forgotten");
    forget(&opened, "ann");
    assert_forgotten(&opened, "ann", &ann);
    assert_ok(quipu_vault_forgotten(opened.vault, quipu_bytes_of_text("ann"),
                                    &first, &error),
              &error);
    forget(&opened, "ann");
    reopen();
    assert_forgotten(&opened, "ann", &ann);
    assert_ok(quipu_vault_forgotten(opened.vault, quipu_bytes_of_text("ann"),
                                    &second, &error),
              &error);
    assert_int_equal(first.microseconds, second.microseconds);
    assert_key(&opened, "bob", &bob);
}

static void subject_without_a_key_can_be_forgotten(void **state)
{
    const quipu_key none = { .id = "none" };

    (void)state;
    forget(&opened, "nobody");
    assert_forgotten(&opened, "nobody", &none);
}

static void forget_meanwhile(void)
{
    forget(&beside, "ann");
}

static void forget_bob(void)
{
    forget(&beside, "bob");
}

static void key_that_was_destroyed_meanwhile_does_not_come_back(void **state)
{
    quipu_error error;

    (void)state;
    interposed.before_append = forget_meanwhile;
    assert_status(current_code(&opened, "ann"), QUIPU_DENIED);
    quipu_key key = current_key(&opened, "bob");

    interposed.before_append = forget_bob;
    assert_refused(
        quipu_vault_rotate(opened.vault, quipu_bytes_of_text("bob"), &error),
        QUIPU_DENIED, &error, "has been forgotten");
    assert_forgotten(&opened, "bob", &key);
}

static void rotate_meanwhile(void)
{
    quipu_error error;

    assert_ok(
        quipu_vault_rotate(beside.vault, quipu_bytes_of_text("ann"), &error),
        &error);
}

static void key_that_was_made_meanwhile_is_destroyed(void **state)
{
    quipu_key key = current_key(&opened, "ann");

    (void)state;
    interposed.before_append = rotate_meanwhile;
    forget(&opened, "ann");
    assert_forgotten(&opened, "ann", &key);
}

static void two_forgettings_at_once_are_both_kept(void **state)
{
    quipu_key ann = current_key(&opened, "ann");
    quipu_key bob = current_key(&opened, "bob");

    (void)state;
    interposed.before_append = forget_bob;
    forget(&opened, "ann");
    assert_forgotten(&opened, "ann", &ann);
    assert_forgotten(&opened, "bob", &bob);
    reopen();
    assert_forgotten(&opened, "ann", &ann);
}

/* Fails the n-th call of the driver, for every n: the answer is never that of a
 * forgotten subject (X4), and a forgetting that fails can be repeated. */
static void unreachable_vault_is_not_forgotten(void **state)
{
    quipu_key key = current_key(&opened, "ann");
    int failed = 0;
    int status = QUIPU_IO;

    (void)state;
    for (int n = 1; status != QUIPU_OK; n++) {
        interposed.calls = 0;
        interposed.fail_at = n;
        interposed.status = QUIPU_IO;
        status = find_code(&opened, "ann", &key);
        assert_true(status == QUIPU_OK || status == QUIPU_IO);
        failed += status == QUIPU_IO;
    }
    assert_true(failed > 0);
    status = QUIPU_IO;
    for (int n = 1; status != QUIPU_OK; n++) {
        quipu_error error;

        interposed.calls = 0;
        interposed.fail_at = n;
        status = quipu_vault_forget(opened.vault, quipu_bytes_of_text("ann"),
                                    &error);
        assert_true(status == QUIPU_OK || status == QUIPU_IO);
    }
    interposed.fail_at = 0;
    assert_forgotten(&opened, "ann", &key);
    reopen();
    assert_forgotten(&opened, "ann", &key);
}

/* --------------------------------------------------------------- damages */

/* Flips every bit of an entry.  Returns how many of the answers were OK. */
static int flip_bits(const struct saved *entry, const quipu_key *key, int right)
{
    int rights = 0;

    for (size_t bit = 0; bit < entry->size * 8; bit++) {
        struct saved damaged = *entry;

        damaged.value[bit / 8] ^= (unsigned char)(1U << bit % 8);
        write_entry(opened.keys, damaged.key, damaged.value, damaged.size);
        int status = find_code(&opened, "ann", key);

        rights += status == right;
        assert_true(status == right || status == QUIPU_CORRUPT ||
                    status == QUIPU_DENIED || status == QUIPU_CONFLICT ||
                    status == QUIPU_UNSUPPORTED);
    }
    write_entry(opened.keys, entry->key, entry->value, entry->size);
    return rights;
}

static void damaged_entry_is_never_forgotten(void **state)
{
    quipu_key key = current_key(&opened, "ann");
    struct saved ring = subject_entry();

    (void)state;
    assert_int_equal(flip_bits(&ring, &key, QUIPU_OK), 0);
    assert_key(&opened, "ann", &key);
    forget(&opened, "ann");
    struct saved mark = subject_entry();

    assert_int_equal(flip_bits(&mark, &key, QUIPU_NOT_FOUND), 0);
    assert_forgotten(&opened, "ann", &key);
}

static void mark_and_keys_of_another_subject_are_refused(void **state)
{
    quipu_key ann = current_key(&opened, "ann");
    struct saved ring = subject_entry();
    struct saved saved[SAVED_MAX];
    quipu_key bob = current_key(&opened, "bob");
    size_t count = save_entries(opened.keys, saved);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (strstr(saved[i].key, "/subject/") &&
            strcmp(saved[i].key, ring.key) != 0) {
            write_entry(opened.keys, saved[i].key, ring.value, ring.size);
        }
    }
    assert_status(find_code(&opened, "bob", &ann), QUIPU_CORRUPT);
    assert_status(find_code(&opened, "bob", &bob), QUIPU_CONFLICT);
    assert_status(current_code(&opened, "bob"), QUIPU_CORRUPT);
    forget(&opened, "ann");
    count = save_entries(opened.keys, saved);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(saved[i].key, ring.key) == 0) {
            ring = saved[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (strstr(saved[i].key, "/subject/")) {
            write_entry(opened.keys, saved[i].key, ring.value, ring.size);
        }
    }
    assert_status(find_code(&opened, "bob", &bob), QUIPU_CORRUPT);
    assert_status(current_code(&opened, "bob"), QUIPU_CORRUPT);
}

/* ------------------------------------------------------------ master keys */

static void open_refused(const quipu_key *masters, size_t count, int code,
                         const char *why)
{
    quipu_error error;

    vault_close(&opened);
    vault_open_stores(&opened);
    assert_refused(vault_open_with(&opened, masters, count, &error), code,
                   &error, why);
    opened.vault = NULL;
}

static void wrong_master_key_opens_nothing(void **state)
{
    quipu_key changed = master;
    const quipu_key twice[] = { other_master, master, other_master };

    (void)state;
    current_key(&opened, "ann");
    open_refused(&other_master, 1, QUIPU_DENIED,
                 "is wrapped by the master key");
    changed.secret[31] ^= 1;
    open_refused(&changed, 1, QUIPU_CORRUPT,
                 "the secret of the master key is another one");
    open_refused(NULL, 1, QUIPU_INVALID, "no master key");
    open_refused(&master, 0, QUIPU_INVALID, "no master key");
    open_refused(twice, 3, QUIPU_INVALID, "have the same id");
}

static void open_with(const quipu_key *masters, size_t count)
{
    quipu_error error;

    vault_close(&opened);
    vault_open_stores(&opened);
    assert_ok(vault_open_with(&opened, masters, count, &error), &error);
}

static void rewrapped_vault_needs_the_new_master_key_only(void **state)
{
    const quipu_key both[] = { other_master, master };
    struct saved saved[SAVED_MAX];
    quipu_key ann = current_key(&opened, "ann");
    quipu_key bob = current_key(&opened, "bob");
    quipu_error error;
    int64_t count = -1;

    (void)state;
    assert_ok(
        quipu_vault_rotate(opened.vault, quipu_bytes_of_text("bob"), &error),
        &error);
    current_key(&opened, "cid");
    forget(&opened, "cid");
    assert_ok(quipu_vault_rewrap(opened.vault, &count, &error), &error);
    assert_int_equal(count, 0);

    open_with(both, 2);
    quipu_key dan = current_key(&opened, "dan"); /* wrapped by the new one */

    assert_ok(quipu_vault_rewrap(opened.vault, &count, &error), &error);
    assert_int_equal(count, 3); /* root, ann, bob */
    assert_ok(quipu_vault_rewrap(opened.vault, &count, &error), &error);
    assert_int_equal(count, 0);
    size_t entries = save_entries(opened.keys, saved);

    for (size_t i = 0; i < entries; i++) {
        assert_null(memmem(saved[i].value, saved[i].size, master.id, 16));
    }
    open_with(&other_master, 1);
    assert_key(&opened, "ann", &ann);
    assert_key(&opened, "bob", &bob);
    assert_key(&opened, "dan", &dan);
    assert_forgotten(&opened, "cid", &ann);
    open_refused(&master, 1, QUIPU_DENIED, "is wrapped by the master key");
}

static void rewrapping_does_not_undo_a_forgetting(void **state)
{
    const quipu_key both[] = { other_master, master };
    quipu_key ann = current_key(&opened, "ann");
    quipu_key bob = current_key(&opened, "bob");
    quipu_error error;
    int64_t count = -1;

    (void)state;
    open_with(both, 2);
    interposed.before_append = forget_meanwhile;
    assert_ok(quipu_vault_rewrap(opened.vault, &count, &error), &error);
    assert_int_equal(count, 2); /* root and bob */
    assert_forgotten(&opened, "ann", &ann);
    assert_key(&opened, "bob", &bob);
}

/* --------------------------------------------------------------- restored */

static void restored_vault_forgets_again(void **state)
{
    struct saved before[SAVED_MAX];
    quipu_key ann = current_key(&opened, "ann");
    quipu_key bob = current_key(&opened, "bob");
    size_t count = save_entries(opened.keys, before);

    (void)state;
    forget(&opened, "ann");
    restore_entries(opened.keys, before, count);
    assert_key(&opened, "ann", &ann); /* the backup has it */
    reopen();
    assert_forgotten(&opened, "ann", &ann);
    assert_key(&opened, "bob", &bob);
    reopen();
    assert_forgotten(&opened, "ann", &ann);
}

/* The numbers of marks are equal, but not the marks. */
static void restored_vault_that_has_forgotten_another_forgets_both(void **state)
{
    struct saved before[SAVED_MAX];
    struct opened_vault alone;
    quipu_key ann = current_key(&opened, "ann");
    quipu_key bob = current_key(&opened, "bob");
    size_t count = save_entries(opened.keys, before);
    quipu_datastore *witness = opened.witness;
    quipu_error error;

    (void)state;
    forget(&opened, "ann");
    restore_entries(opened.keys, before, count);
    quipu_vault_close(opened.vault);
    opened.witness = NULL;
    assert_ok(vault_open_with(&opened, &master, 1, &error), &error);
    alone = opened;
    forget(&alone, "bob");
    opened.witness = witness;
    reopen();
    assert_forgotten(&opened, "ann", &ann);
    assert_forgotten(&opened, "bob", &bob);
}

static void restored_witness_gets_the_marks_again(void **state)
{
    struct saved vault_before[SAVED_MAX], witness_before[SAVED_MAX];
    quipu_key ann = current_key(&opened, "ann");
    size_t count = save_entries(opened.keys, vault_before);
    size_t witness_count = save_entries(opened.witness, witness_before);

    (void)state;
    forget(&opened, "ann");
    restore_entries(opened.witness, witness_before, witness_count);
    reopen();
    assert_forgotten(&opened, "ann", &ann);
    restore_entries(opened.keys, vault_before, count);
    reopen();
    assert_forgotten(&opened, "ann", &ann);
}

static void lost_vault_is_not_replaced_by_a_new_one(void **state)
{
    struct saved before[SAVED_MAX];
    size_t count = save_entries(opened.keys, before);
    struct saved none[1];

    (void)state;
    restore_entries(opened.keys, none, 0);
    open_refused(&master, 1, QUIPU_CONFLICT, "the witness belongs to one");
    assert_int_equal(save_entries(opened.keys, before + count), 0);
}

static void witness_of_another_vault_is_a_conflict(void **state)
{
    struct saved before[SAVED_MAX], none[1];
    size_t count = save_entries(opened.keys, before);
    struct saved witness[SAVED_MAX];
    size_t witness_count = save_entries(opened.witness, witness);

    (void)state;
    restore_entries(opened.keys, none, 0);
    restore_entries(opened.witness, none, 0);
    reopen(); /* a new vault */
    restore_entries(opened.witness, witness, witness_count);
    open_refused(&master, 1, QUIPU_CONFLICT, "belongs to another vault");
    restore_entries(opened.keys, before, count);
    open_with(&master, 1);
}

static void forged_mark_in_the_witness_is_refused(void **state)
{
    struct saved saved[SAVED_MAX];
    quipu_key ann = current_key(&opened, "ann");
    struct saved ring = subject_entry();
    char key[128];

    (void)state;
    forget(&opened, "bob");
    size_t count = save_entries(opened.witness, saved);

    for (size_t i = 0; i < count; i++) {
        if (strstr(saved[i].key, "/mark/")) {
            (void)snprintf(key, sizeof(key), "quipu/vault-witness/mark/%s",
                           strrchr(ring.key, '/') + 1);
            write_entry(opened.witness, key, saved[i].value, saved[i].size);
        }
    }
    /* Unequal sums make opening compare the marks. */
    write_entry(opened.keys, "quipu/vault/forgotten", (char[28]){ 1, 2, 3 },
                28);
    open_refused(&master, 1, QUIPU_CORRUPT, "was changed");
    quipu_datastore *witness = opened.witness;
    quipu_error error;

    opened.witness = NULL;
    assert_ok(vault_open_with(&opened, &master, 1, &error), &error);
    assert_key(&opened, "ann", &ann);
    opened.witness = witness;
}

/* --------------------------------------------------------------- options */

static void options_are_checked(void **state)
{
    quipu_vault_options options = {
        .struct_size = sizeof(options),
        .datastore = opened.keys,
        .witness = opened.keys,
        .masters = &master,
        .master_count = 1,
    };
    quipu_vault *vault = NULL;
    quipu_error error;

    (void)state;
    assert_refused(quipu_vault_open(&options, &vault, &error), QUIPU_INVALID,
                   &error, "the witness is the datastore of the keys");
    options.witness = NULL;
    options.datastore = NULL;
    assert_refused(quipu_vault_open(&options, &vault, &error), QUIPU_INVALID,
                   &error, "datastore");
    assert_refused(quipu_vault_open(NULL, &vault, &error), QUIPU_INVALID,
                   &error, "NULL");
    assert_refused(quipu_vault_rotate(NULL, (quipu_bytes){ NULL, 0 }, &error),
                   QUIPU_INVALID, &error, "vault");
    assert_refused(quipu_vault_rewrap(NULL, NULL, &error), QUIPU_INVALID,
                   &error, "vault");
    assert_null(quipu_vault_keys(NULL));
    quipu_vault_close(NULL);
    assert_refused(quipu_datastore_close(opened.keys, &error), QUIPU_INVALID,
                   &error, "open");
    assert_refused(quipu_datastore_close(opened.witness, &error), QUIPU_INVALID,
                   &error, "open");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_subject_has_its_own_key),
        TEST(entries_do_not_say_whose_they_are),
        TEST(key_of_another_vault_is_a_conflict),
        TEST(subjects_are_checked),
        TEST(two_first_keys_are_one),
        TEST(key_of_unknown_outcome_is_read_again),
        TEST(rotated_key_still_opens),
        TEST(forgotten_subject_stays_forgotten),
        TEST(subject_without_a_key_can_be_forgotten),
        TEST(key_that_was_destroyed_meanwhile_does_not_come_back),
        TEST(key_that_was_made_meanwhile_is_destroyed),
        TEST(two_forgettings_at_once_are_both_kept),
        TEST(unreachable_vault_is_not_forgotten),
        TEST(damaged_entry_is_never_forgotten),
        TEST(mark_and_keys_of_another_subject_are_refused),
        TEST(wrong_master_key_opens_nothing),
        TEST(rewrapped_vault_needs_the_new_master_key_only),
        TEST(rewrapping_does_not_undo_a_forgetting),
        TEST(restored_vault_forgets_again),
        TEST(restored_vault_that_has_forgotten_another_forgets_both),
        TEST(restored_witness_gets_the_marks_again),
        TEST(lost_vault_is_not_replaced_by_a_new_one),
        TEST(witness_of_another_vault_is_a_conflict),
        TEST(forged_mark_in_the_witness_is_refused),
        TEST(options_are_checked),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
