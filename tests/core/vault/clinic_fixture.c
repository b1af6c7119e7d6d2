/* SPDX-License-Identifier: Apache-2.0 */
#include "clinic_fixture.h"

#include "quipu_test_child.h"

#include <quipu/declare.h>

#include <dirent.h>
#include <sys/stat.h>

/* ----------------------------------------------------------------- domain */

QUIPU_EVENT(registered, "Patient.Registered", QUIPU_VALUE(int, birth_year),
            QUIPU_PERSONAL(const char *, name, base.originator_id, "(gone)"));
QUIPU_EVENT(treated, "Patient.Treated", QUIPU_VALUE(const char *, ward),
            QUIPU_VALUE(quipu_id, doctor),
            QUIPU_PERSONAL_NULLABLE(const char *, diagnosis,
                                    base.originator_id),
            QUIPU_PERSONAL(const char *, by, doctor, "(a doctor)"));
QUIPU_EVENT(moved, "Patient.Moved", QUIPU_VALUE(const char *, ward));
QUIPU_AGGREGATE(patient, QUIPU_VALUE(char *, name), QUIPU_VALUE(char *, last),
                QUIPU_VALUE(char *, by), QUIPU_VALUE(int, visits),
                QUIPU_VALUE(int, moves));

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
QUIPU_HANDLER(patient, moved)
{
    (void)event;
    (void)error;
    patient->moves++;
    return QUIPU_OK;
}
static QUIPU_AGGREGATE_TYPE(patient, "Patient", QUIPU_APPLIES(registered),
                            QUIPU_APPLIES(treated), QUIPU_APPLIES(moved));

static const quipu_event_type *const types[] = { &registered, &treated,
                                                 &moved };

/* ---------------------------------------------------------------- opening */

static void open_store_of(struct clinic *clinic)
{
    const quipu_snapshot_policy snapshots = { .struct_size = sizeof(snapshots),
                                              .every = 2,
                                              .kept = 3 };
    const quipu_cache_policy cache = { .struct_size = sizeof(cache),
                                       .bytes = 1 << 20 };
    quipu_mapping mapping = { .struct_size = sizeof(mapping),
                              .types = types,
                              .type_count = 3,
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

void clinic_open(struct clinic *clinic)
{
    vault_open(&clinic->opened);
    open_store_of(clinic);
}

void clinic_close(struct clinic *clinic)
{
    quipu_error error;

    quipu_repository_close(clinic->plain);
    quipu_repository_close(clinic->kept);
    assert_ok(quipu_store_close(clinic->store, &error), &error);
    vault_close(&clinic->opened);
}

quipu_id clinic_patient_id(int number)
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

static int trigger_treated(struct patient *patient, const char *diagnosis,
                           quipu_error *error)
{
    quipu_id doctor;

    assert_ok(quipu_id_of_text(&doctor, "doctor", NULL), NULL);
    return QUIPU_TRIGGER(patient, treated, error, .ward = CLINIC_CLEAR,
                         .doctor = doctor, .diagnosis = diagnosis,
                         .by = "a doctor's " CLINIC_CANARY);
}

void clinic_admit(struct clinic *clinic, int number)
{
    quipu_id id = clinic_patient_id(number);
    quipu_unit *unit = begin(clinic);
    quipu_error error;
    char text[64];
    struct patient *patient = quipu_unit_new(unit, clinic->plain, &id, &error);

    assert_non_null(patient);
    (void)snprintf(text, sizeof(text), CLINIC_CANARY " %d", number);
    assert_ok(QUIPU_TRIGGER(patient, registered, &error,
                            .birth_year = 1900 + number % 100, .name = text),
              &error);
    for (int i = 0; i < CLINIC_TREATMENTS; i++) {
        assert_ok(trigger_treated(patient, text, &error), &error);
    }
    assert_ok(commit(unit, &error), &error);
}

int clinic_treat(struct clinic *clinic, int number, quipu_error *error)
{
    quipu_id id = clinic_patient_id(number);
    quipu_unit *unit = begin(clinic);
    struct patient *patient = quipu_unit_get(unit, clinic->plain, &id, error);

    if (!patient) {
        quipu_unit_destroy(unit);
        return error->code;
    }
    assert_ok(trigger_treated(patient, "again", error), error);
    return commit(unit, error);
}

void clinic_move(struct clinic *clinic, int number)
{
    quipu_id id = clinic_patient_id(number);
    quipu_unit *unit = begin(clinic);
    quipu_error error;
    struct patient *patient = quipu_unit_get(unit, clinic->plain, &id, &error);

    assert_non_null(patient);
    assert_ok(QUIPU_TRIGGER(patient, moved, &error, .ward = CLINIC_CLEAR),
              &error);
    assert_ok(commit(unit, &error), &error);
}

/* --------------------------------------------------------------- checking */

/* Whether the patient is gone; fails unless it is as admitted otherwise. */
static bool check_state(const struct patient *patient, int number, int visits)
{
    bool is_gone = strcmp(patient->name, "(gone)") == 0;
    char text[64];

    (void)snprintf(text, sizeof(text), CLINIC_CANARY " %d", number);
    assert_string_equal(patient->name, is_gone ? "(gone)" : text);
    assert_int_equal(patient->visits, visits);
    if (visits > 0) {
        assert_string_equal(patient->last, is_gone ? "(none)" : text);
        assert_string_equal(patient->by, "a doctor's " CLINIC_CANARY);
    }
    return is_gone;
}

int clinic_get(struct clinic *clinic, int number, bool *is_gone,
               quipu_error *error)
{
    quipu_id id = clinic_patient_id(number);
    struct patient *patient = quipu_repository_get(clinic->plain, &id, error);

    if (!patient) {
        return error->code;
    }
    *is_gone = check_state(patient, number, CLINIC_TREATMENTS);
    quipu_aggregate_destroy(&patient->base);
    return QUIPU_OK;
}

bool clinic_is_gone(struct clinic *clinic, int number)
{
    quipu_repository *const repositories[] = { clinic->plain, clinic->kept,
                                               clinic->kept };
    quipu_id id = clinic_patient_id(number);
    quipu_error error;
    int gone = 0;

    for (int64_t version = -1; version <= CLINIC_TREATMENTS; version++) {
        for (int i = 0; i < 3; i++) {
            struct patient *patient =
                version < 0 ? quipu_repository_get(repositories[i], &id, &error)
                            : quipu_repository_get_at(repositories[i], &id,
                                                      version, &error);

            if (!patient) {
                print_error("%s\n", error.message);
            }
            assert_non_null(patient);
            gone += check_state(patient, number,
                                version < 0 ? CLINIC_TREATMENTS : (int)version);
            quipu_aggregate_destroy(&patient->base);
        }
    }
    assert_true(gone == 0 || gone == 3 * (CLINIC_TREATMENTS + 2));
    return gone > 0;
}

void clinic_check(struct clinic *clinic, int patients, int gone)
{
    for (int i = 0; i < patients; i++) {
        assert_int_equal(clinic_is_gone(clinic, i), i == gone);
    }
}

void clinic_check_nobody(struct clinic *clinic, int number)
{
    quipu_id id = clinic_patient_id(number);
    quipu_error error;
    struct patient *patient = quipu_repository_get(clinic->kept, &id, &error);

    assert_non_null(patient);
    assert_string_equal(patient->name, "(gone)");
    assert_string_equal(patient->by, "(a doctor)");
    quipu_aggregate_destroy(&patient->base);
}

uint64_t clinic_sum(const struct clinic *clinic, int64_t *count)
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

int clinic_search(const struct model *model, const void *bytes, size_t size)
{
    const char *server = getenv("PGHOST");

    return search(".", bytes, size) +
           (server && strcmp(model->driver, "postgres") == 0
                ? search(server, bytes, size)
                : 0);
}

/* ----------------------------------------------------------------- making */

void clinic_make(struct clinic *clinic, const struct model *model, int patients)
{
    vault_prepare(model);
    clinic_open(clinic);
    for (int i = 0; i < patients; i++) {
        clinic_admit(clinic, i);
    }
    for (int i = 0; i < 3; i++) { /* in snapshots and in the cache */
        assert_false(clinic_is_gone(clinic, i));
    }
}

bool clinic_kill_forgetting(int patient, int kill_at)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        struct clinic clinic;
        const quipu_id id = clinic_patient_id(patient);
        quipu_error error;

        clinic_open(&clinic);
        interposed.calls = 0;
        interposed.counts_ends = true;
        interposed.kill_at = kill_at;
        assert_ok(quipu_vault_forget(clinic.opened.vault, quipu_id_bytes(&id),
                                     &error),
                  &error);
        interposed.kill_at = 0;
        clinic_close(&clinic);
        _exit(0);
    }
    return quipu_test_was_killed(process);
}
