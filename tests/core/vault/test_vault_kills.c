/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills a process that forgets or rewraps, at each of its calls of the driver
 * and after each of its commits, and checks the vault afterwards (X4, X8): a
 * subject is forgotten or not, nobody else loses a key, and the repetition
 * completes it.
 */
#include "vault_fixture.h"

#include "quipu_test_child.h"

enum { SUBJECTS = 5 };

static quipu_key keys[SUBJECTS];

static void name_subject(int number, char text[24])
{
    (void)snprintf(text, 24, "patient-%d", number);
}

static void make_keys(void)
{
    struct opened_vault opened;

    vault_prepare(&MODEL);
    vault_open(&opened);
    for (int i = 0; i < SUBJECTS; i++) {
        char subject[24];

        name_subject(i, subject);
        keys[i] = current_key(&opened, subject);
    }
    vault_close(&opened);
}

typedef void (*work)(struct opened_vault *opened);

static const quipu_key both[] = {
    { .id = "other master key", .secret = "another secret" },
    { .id = "first master key", .secret = "its secret" }
};

/* Returns whether the process was killed. */
static bool run_in_process(work function, int kill_at)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        struct opened_vault opened;
        quipu_error error;

        vault_open_stores(&opened);
        if (vault_open_with(&opened, both, 2, &error) != QUIPU_OK) {
            _exit(1);
        }
        interposed.calls = 0;
        interposed.counts_ends = true;
        interposed.kill_at = kill_at;
        function(&opened);
        interposed.kill_at = 0;
        vault_close(&opened);
        _exit(0);
    }
    return quipu_test_was_killed(process);
}

static void forget_one(struct opened_vault *opened)
{
    forget(opened, "patient-2");
}

static void rewrap_all(struct opened_vault *opened)
{
    quipu_error error;

    assert_ok(quipu_vault_rewrap(opened->vault, NULL, &error), &error);
}

/* Fails unless all keys but that of the forgotten patient are there.  Returns
 * whether that one is forgotten. */
static bool check_keys(const struct opened_vault *opened)
{
    bool is_forgotten = false;

    for (int i = 0; i < SUBJECTS; i++) {
        char subject[24];

        name_subject(i, subject);
        int status = find_code(opened, subject, &keys[i]);

        is_forgotten = is_forgotten || status == QUIPU_NOT_FOUND;
        assert_true(status == QUIPU_OK ||
                    (i == 2 && status == QUIPU_NOT_FOUND));
    }
    return is_forgotten;
}

static void killed_forgetting_is_complete_or_repeated(void **state)
{
    int forgotten = 0;
    int kill_at = 0;
    bool killed = true;
    (void)state;

    while (killed) {
        struct opened_vault opened;

        make_keys();
        killed = run_in_process(forget_one, ++kill_at);
        vault_open_stores(&opened);
        quipu_error error;

        assert_ok(vault_open_with(&opened, both, 2, &error), &error);
        bool is_forgotten = check_keys(&opened);

        assert_true(killed || is_forgotten);
        forgotten += killed && is_forgotten;
        if (is_forgotten) {
            assert_forgotten(&opened, "patient-2", &keys[2]);
            /* The witness has been settled, too. */
            struct saved saved[SAVED_MAX];

            assert_int_equal(save_entries(opened.witness, saved), 2);
        }
        forget(&opened, "patient-2");
        assert_true(check_keys(&opened));
        assert_forgotten(&opened, "patient-2", &keys[2]);
        vault_close(&opened);
    }
    print_message("%d kills, %d of them after the mark\n", kill_at - 1,
                  forgotten);
    assert_true(forgotten > 0 && forgotten < kill_at - 1);
}

static void killed_rewrapping_is_continued(void **state)
{
    int kill_at = 0;
    bool killed = true;
    (void)state;

    while (killed) {
        struct opened_vault opened;
        quipu_error error;

        make_keys();
        killed = run_in_process(rewrap_all, ++kill_at);
        vault_open_stores(&opened);
        assert_ok(vault_open_with(&opened, both, 2, &error), &error);
        assert_false(check_keys(&opened));
        rewrap_all(&opened);
        vault_close(&opened);
        vault_open_stores(&opened);
        assert_ok(vault_open_with(&opened, &both[0], 1, &error), &error);
        assert_false(check_keys(&opened));
        vault_close(&opened);
    }
    print_message("%d kills\n", kill_at - 1);
    assert_true(kill_at > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_forgetting_is_complete_or_repeated),
        cmocka_unit_test(killed_rewrapping_is_continued),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
