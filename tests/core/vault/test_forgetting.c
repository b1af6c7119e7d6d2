/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forgets a patient of a clinic (X5, X6, D6).  C3, C4 and C6 of the acceptance
 * tests do it with many patients, and with failures.
 */
#include "clinic_fixture.h"

enum { PATIENTS = 6, FORGOTTEN = 1 };

static void forgotten_patient_gets_no_event(void **state)
{
    struct clinic clinic;
    quipu_error error;
    (void)state;

    clinic_make(&clinic, &MODEL, PATIENTS);
    forget(&clinic.opened, "patient-1");
    assert_refused(clinic_treat(&clinic, FORGOTTEN, &error), QUIPU_DENIED,
                   &error, "has been forgotten");
    assert_null(strstr(error.message, CLINIC_CANARY));
    assert_ok(clinic_treat(&clinic, 0, &error), &error);
    clinic_close(&clinic);
}

/* A program without the cache and another one with it: the cached state is
 * refused when another process forgets, too. */
static void cached_state_is_not_used_after_another_forgets(void **state)
{
    struct clinic clinic;
    struct opened_vault other;
    (void)state;

    clinic_make(&clinic, &MODEL, PATIENTS);
    assert_false(clinic_is_gone(&clinic, FORGOTTEN));
    vault_open(&other);
    forget(&other, "patient-1");
    vault_close(&other);
    assert_true(clinic_is_gone(&clinic, FORGOTTEN));
    clinic_close(&clinic);
}

static void state_without_a_living_subject_is_kept_again(void **state)
{
    struct clinic clinic;
    quipu_repository_counts counts = { .struct_size = sizeof(counts) };
    quipu_error error;
    (void)state;

    clinic_make(&clinic, &MODEL, PATIENTS);
    forget(&clinic.opened, "patient-1");
    forget(&clinic.opened, "doctor");
    for (int i = 0; i < 3; i++) {
        clinic_check_nobody(&clinic, FORGOTTEN);
    }
    assert_ok(quipu_repository_count(clinic.kept, &counts, &error), &error);
    assert_true(counts.cache_refused > 0);
    assert_true(counts.hits > 1);
    clinic_close(&clinic);
}

/* A state that is kept, opened, and kept again after events without personal
 * members is still sealed with the keys of its subjects. */
static void state_that_is_kept_again_has_its_subjects(void **state)
{
    struct clinic clinic;
    quipu_repository_counts counts = { .struct_size = sizeof(counts) };
    quipu_error error;
    (void)state;

    clinic_make(&clinic, &MODEL, PATIENTS);
    for (int i = 0; i < 2; i++) {
        clinic_close(&clinic); /* without cached states */
        clinic_open(&clinic);
        clinic_move(&clinic, FORGOTTEN);
        clinic_move(&clinic, FORGOTTEN);
        assert_false(clinic_is_gone(&clinic, FORGOTTEN));
        assert_ok(quipu_repository_count(clinic.kept, &counts, &error), &error);
        assert_true(counts.snapshots_used > 0 && counts.snapshots_taken > 0);
    }
    forget(&clinic.opened, "patient-1");
    for (int i = 0; i < 2; i++) {
        assert_true(clinic_is_gone(&clinic, FORGOTTEN));
        assert_false(clinic_is_gone(&clinic, 0));
        clinic_close(&clinic);
        clinic_open(&clinic);
    }
    clinic_close(&clinic);
}

/* Of patients that are got together one has a snapshot that cannot be opened.
 * The clinic can be closed, so no cursor has been left open. */
static void forgotten_patient_is_got_with_others(void **state)
{
    struct clinic clinic;
    quipu_id ids[PATIENTS];
    void *patients[PATIENTS];
    quipu_error error;
    (void)state;

    clinic_make(&clinic, &MODEL, PATIENTS);
    clinic_close(&clinic); /* without cached states */
    clinic_open(&clinic);
    forget(&clinic.opened, "patient-1");
    for (int i = 0; i < PATIENTS; i++) {
        ids[i] = clinic_patient_id(i);
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(quipu_repository_get_many(clinic.kept, ids, PATIENTS,
                                            patients, &error),
                  &error);
        for (int j = 0; j < PATIENTS; j++) {
            assert_non_null(patients[j]);
            quipu_aggregate_destroy(patients[j]);
        }
    }
    assert_true(clinic_is_gone(&clinic, FORGOTTEN));
    clinic_close(&clinic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgotten_patient_gets_no_event),
        cmocka_unit_test(cached_state_is_not_used_after_another_forgets),
        cmocka_unit_test(state_without_a_living_subject_is_kept_again),
        cmocka_unit_test(state_that_is_kept_again_has_its_subjects),
        cmocka_unit_test(forgotten_patient_is_got_with_others),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
