/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C3: one of 10,000 patients is forgotten, by processes that are killed at each
 * of their calls.  It is gone in every version, snapshot and cached state, and
 * stays so when the witness is restored from before; the items have not changed
 * in a bit, and all others are there.
 *
 * C4: no file of the stores contains a personal member or a destroyed key,
 * before the stores are closed and afterwards.
 *
 * C6: a vault that cannot be read, another master key, a vault of before, and a
 * lost one are errors: nobody is "(gone)" for that, and a forgotten patient
 * gets no new key (X4, X6).
 */
#include "acceptance.h"

#include "core/vault/clinic_fixture.h"

enum { FORGOTTEN = 1, FEW = 12 };

static const char *const subject = "patient-1";

static void reopen(struct clinic *clinic)
{
    clinic_close(clinic);
    clinic_open(clinic);
}

/* ---------------------------------------------------------------------- C3 */

/* Kills processes that forget, until one has come to its end.  Returns the
 * number of kills; *gone: after how many of them the patient was gone. */
static int kill_at_each_call(struct clinic *clinic, uint64_t sum, int *gone)
{
    int kill_at = 0;
    int64_t count;
    bool is_killed = true;

    *gone = 0;
    clinic_close(clinic);
    while (is_killed) {
        is_killed = clinic_kill_forgetting(FORGOTTEN, ++kill_at);
        clinic_open(clinic);
        bool is_gone = clinic_is_gone(clinic, FORGOTTEN);

        *gone += is_killed && is_gone;
        assert_true(is_killed || is_gone);
        assert_false(clinic_is_gone(clinic, 0));
        assert_false(clinic_is_gone(clinic, 2));
        assert_true(clinic_sum(clinic, &count) == sum);
        clinic_close(clinic);
    }
    clinic_open(clinic);
    return kill_at - 1;
}

/* The witness of before the forgetting, which lacks the mark. */
static void restore_marks(struct clinic *clinic, const struct saved *marks,
                          size_t count)
{
    restore_entries(clinic->opened.witness, marks, count);
    reopen(clinic);
    assert_true(clinic_is_gone(clinic, FORGOTTEN));
}

static void forget_one(struct acceptance *run)
{
    const int patients = run->is_short ? FEW : 10000;
    struct clinic clinic;
    struct saved marks[SAVED_MAX];
    int64_t count = 0;
    int64_t count_after = 0;
    int gone = 0;

    clinic_make(&clinic, run->model, patients);
    uint64_t sum = clinic_sum(&clinic, &count);
    size_t mark_count = save_entries(clinic.opened.witness, marks);
    quipu_key key = current_key(&clinic.opened, subject);
    int kills = kill_at_each_call(&clinic, sum, &gone);

    assert_forgotten(&clinic.opened, subject, &key);
    restore_marks(&clinic, marks, mark_count);
    clinic_check(&clinic, patients, FORGOTTEN);
    assert_forgotten(&clinic.opened, subject, &key);
    assert_true(clinic_sum(&clinic, &count_after) == sum);
    assert_int_equal(count_after, count);
    clinic_close(&clinic);
    acceptance_note(run,
                    "1 of %d patients forgotten, %lld items: kills %d, gone "
                    "after %d of them; gone in each version and snapshot, and "
                    "after the witness was restored: 1, others gone 0, items "
                    "changed 0",
                    patients, (long long)count, kills, gone);
    assert_true(kills > 2);
}

/* ---------------------------------------------------------------------- C4 */

/* Copies the entry of the vault that has the key, as it is stored. */
static struct saved wrapped_key(const struct clinic *clinic,
                                const quipu_key *key)
{
    struct saved saved[SAVED_MAX];
    struct saved found = { .size = 0 };
    size_t count = save_entries(clinic->opened.keys, saved);

    for (size_t i = 0; i < count; i++) {
        if (memmem(saved[i].value, saved[i].size, key->id, 16)) {
            found = saved[i];
        }
    }
    assert_true(found.size > 0);
    return found;
}

static void search_files(struct acceptance *run)
{
    struct clinic clinic;

    clinic_make(&clinic, run->model, run->is_short ? FEW : 150);
    quipu_key key = current_key(&clinic.opened, subject);
    struct saved wrapped = wrapped_key(&clinic, &key);

    forget(&clinic.opened, subject);
    for (int is_closed = 0; is_closed < 2; is_closed++) {
        int clear =
            clinic_search(run->model, CLINIC_CLEAR, sizeof(CLINIC_CLEAR) - 1);
        int canary =
            clinic_search(run->model, CLINIC_CANARY, sizeof(CLINIC_CANARY) - 1);
        int secret = clinic_search(run->model, key.secret, sizeof(key.secret));

        acceptance_note(
            run,
            "%s: clear members found %d, personal ones %d, destroyed key %d, "
            "the same as it was wrapped %d",
            is_closed ? "; closed" : "files of the open stores", clear, canary,
            secret, clinic_search(run->model, wrapped.value, wrapped.size));
        assert_true(clear > 0); /* the search finds what is there */
        assert_int_equal(canary, 0);
        assert_int_equal(secret, 0);
        if (!is_closed) {
            assert_true(clinic_is_gone(&clinic, FORGOTTEN));
            clinic_close(&clinic);
        }
    }
}

/* ---------------------------------------------------------------------- C6 */

/* Lets the n-th call of the stores fail, for each n, while the patient is read
 * or treated.  Returns the number of failures. */
static int fail_each_call(struct clinic *clinic, int number, bool treats,
                          bool is_forgotten, int failure)
{
    bool is_gone = false;
    int failed = 0;
    int status;

    do {
        quipu_error error;

        interposed.calls = 0;
        interposed.status = failure;
        interposed.fail_at = failed + 1;
        status = treats ? clinic_treat(clinic, number, &error)
                        : clinic_get(clinic, number, &is_gone, &error);
        failed += status == failure;
    } while (status == failure);
    interposed.fail_at = 0;
    assert_int_equal(status, treats && is_forgotten ? QUIPU_DENIED : QUIPU_OK);
    assert_true(treats || is_gone == is_forgotten);
    return failed;
}

static int refuse_master(struct clinic *clinic, const quipu_key *wrong)
{
    quipu_error error;

    clinic_close(clinic);
    vault_open_stores(&clinic->opened);
    int status = vault_open_with(&clinic->opened, wrong, 1, &error);

    clinic->opened.vault = NULL;
    vault_close(&clinic->opened);
    clinic_open(clinic);
    return status;
}

/* The vault of before two patients were forgotten and admitted. */
static void restore_vault(struct acceptance *run, struct clinic *clinic,
                          const struct saved *keys, size_t count)
{
    bool is_gone = false;
    quipu_error error;

    restore_entries(clinic->opened.keys, keys, count);
    reopen(clinic);
    assert_status(clinic_get(clinic, FEW, &is_gone, &error), QUIPU_CONFLICT);
    assert_true(clinic_is_gone(clinic, FORGOTTEN));
    assert_status(clinic_treat(clinic, FORGOTTEN, &error), QUIPU_DENIED);
    assert_false(clinic_is_gone(clinic, 0));
    acceptance_note(run, "; a vault of before: the forgotten one gone 1, with "
                         "a new key 0, one with a lost key CONFLICT 1");
}

static void lose_vault(struct acceptance *run, struct clinic *clinic)
{
    quipu_error error;

    restore_entries(clinic->opened.keys, NULL, 0);
    clinic_close(clinic);
    vault_open_stores(&clinic->opened);
    assert_status(vault_open_with(&clinic->opened, &master, 1, &error),
                  QUIPU_CONFLICT);
    clinic->opened.vault = NULL;
    vault_close(&clinic->opened);
    acceptance_note(run, "; a lost vault: CONFLICT 1");
}

static void fail_vault(struct acceptance *run)
{
    struct clinic clinic;
    struct saved keys[SAVED_MAX];
    quipu_key changed = master;
    int failed = 0;

    changed.secret[0] ^= 1;
    clinic_make(&clinic, run->model, FEW);
    size_t count = save_entries(clinic.opened.keys, keys);

    forget(&clinic.opened, subject);
    clinic_admit(&clinic, FEW);
    failed += fail_each_call(&clinic, 2, false, false, QUIPU_IO);
    failed += fail_each_call(&clinic, FORGOTTEN, false, true, QUIPU_IO);
    failed += fail_each_call(&clinic, FORGOTTEN, true, true, QUIPU_IO);
    failed += fail_each_call(&clinic, FORGOTTEN, false, true, QUIPU_TIMEOUT);
    acceptance_note(run,
                    "failing calls of the stores %d, IO or TIMEOUT %d, "
                    "otherwise as before",
                    failed, failed);
    assert_true(failed > 12);
    assert_int_equal(refuse_master(&clinic, &other_master), QUIPU_DENIED);
    assert_int_equal(refuse_master(&clinic, &changed), QUIPU_CORRUPT);
    acceptance_note(run, "; another master key: DENIED 1, another secret of it "
                         "CORRUPT 1");
    restore_vault(run, &clinic, keys, count);
    lose_vault(run, &clinic);
}

const struct acceptance_test acceptance_forgetting = {
    "C3", "a patient is forgotten, with kills", forget_one, true
};
const struct acceptance_test acceptance_files = {
    "C4", "files are searched for what was forgotten", search_files, true
};
const struct acceptance_test acceptance_vaults = {
    "C6", "vaults that fail, are of before, or are lost", fail_vault, true
};
