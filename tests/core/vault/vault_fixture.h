/* SPDX-License-Identifier: Apache-2.0 */
/* A vault with its witness, in stores of the driver "interposed"
 * (../consumer/consumer_fixture.h) over a back end. */
#ifndef QUIPU_TESTS_VAULT_FIXTURE_H
#define QUIPU_TESTS_VAULT_FIXTURE_H

#include "core/consumer/model_fixture.h"

struct opened_vault {
    quipu_datastore *keys;
    quipu_datastore *witness;
    quipu_vault *vault;
};

/* Master keys, with ids of their own. */
extern const quipu_key master, other_master;

/* Makes empty stores "keys" and "witness". */
void vault_prepare(const struct model *model);

/* Opens the stores. */
void vault_open_stores(struct opened_vault *opened);
/* Opens the vault in them with these master keys; returns the status. */
int vault_open_with(struct opened_vault *opened, const quipu_key *masters,
                    size_t count, quipu_error *error);
/* Opens both, with the one master key. */
void vault_open(struct opened_vault *opened);
void vault_close(struct opened_vault *opened);

/* The newest key of a subject, which must be there. */
quipu_key current_key(const struct opened_vault *opened, const char *subject);
/* The code of `current`, and of `find`. */
int current_code(const struct opened_vault *opened, const char *subject);
int find_code(const struct opened_vault *opened, const char *subject,
              const quipu_key *key);
/* Fails unless the vault finds that very key. */
void assert_key(const struct opened_vault *opened, const char *subject,
                const quipu_key *key);
void forget(const struct opened_vault *opened, const char *subject);
void assert_forgotten(const struct opened_vault *opened, const char *subject,
                      const quipu_key *key);

/* Copies of entries: a backup. */
struct saved {
    char key[128];
    unsigned char value[2048];
    size_t size;
};
enum { SAVED_MAX = 200 };

/* Copies the entries of vault and witness; returns their number. */
size_t save_entries(quipu_datastore *datastore, struct saved *saved);
/* Writes an entry, whatever its key is; `size` 0: removes it. */
void write_entry(quipu_datastore *datastore, const char *key, const void *value,
                 size_t size);
/* Makes the entries those that were saved. */
void restore_entries(quipu_datastore *datastore, const struct saved *saved,
                     size_t count);

#endif
