/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault: keys of persons, by whose destruction the persons are forgotten.
 *
 * Events cannot be taken out of a log, of its backups and of its replicas.  So
 * members of events that are about a person (QUIPU_FIELD_PERSONAL of event.h)
 * are stored sealed with a key of that person, the *subject*, and the keys are
 * kept elsewhere, in a vault.  Destroying the keys makes the members unreadable
 * in all copies of the events.  The events can still be read: their personal
 * members take the values that the type gives for this case, and their flags
 * have QUIPU_EVENT_FORGOTTEN (X5).
 *
 *     const quipu_vault_options options = {
 *         .struct_size = sizeof(options),
 *         .datastore = keys,
 *         .witness = events,
 *         .masters = &master,
 *         .master_count = 1,
 *     };
 *     quipu_sealing sealing = { .struct_size = sizeof(sealing) };
 *
 *     status = quipu_vault_open(&options, &vault, error);
 *     if (status == QUIPU_OK) {
 *         sealing.keys = quipu_vault_keys(vault);
 *         mapping.sealing = &sealing;
 *     }
 *     ...
 *     status = quipu_vault_forget(vault, quipu_id_bytes(&customer), error);
 *
 * The vault is a datastore that keeps key-value entries, better one of its own:
 * an old backup of the vault still has the keys that have been destroyed since.
 * docs/forgetting.md says how to set it up, back it up and rotate keys.
 *
 * "Forgotten" is said only if the vault has the mark of the destruction, which
 * is authenticated (X4).  A vault that cannot be read is IO, a key that it does
 * not know CONFLICT, and bytes that have been changed are CORRUPT.
 *
 * Threads: any, also of several processes at once, except `close` (last,
 * alone).  Codes as in datastore.h, and UNSUPPORTED: quipu was built without
 * OpenSSL.  Messages never contain a subject.
 */
#ifndef QUIPU_VAULT_H
#define QUIPU_VAULT_H

#include <quipu/datastore.h>
#include <quipu/sealing.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_vault quipu_vault;

/* Where the keys are, and what protects them. */
typedef struct quipu_vault_options {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    /* Keeps the keys, as entries whose keys begin with "quipu/vault/".  It must
     * stay open until the vault has been closed. */
    quipu_datastore *datastore;
    /*
     * Another datastore, usually that of the events, or NULL.  It gets a copy
     * of each mark of destruction.  If the vault is restored from a backup of
     * before a forgetting, opening it notices that by the witness, and destroys
     * these keys again.  As `datastore`, it must stay open.
     */
    quipu_datastore *witness;
    /* The master keys, which wrap the keys in the vault; copied.  The first one
     * wraps, the others unwrap what an earlier one has wrapped.  Their ids tell
     * them apart, so a new master key needs a new id. */
    const quipu_key *masters;
    size_t master_count;
} quipu_vault_options;

/*
 * Opens a vault, and creates it if the datastore has none.
 *
 * INVALID: there is no master key, or two have one id; datastore and witness
 * are the same; or the vault was opened with durability=relaxed, with which a
 * power cut could lose a key that events are sealed with.  UNSUPPORTED: a
 * datastore keeps no entries, or the vault has a newer format.  DENIED: the
 * vault is wrapped by a master key that is not among those given; or it has to
 * be created, or its marks renewed, and was opened readonly.  CORRUPT: an entry
 * of the vault was changed, or a master key is not the one of that id.
 * CONFLICT: the witness is that of another vault.
 */
QUIPU_API int quipu_vault_open(const quipu_vault_options *options,
                               quipu_vault **vault, quipu_error *error);

/* Wipes the keys in memory and frees the vault.  NULL is allowed.  Mappers that
 * use its keys must have been closed. */
QUIPU_API void quipu_vault_close(quipu_vault *vault);

/*
 * The keys for quipu_sealing; they live as long as the vault.  No key is kept
 * in memory: each call reads the vault, so that a forgetting in one process
 * holds in all others as soon as quipu_vault_forget has returned.
 *
 * `current` makes the first key of a subject.  DENIED: the subject has been
 * forgotten (X6).  `find` NOT_FOUND: likewise, and the key was destroyed;
 * CONFLICT: the vault has no such key and no mark that it was destroyed, so it
 * is another vault, or an older copy.  Without a subject both concern the key
 * of the store itself, which cannot be forgotten.
 */
QUIPU_API const quipu_keys *quipu_vault_keys(quipu_vault *vault);

/*
 * Destroys all keys of a subject and writes the mark, in one commit, which is
 * durable when the call returns, in the witness too.  The subject, 1 to 255
 * bytes, need not have had a key; it gets none any more.  Forgetting twice is
 * as forgetting once.
 *
 * An event of the subject whose sealing began before may still be appended
 * afterwards; it is sealed with a destroyed key, so nobody can read it either.
 *
 * INVALID: the subject is empty or too long.  UNKNOWN_OUTCOME: call it again.
 */
QUIPU_API int quipu_vault_forget(quipu_vault *vault, quipu_bytes subject,
                                 quipu_error *error);

/* Whether a subject has been forgotten, and when (NULL is allowed).  NOT_FOUND:
 * it has not. */
QUIPU_API int quipu_vault_forgotten(quipu_vault *vault, quipu_bytes subject,
                                    quipu_time *when, quipu_error *error);

/*
 * Makes a new key for what is sealed for the subject (absent: the store itself)
 * from now on.  Its earlier keys, up to 1,000, still open what they have sealed
 * (X8).  DENIED: the subject has been forgotten.  INVALID: it has 1,000 keys.
 */
QUIPU_API int quipu_vault_rotate(quipu_vault *vault, quipu_bytes subject,
                                 quipu_error *error);

/*
 * Wraps everything that another master key has wrapped by the first one; it
 * touches no event (X8).  Sets *count (NULL is allowed) to the number of
 * entries that were changed, 0 if there was nothing to do; after a kill the
 * next call continues.
 *
 * Before the call, every process that uses the vault has to be given the new
 * master key as its first.  Afterwards the old master keys can be destroyed,
 * and with them the destroyed keys in old backups of the vault, and in freed
 * pages of its files.
 */
QUIPU_API int quipu_vault_rewrap(quipu_vault *vault, int64_t *count,
                                 quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
