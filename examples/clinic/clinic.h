/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clinic: its patients, the vault with their keys, and the things that its
 * staff does.  Members about a person are sealed with a key of that person; the
 * members that statistics need stay in clear.
 */
#ifndef CLINIC_CLINIC_H
#define CLINIC_CLINIC_H

#include <quipu/quipu.h>

QUIPU_EVENT_SHARED(registered, "Patient.Registered",
                   QUIPU_VALUE(int, birth_year),
                   QUIPU_PERSONAL(const char *, name, base.originator_id,
                                  "(gone)"));
QUIPU_EVENT_SHARED(treated, "Patient.Treated", QUIPU_VALUE(const char *, ward),
                   QUIPU_PERSONAL(const char *, diagnosis, base.originator_id,
                                  "(gone)"));

QUIPU_AGGREGATE(patient, QUIPU_VALUE(char *, name),
                QUIPU_VALUE(char *, diagnosis), QUIPU_VALUE(int, birth_year),
                QUIPU_VALUE(int, treatments));

extern const quipu_aggregate_type patient_type;

struct clinic {
    quipu_datastore *events;
    quipu_datastore *keys;
    quipu_vault *vault;
    quipu_store *store;
    quipu_repository *patients;
};

/* Opens both stores.  The file has the master key: its id, 16 bytes, and its
 * secret, 32 bytes. */
int clinic_open(struct clinic *clinic, const char *events, const char *keys,
                const char *master_file, quipu_error *error);
void clinic_close(struct clinic *clinic);

int clinic_register(struct clinic *clinic, const char *id, const char *name,
                    int birth_year, quipu_error *error);
int clinic_treat(struct clinic *clinic, const char *id, const char *ward,
                 const char *diagnosis, quipu_error *error);

/* Prints a line for each patient. */
int clinic_list(struct clinic *clinic, quipu_error *error);

/* Forgets a patient: from now on, and in all copies of the events. */
int clinic_forget(struct clinic *clinic, const char *id, quipu_error *error);

/* Prints the number of treatments and the mean age in each ward, for which
 * nobody's key is needed. */
int clinic_statistics(struct clinic *clinic, int year, quipu_error *error);

#endif
