/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clinic: patients with personal members in a store that is the witness of
 * its vault.  Each patient is registered and treated three times, by the same
 * doctor, who is a subject as well.
 */
#ifndef QUIPU_TESTS_CLINIC_FIXTURE_H
#define QUIPU_TESTS_CLINIC_FIXTURE_H

#include "vault_fixture.h"

/* In personal members only, and in clear members only. */
#define CLINIC_CANARY "CANARY-of-a-person"
#define CLINIC_CLEAR "ward-in-clear"

enum { CLINIC_TREATMENTS = 3 };

struct clinic {
    struct opened_vault opened; /* its witness is the store of the events */
    quipu_sealing sealing;
    quipu_store *store;
    quipu_repository *plain;
    quipu_repository *kept; /* with snapshots and a cache */
};

/* Makes an empty clinic, opens it, admits the patients 0, 1, ..., and has
 * snapshots and the cache keep the first three. */
void clinic_make(struct clinic *clinic, const struct model *model,
                 int patients);
/* Opens the clinic that was made, and closes it. */
void clinic_open(struct clinic *clinic);
void clinic_close(struct clinic *clinic);

/* The subject and sequence of a patient. */
quipu_id clinic_patient_id(int number);
void clinic_admit(struct clinic *clinic, int number);
/* Treats a patient once more, and returns the code. */
int clinic_treat(struct clinic *clinic, int number, quipu_error *error);
/* Adds an event without personal members. */
void clinic_move(struct clinic *clinic, int number);

/* Gets a patient by its events alone; returns the code.  *is_gone: it is
 * forgotten, otherwise it is as it was admitted; fails if it is anything else.
 * The pointer is set with OK only. */
int clinic_get(struct clinic *clinic, int number, bool *is_gone,
               quipu_error *error);
/* The same at each version and by each way of getting it, which must agree;
 * returns whether the patient is gone. */
bool clinic_is_gone(struct clinic *clinic, int number);
/* Fails unless of all patients exactly this one is gone; -1: none. */
void clinic_check(struct clinic *clinic, int patients, int gone);

/* Gets a patient that was kept; fails unless it and its doctor are gone. */
void clinic_check_nobody(struct clinic *clinic, int number);

/* A checksum of the states of the log; *count: of its items. */
uint64_t clinic_sum(const struct clinic *clinic, int64_t *count);

/* The number of occurrences of bytes in all files of the stores. */
int clinic_search(const struct model *model, const void *bytes, size_t size);

/* Forgets a patient in a process that is killed at the call of this number.
 * Returns whether it was killed. */
bool clinic_kill_forgetting(int patient, int kill_at);

#endif
