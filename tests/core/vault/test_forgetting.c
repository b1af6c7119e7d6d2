/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forgets one of many patients, in a store with a vault, snapshots and a cache
 * (C3, C4, C6; X5, X6, X7, D6).  The environment variable QUIPU_TEST_PATIENTS
 * gives their number.
 */
#include "vault_fixture.h"

#include <quipu/declare.h>

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "quipu_test_skip.h"
#include "records/append.h"
#include "vault/vault.h"

/* In personal members only, and in clear members only. */
#define CANARY "CANARY-of-a-person"
#define CLEAR "ward-in-clear"

QUIPU_EVENT(registered, "Patient.Registered", QUIPU_VALUE(int, birth_year),
            QUIPU_PERSONAL(const char *, name, base.originator_id, "(gone)"));
QUIPU_EVENT(treated, "Patient.Treated", QUIPU_VALUE(const char *, ward),
            QUIPU_VALUE(quipu_id, doctor),
            QUIPU_PERSONAL_NULLABLE(const char *, diagnosis,
                                    base.originator_id),
            QUIPU_PERSONAL(const char *, by, doctor, "(a doctor)"));
QUIPU_AGGREGATE(patient, QUIPU_VALUE(char *, name), QUIPU_VALUE(char *, last),
                QUIPU_VALUE(char *, by), QUIPU_VALUE(int, visits));

QUIPU_HANDLER(patient, registered)
{
    return quipu_text_set(&patient->name, event->name, error);
}
QUIPU_HANDLER(patient, treated)
{
    int status = quipu_text_set(
        &patient->last, event->diagnosis ? event->diagnosis : "(none)", error);

    patient->visits++;
    return status == QUIPU_OK ? quipu_text_set(&patient->by, event->by, error)
                              : status;
}
static QUIPU_AGGREGATE_TYPE(patient, "Patient", QUIPU_APPLIES(registered),
                            QUIPU_APPLIES(treated));

static const quipu_event_type *const types[] = { &registered, &treated };

enum { TREATMENTS = 3, FORGOTTEN = 1 };

static int patients(void)
{
    const char *text = getenv("QUIPU_TEST_PATIENTS");

    return text ? (int)strtol(text, NULL, 10) : 12;
}

/* ------------------------------------------------------------------ clinic */

struct clinic {
    struct opened_vault opened; /* its witness is the store of the events */
    quipu_sealing sealing;
    quipu_store *store;
    quipu_repository *plain;
    quipu_repository *kept; /* with snapshots and a cache */
};

static void open_store_of(struct clinic *clinic)
{
    const quipu_snapshot_policy snapshots = { .struct_size = sizeof(snapshots),
                                              .every = 2,
                                              .kept = 3 };
    const quipu_cache_policy cache = { .struct_size = sizeof(cache),
                                       .bytes = 1 << 20 };
    quipu_mapping mapping = { .struct_size = sizeof(mapping),
                              .types = types,
                              .type_count = 2,
                              .sealing = &clinic->sealing };
    quipu_schema schema;
    quipu_error error;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    schema.event_id = "event_id";
    clinic->sealing = (quipu_sealing){
        .struct_size = sizeof(clinic->sealing),
        .keys = quipu_vault_keys(clinic->opened.vault),
    };
    assert_ok(quipu_datastore_setup(clinic->opened.witness, &schema, &error),
              &error);
    assert_ok(quipu_store_open(clinic->opened.witness, &schema, &mapping,
                               &clinic->store, &error),
              &error);
    assert_ok(quipu_repository_open(clinic->store, NULL, &patient_type,
                                    &clinic->plain, &error),
              &error);
    assert_ok(quipu_repository_open(clinic->store, NULL, &patient_type,
                                    &clinic->kept, &error),
              &error);
    assert_ok(quipu_repository_use_snapshots(clinic->kept, &snapshots, &error),
              &error);
    assert_ok(quipu_repository_use_cache(clinic->kept, &cache, &error), &error);
}

static void open_clinic(struct clinic *clinic)
{
    vault_open(&clinic->opened);
    open_store_of(clinic);
}

static void close_clinic(struct clinic *clinic)
{
    quipu_error error;

    quipu_repository_close(clinic->plain);
    quipu_repository_close(clinic->kept);
    assert_ok(quipu_store_close(clinic->store, &error), &error);
    vault_close(&clinic->opened);
}

static quipu_id patient_id(int number)
{
    quipu_id id;
    char text[32];

    (void)snprintf(text, sizeof(text), "patient-%d", number);
    assert_ok(quipu_id_of_text(&id, text, NULL), NULL);
    return id;
}

/* Commits the events of an aggregate that belongs to the unit. */
static int commit(quipu_unit *unit, quipu_error *error)
{
    int status = quipu_unit_commit(unit, NULL, error);

    quipu_unit_destroy(unit);
    return status;
}

static quipu_unit *begin(const struct clinic *clinic)
{
    quipu_unit *unit = NULL;
    quipu_error error;

    assert_ok(quipu_unit_create(clinic->store, &unit, &error), &error);
    return unit;
}

static void admit(struct clinic *clinic, int number)
{
    quipu_id id = patient_id(number);
    quipu_unit *unit = begin(clinic);
    quipu_id doctor;
    quipu_error error;
    char text[64];
    struct patient *patient = quipu_unit_new(unit, clinic->plain, &id, &error);

    assert_non_null(patient);
    assert_ok(quipu_id_of_text(&doctor, "doctor", NULL), NULL);
    (void)snprintf(text, sizeof(text), CANARY " %d", number);
    assert_ok(QUIPU_TRIGGER(patient, registered, &error,
                            .birth_year = 1900 + number % 100, .name = text),
              &error);
    for (int i = 0; i < TREATMENTS; i++) {
        assert_ok(QUIPU_TRIGGER(patient, treated, &error, .ward = CLEAR,
                                .doctor = doctor, .diagnosis = text,
                                .by = "a doctor's " CANARY),
                  &error);
    }
    assert_ok(commit(unit, &error), &error);
}

/* Whether the patient is as admitted, or gone; fails if it is something else,
 * or if another way of getting it answers something else. */
static bool check_patient(struct clinic *clinic, int number)
{
    quipu_repository *const repositories[] = { clinic->plain, clinic->kept,
                                               clinic->kept };
    quipu_id id = patient_id(number);
    quipu_error error;
    int gone = 0;
    char text[64];

    (void)snprintf(text, sizeof(text), CANARY " %d", number);
    for (int64_t version = -1; version <= TREATMENTS; version++) {
        for (int i = 0; i < 3; i++) {
            struct patient *patient =
                version < 0 ? quipu_repository_get(repositories[i], &id, &error)
                            : quipu_repository_get_at(repositories[i], &id,
                                                      version, &error);
            const int visits = version < 0 ? TREATMENTS : (int)version;

            if (!patient) {
                print_error("%s\n", error.message);
            }
            assert_non_null(patient);
            bool is_gone = strcmp(patient->name, "(gone)") == 0;

            gone += is_gone;
            assert_string_equal(patient->name, is_gone ? "(gone)" : text);
            assert_int_equal(patient->visits, visits);
            if (visits > 0) {
                assert_string_equal(patient->last, is_gone ? "(none)" : text);
                assert_string_equal(patient->by, "a doctor's " CANARY);
            }
            quipu_aggregate_destroy(&patient->base);
        }
    }
    assert_true(gone == 0 || gone == 3 * (TREATMENTS + 2));
    return gone > 0;
}

/* A checksum of all items of the log, to the bit. */
static uint64_t sum_log(const struct clinic *clinic, int64_t *count)
{
    const quipu_query query = { .struct_size = sizeof(query) };
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    quipu_error error;
    uint64_t sum = 14695981039346656037u;

    *count = 0;
    assert_ok(quipu_records_read_log(quipu_store_records(clinic->store), &query,
                                     &cursor, &error),
              &error);
    do {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        for (size_t i = 0; item && i < item->state.size; i++) {
            sum =
                (sum ^ ((const uint8_t *)item->state.data)[i]) * 1099511628211u;
        }
        *count += item != NULL;
    } while (item);
    quipu_cursor_close(cursor);
    return sum;
}

/* --------------------------------------------------------------- searching */

/* Number of occurrences of bytes in the files below a folder. */
static int search(const char *folder, const void *bytes, size_t size)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    int found = 0;

    for (; entries && (entry = readdir(entries));) {
        struct stat about;
        char path[4096];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.' || lstat(path, &about) != 0) {
            continue;
        }
        if (S_ISDIR(about.st_mode)) {
            found += search(path, bytes, size);
        } else if (S_ISREG(about.st_mode) && about.st_size > 0) {
            FILE *file = fopen(path, "rb");
            char *content = malloc((size_t)about.st_size);
            size_t got =
                file ? fread(content, 1, (size_t)about.st_size, file) : 0;
            const char *at = content;

            while (
                (at = memmem(at, got - (size_t)(at - content), bytes, size))) {
                found++;
                at++;
            }
            free(content);
            if (file) {
                (void)fclose(file);
            }
        }
    }
    if (entries) {
        (void)closedir(entries);
    }
    return found;
}

/* The same in all files of the stores. */
static int search_stores(const void *bytes, size_t size)
{
    const char *server = getenv("PGHOST");

    return search(".", bytes, size) +
           (server && strcmp(MODEL.driver, "postgres") == 0
                ? search(server, bytes, size)
                : 0);
}

/* ------------------------------------------------------------------- tests */

static void make_clinic(struct clinic *clinic)
{
    vault_prepare();
    open_clinic(clinic);
    for (int i = 0; i < patients(); i++) {
        admit(clinic, i);
    }
    for (int i = 0; i < 3; i++) { /* in snapshots and in the cache */
        assert_false(check_patient(clinic, i));
    }
}

static void forgotten_patient_is_gone_everywhere(void **state)
{
    struct clinic clinic;
    int64_t count, count_after;
    char subject[32];
    (void)state;

    make_clinic(&clinic);
    uint64_t sum = sum_log(&clinic, &count);

    assert_int_equal(count, (int64_t)patients() * (1 + TREATMENTS));
    (void)snprintf(subject, sizeof(subject), "patient-%d", FORGOTTEN);
    quipu_key key = current_key(&clinic.opened, subject);

    forget(&clinic.opened, subject);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < patients(); i++) {
            assert_int_equal(check_patient(&clinic, i), i == FORGOTTEN);
        }
        assert_forgotten(&clinic.opened, subject, &key);
        assert_true(sum_log(&clinic, &count_after) == sum);
        assert_int_equal(count_after, count);
        close_clinic(&clinic);
        open_clinic(&clinic);
    }

    /* X6 */
    quipu_id id = patient_id(FORGOTTEN);
    quipu_error error;
    quipu_unit *unit = begin(&clinic);
    struct patient *patient = quipu_unit_get(unit, clinic.plain, &id, &error);

    assert_non_null(patient);
    assert_ok(QUIPU_TRIGGER(patient, treated, &error, .ward = CLEAR,
                            .doctor = id, .diagnosis = "new", .by = "x"),
              &error);
    assert_refused(commit(unit, &error), QUIPU_DENIED, &error,
                   "has been forgotten");
    assert_null(strstr(error.message, CANARY));
    close_clinic(&clinic);
}

/* A program without the cache and another one with it: the cached state is
 * refused when another process forgets, too. */
static void cached_state_is_not_used_after_another_forgets(void **state)
{
    struct clinic clinic;
    struct opened_vault other;
    (void)state;

    make_clinic(&clinic);
    assert_false(check_patient(&clinic, FORGOTTEN));
    vault_open(&other);
    forget(&other, "patient-1");
    vault_close(&other);
    assert_true(check_patient(&clinic, FORGOTTEN));
    close_clinic(&clinic);
}

static void state_without_a_living_subject_is_kept_again(void **state)
{
    struct clinic clinic;
    quipu_repository_counts counts = { .struct_size = sizeof(counts) };
    quipu_error error;
    (void)state;

    make_clinic(&clinic);
    forget(&clinic.opened, "patient-1");
    forget(&clinic.opened, "doctor");
    quipu_id id = patient_id(FORGOTTEN);

    for (int i = 0; i < 3; i++) {
        struct patient *patient =
            quipu_repository_get(clinic.kept, &id, &error);

        assert_non_null(patient);
        assert_string_equal(patient->name, "(gone)");
        assert_string_equal(patient->by, "(a doctor)");
        quipu_aggregate_destroy(&patient->base);
    }
    assert_ok(quipu_repository_count(clinic.kept, &counts, &error), &error);
    assert_true(counts.cache_refused > 0);
    assert_true(counts.hits > 1);
    close_clinic(&clinic);
}

static void files_never_contain_personal_members(void **state)
{
    struct clinic clinic;
    struct saved saved[SAVED_MAX];
    char ring[256] = "";
    size_t ring_size = 0;
    (void)state;

    make_clinic(&clinic);
    quipu_key key = current_key(&clinic.opened, "patient-1");

    if (patients() + 4 < SAVED_MAX) {
        size_t count = save_entries(clinic.opened.keys, saved);

        for (size_t i = 0; i < count; i++) {
            if (memmem(saved[i].value, saved[i].size, key.id, 16)) {
                ring_size = saved[i].size;
                memcpy(ring, saved[i].value, ring_size);
            }
        }
        assert_true(ring_size > 0);
    }
    forget(&clinic.opened, "patient-1");
    assert_true(check_patient(&clinic, FORGOTTEN));
    for (int is_closed = 0; is_closed < 2; is_closed++) {
        int clear = search_stores(CLEAR, sizeof(CLEAR) - 1);

        assert_true(clear > 0); /* the search finds what is there */
        assert_int_equal(search_stores(CANARY, sizeof(CANARY) - 1), 0);
        assert_int_equal(search_stores(key.secret, sizeof(key.secret)), 0);
        print_message("%s, %s: \"" CLEAR "\" %d times, canary 0, secret 0, "
                      "destroyed key as it was wrapped %d times\n",
                      MODEL.driver, is_closed ? "closed" : "open", clear,
                      ring_size > 0 ? search_stores(ring, ring_size) : 0);
        if (!is_closed) {
            close_clinic(&clinic);
        }
    }
}

/* The keys of before, with the log of now; and the log of before. */
static void restored_backups_stay_forgotten(void **state)
{
    struct saved keys[SAVED_MAX], marks[SAVED_MAX];
    struct clinic clinic;
    (void)state;

    if (patients() + 4 >= SAVED_MAX) {
        quipu_test_skip("its saved keys have no room for that many patients");
    }
    vault_prepare();
    open_clinic(&clinic);
    for (int i = 0; i < patients(); i++) {
        admit(&clinic, i);
    }
    size_t key_count = save_entries(clinic.opened.keys, keys);
    size_t mark_count = save_entries(clinic.opened.witness, marks);

    forget(&clinic.opened, "patient-1");
    restore_entries(clinic.opened.witness, marks, mark_count);
    close_clinic(&clinic);
    open_clinic(&clinic);
    assert_true(check_patient(&clinic, FORGOTTEN));
    restore_entries(clinic.opened.keys, keys, key_count);
    close_clinic(&clinic);
    open_clinic(&clinic);
    for (int i = 0; i < patients(); i++) {
        assert_int_equal(check_patient(&clinic, i), i == FORGOTTEN);
    }
    close_clinic(&clinic);
}

/* The vault fails at its n-th call, for each n: an error, or the patient. */
static void unreachable_vault_is_an_error(void **state)
{
    struct clinic clinic;
    quipu_id id = patient_id(FORGOTTEN);
    int failed = 0;
    bool is_done = false;
    (void)state;

    make_clinic(&clinic);
    for (int n = 1; !is_done; n++) {
        quipu_error error;

        interposed.calls = 0;
        interposed.fail_at = n;
        interposed.status = QUIPU_IO;
        struct patient *patient =
            quipu_repository_get(clinic.plain, &id, &error);

        is_done = patient && atomic_load(&interposed.calls) < n;
        failed += !patient;
        if (patient) {
            assert_string_equal(patient->name, CANARY " 1");
            quipu_aggregate_destroy(&patient->base);
        } else {
            assert_int_equal(error.code, QUIPU_IO);
        }
    }
    interposed.fail_at = 0;
    print_message("%d calls failed\n", failed);
    assert_true(failed > 4);
    close_clinic(&clinic);
}

/* Returns whether the process was killed. */
static bool forget_in_process(int kill_at)
{
    int status = 0;
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        struct clinic clinic;

        open_clinic(&clinic);
        interposed.calls = 0;
        interposed.counts_ends = true;
        interposed.kill_at = kill_at;
        forget(&clinic.opened, "patient-1");
        interposed.kill_at = 0;
        close_clinic(&clinic);
        _exit(0);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
                                    : WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

/* One log, and a patient that is forgotten at the last kill: a killed
 * forgetting before that leaves it as it was, or gone. */
static void killed_forgetting_forgets_one_or_nobody(void **state)
{
    struct clinic clinic;
    int64_t count;
    uint64_t sum;
    int kill_at = 0, gone = 0;
    bool killed = true;
    (void)state;

    make_clinic(&clinic);
    sum = sum_log(&clinic, &count);
    close_clinic(&clinic);
    while (killed) {
        killed = forget_in_process(++kill_at);
        open_clinic(&clinic);
        gone += check_patient(&clinic, FORGOTTEN);
        assert_true(killed || gone > 0);
        for (int i = 0; i < 5; i++) {
            if (i != FORGOTTEN) {
                assert_false(check_patient(&clinic, i));
            }
        }
        assert_true(sum_log(&clinic, &count) == sum);
        close_clinic(&clinic);
    }
    open_clinic(&clinic);
    for (int i = 0; i < patients(); i++) {
        assert_int_equal(check_patient(&clinic, i), i == FORGOTTEN);
    }
    close_clinic(&clinic);
    print_message("%d kills, %d patients\n", kill_at - 1, patients());
    assert_true(kill_at > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgotten_patient_is_gone_everywhere),
        cmocka_unit_test(cached_state_is_not_used_after_another_forgets),
        cmocka_unit_test(state_without_a_living_subject_is_kept_again),
        cmocka_unit_test(files_never_contain_personal_members),
        cmocka_unit_test(restored_backups_stay_forgotten),
        cmocka_unit_test(unreachable_vault_is_an_error),
        cmocka_unit_test(killed_forgetting_forgets_one_or_nobody),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
