/* SPDX-License-Identifier: Apache-2.0 */
#include "clinic.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------- opening, closing */

static int read_master(const char *path, quipu_key *master, quipu_error *error)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    size_t got = file ? fread(master, 1, sizeof(*master), file) : 0;

    if (file) {
        (void)fclose(file);
    }
    return got == sizeof(*master)
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "CLINIC_MASTER_KEY must name a file of 48 "
                                 "random bytes");
}

/* The witness tells the vault what it has forgotten, if it is restored from an
 * old backup. */
static int open_vault(struct clinic *clinic, const char *master_file,
                      quipu_error *error)
{
    quipu_key master;
    const quipu_vault_options options = {
        .struct_size = sizeof(options),
        .datastore = clinic->keys,
        .witness = clinic->events,
        .masters = &master,
        .master_count = 1,
    };
    int status = read_master(master_file, &master, error);

    if (status == QUIPU_OK) {
        status = quipu_vault_open(&options, &clinic->vault, error);
    }
    quipu_key_wipe(&master);
    return status;
}

static int open_store(struct clinic *clinic, quipu_error *error)
{
    static const quipu_event_type *const types[] = { &registered, &treated };
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .keys = quipu_vault_keys(clinic->vault) };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 2,
                                    .sealing = &sealing };
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    int status = quipu_datastore_setup(clinic->events, &schema, error);

    if (status == QUIPU_OK) {
        status = quipu_store_open(clinic->events, &schema, &mapping,
                                  &clinic->store, error);
    }
    return status == QUIPU_OK
               ? quipu_repository_open(clinic->store, NULL, &patient_type,
                                       &clinic->patients, error)
               : status;
}

int clinic_open(struct clinic *clinic, const char *events, const char *keys,
                const char *master_file, quipu_error *error)
{
    /* The state of a patient is kept sealed, too. */
    const quipu_snapshot_policy snapshots = { .struct_size = sizeof(snapshots),
                                              .every = 2 };

    *clinic = (struct clinic){ .events = NULL };
    int status = quipu_datastore_open(events, NULL, &clinic->events, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_open(keys, NULL, &clinic->keys, error);
    }
    if (status == QUIPU_OK) {
        status = open_vault(clinic, master_file, error);
    }
    if (status == QUIPU_OK) {
        status = open_store(clinic, error);
    }
    return status == QUIPU_OK ? quipu_repository_use_snapshots(
                                    clinic->patients, &snapshots, error)
                              : status;
}

void clinic_close(struct clinic *clinic)
{
    quipu_repository_close(clinic->patients);
    (void)quipu_store_close(clinic->store, NULL);
    quipu_vault_close(clinic->vault);
    (void)quipu_datastore_close(clinic->keys, NULL);
    (void)quipu_datastore_close(clinic->events, NULL);
}

/* --------------------------------------------------------------- patients */

/* A visit of a patient. */
struct visit {
    quipu_repository *patients;
    quipu_id id;
    const char *name; /* of a new patient */
    int birth_year;
    const char *ward;
    const char *diagnosis;
};

static int admit(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct visit *visit = context;
    struct patient *patient =
        quipu_unit_new(unit, visit->patients, &visit->id, error);

    return patient
               ? QUIPU_TRIGGER(patient, registered, error, .name = visit->name,
                               .birth_year = visit->birth_year)
               : error->code;
}

int clinic_register(struct clinic *clinic, const char *id, const char *name,
                    int birth_year, quipu_error *error)
{
    struct visit visit = { .patients = clinic->patients,
                           .name = name,
                           .birth_year = birth_year };
    int status = quipu_id_of_text(&visit.id, id, error);

    return status == QUIPU_OK
               ? quipu_unit_run(clinic->store, NULL, admit, &visit, NULL, error)
               : status;
}

static int treat(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct visit *visit = context;
    struct patient *patient =
        quipu_unit_get(unit, visit->patients, &visit->id, error);

    return patient ? QUIPU_TRIGGER(patient, treated, error, .ward = visit->ward,
                                   .diagnosis = visit->diagnosis)
                   : error->code;
}

int clinic_treat(struct clinic *clinic, const char *id, const char *ward,
                 const char *diagnosis, quipu_error *error)
{
    struct visit visit = { .patients = clinic->patients,
                           .ward = ward,
                           .diagnosis = diagnosis };
    int status = quipu_id_of_text(&visit.id, id, error);

    return status == QUIPU_OK
               ? quipu_unit_run(clinic->store, NULL, treat, &visit, NULL, error)
               : status;
}

int clinic_forget(struct clinic *clinic, const char *id, quipu_error *error)
{
    return quipu_vault_forget(clinic->vault, quipu_bytes_of_text(id), error);
}

/* ------------------------------------------------------------ all events */

typedef int (*each_event)(struct clinic *clinic, const quipu_event *event,
                          void *context, quipu_error *error);

static int for_each_event(struct clinic *clinic, each_event function,
                          void *context, quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query) };
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    int status = quipu_store_read_log(clinic->store, &query, &events, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_events_next(events, &event, error);
        if (status == QUIPU_OK && event) {
            status = function(clinic, event, context, error);
        }
    } while (status == QUIPU_OK && event);
    quipu_events_close(events);
    return status;
}

static int print_patient(struct clinic *clinic, const quipu_event *event,
                         void *context, quipu_error *error)
{
    (void)context;
    if (event->type != &registered) {
        return QUIPU_OK;
    }
    const quipu_id *id = &event->originator_id;
    struct patient *patient = quipu_repository_get(clinic->patients, id, error);

    if (!patient) {
        return error->code;
    }
    printf("%.*s: %s, born %d, treated %d times, last for %s\n", (int)id->size,
           (const char *)id->data, patient->name, patient->birth_year,
           patient->treatments,
           patient->diagnosis ? patient->diagnosis : "nothing");
    quipu_aggregate_destroy(&patient->base);
    return QUIPU_OK;
}

int clinic_list(struct clinic *clinic, quipu_error *error)
{
    return for_each_event(clinic, print_patient, NULL, error);
}

/* ------------------------------------------------------------- statistics */

enum { WARDS_MAX = 32 };

struct statistics {
    int year;
    size_t count;
    struct ward {
        char name[40];
        int treatments;
        int ages;
    } wards[WARDS_MAX];
};

static struct ward *find_ward(struct statistics *statistics, const char *name)
{
    struct ward *ward = statistics->wards;

    for (; ward < statistics->wards + statistics->count; ward++) {
        if (strcmp(ward->name, name) == 0) {
            return ward;
        }
    }
    if (statistics->count == WARDS_MAX) {
        return NULL;
    }
    statistics->count++;
    (void)snprintf(ward->name, sizeof(ward->name), "%s", name);
    return ward;
}

static int count_treatment(struct clinic *clinic, const quipu_event *event,
                           void *context, quipu_error *error)
{
    struct statistics *statistics = context;

    if (event->type != &treated) {
        return QUIPU_OK;
    }
    struct patient *patient =
        quipu_repository_get(clinic->patients, &event->originator_id, error);
    struct ward *ward =
        find_ward(statistics, ((const struct treated *)event)->ward);

    if (!patient) {
        return error->code;
    }
    if (ward) {
        ward->treatments++;
        ward->ages += statistics->year - patient->birth_year;
    }
    quipu_aggregate_destroy(&patient->base);
    return QUIPU_OK;
}

int clinic_statistics(struct clinic *clinic, int year, quipu_error *error)
{
    struct statistics statistics = { .year = year };
    int status = for_each_event(clinic, count_treatment, &statistics, error);

    for (size_t i = 0; status == QUIPU_OK && i < statistics.count; i++) {
        const struct ward *ward = &statistics.wards[i];

        printf("%s: %d treatments, mean age %d\n", ward->name, ward->treatments,
               ward->ages / ward->treatments);
    }
    return status;
}
