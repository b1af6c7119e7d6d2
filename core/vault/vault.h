/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault as core/vault sees it, and its entries.
 *
 *     quipu/vault/root            the vault's id and its root secret, wrapped
 *     quipu/vault/forgotten       the sum of the names that have marks
 *     quipu/vault/subject/NAME    the keys of a subject, or the mark (record.h)
 *
 *     quipu/vault-witness/vault       of the witness: the vault's id and the
 *                                     sum of the names that it has marks of
 *     quipu/vault-witness/mark/NAME   a mark
 *
 * NAME are the 56 hexadecimal digits of a quipu_vault_name.
 *
 * INVARIANTS
 *
 *   VA1  A subject has one entry.  Each write of it expects the revision that
 *        its writer has read, so no write brings keys back that another one has
 *        destroyed, and of two first keys one wins.
 *   VA2  A mark is never replaced, and an entry never deleted.
 *   VA3  The sum of the names changes in the commit that writes a mark, in the
 *        vault and in the witness.  So unequal sums tell that one of the two
 *        lacks marks: it was restored from a backup, or a forgetting was
 *        interrupted.  witness.c then copies them in both directions.
 */
#ifndef QUIPU_CORE_VAULT_VAULT_H
#define QUIPU_CORE_VAULT_VAULT_H

#include <quipu/entries.h>
#include <quipu/vault.h>

#include "vault/record.h"

/* Commits that find an entry changed are tried that often. */
#define QUIPU_VAULT_ATTEMPTS 64

#define QUIPU_VAULT_SUBJECT "quipu/vault/subject/"
#define QUIPU_VAULT_FORGOTTEN "quipu/vault/forgotten"
#define QUIPU_VAULT_ROOT "quipu/vault/root"
#define QUIPU_VAULT_WITNESS "quipu/vault-witness/vault"
#define QUIPU_VAULT_WITNESS_MARK "quipu/vault-witness/mark/"
/* Bytes of the longest key with its NUL. */
#define QUIPU_VAULT_KEY_TEXT_SIZE 96

struct quipu_vault {
    quipu_datastore *datastore; /* counted as its child, as is the witness */
    quipu_datastore *witness;   /* or NULL */
    quipu_vault_secrets secrets;
    quipu_keys keys;
};

/* The entry of a subject. */
struct quipu_vault_found {
    char key[QUIPU_VAULT_KEY_TEXT_SIZE];
    quipu_vault_name name;
    quipu_entry *entry; /* owned; NULL: there is none */
    quipu_vault_record record;
};

/* Writes the key of a name's entry behind `prefix`. */
void quipu_vault_entry_name(const char *prefix, const quipu_vault_name *name,
                            char key[QUIPU_VAULT_KEY_TEXT_SIZE]);

/* Reads the name at the end of a key.  CORRUPT. */
int quipu_vault_entry_parse(const char *prefix, quipu_bytes key,
                            quipu_vault_name *name, quipu_error *error);

/* Reads the entry of found->name. */
int quipu_vault_entry_find(const quipu_vault *vault,
                           struct quipu_vault_found *found, quipu_error *error);
void quipu_vault_entry_finish(struct quipu_vault_found *found);

/* Reads an entry; *entry is NULL if there is none. */
int quipu_vault_entry_read(quipu_datastore *datastore, const char *key,
                           quipu_entry **entry, quipu_error *error);

static inline int64_t quipu_vault_revision(const quipu_entry *entry)
{
    return entry ? entry->revision : 0;
}

/* Commits writes of entries of quipu's own. */
int quipu_vault_entry_commit(quipu_datastore *datastore,
                             const quipu_entry_write *writes, size_t count,
                             quipu_error *error);

/*
 * Writes a mark into the entry of found->name, if it has none, and counts it;
 * found->record is the mark afterwards.  The caller sets found->name, and
 * finishes *found.
 */
int quipu_vault_entry_destroy(const quipu_vault *vault,
                              struct quipu_vault_found *found,
                              const uint8_t mark[QUIPU_VAULT_MARK_SIZE],
                              quipu_error *error);

/* Computes the sum of the names that have marks. */
int quipu_vault_entry_sum(const quipu_vault *vault, quipu_vault_name *sum,
                          quipu_error *error);

/* ---------------------------------------------------------------- witness */

/* CONFLICT: there is no vault yet, but the witness belongs to one. */
int quipu_witness_check_new(quipu_datastore *witness, quipu_error *error);

/* Copies marks that the vault or the witness lacks (VA3).  CONFLICT: the
 * witness belongs to another vault. */
int quipu_witness_settle(const quipu_vault *vault, quipu_error *error);

/* Writes a mark into the witness, if it does not have it. */
int quipu_witness_add(const quipu_vault *vault, const quipu_vault_name *name,
                      quipu_bytes mark, quipu_error *error);

#endif
