/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing: states are compressed, encrypted and protected against changes on
 * their way to the store, and opened on their way back.
 *
 *     status = quipu_keyring_open("/etc/shop/quipu.keys", &ring, error);
 *     ...
 *     const quipu_sealing sealing = {
 *         .struct_size = sizeof(sealing),
 *         .keys = quipu_keyring_keys(ring),
 *         .whole = true,
 *         .compress_above = 256,
 *     };
 *     const quipu_mapping mapping = {
 *         .struct_size = sizeof(mapping),
 *         .types = types,
 *         .type_count = 2,
 *         .sealing = &sealing,
 *     };
 *
 *     status = quipu_store_open(datastore, &schema, &mapping, &store, error);
 *
 * Events are then appended and read as before.  A state is encrypted by
 * AES-256-GCM and bound to its place: one that was changed, or moved to another
 * sequence, topic, event id or position, is CORRUPT (X2).  The rest of an item
 * stays in clear: ids, topics, positions, times and further columns, and the
 * metadata if the schema has a column for them.  docs/sealing.md says what is
 * protected and by which construction.
 *
 * The same event and key give the same bytes (X3), so an append can be repeated
 * after UNKNOWN_OUTCOME.
 *
 * A build without OpenSSL does not encrypt, and one without zstd does not
 * compress: a sealing that needs them is UNSUPPORTED there, and so is a state.
 * Both read and write states that are not sealed.
 *
 * Threads: any, unless a comment says otherwise.
 */
#ifndef QUIPU_SEALING_H
#define QUIPU_SEALING_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------- keys */

#define QUIPU_KEY_ID_SIZE 16
#define QUIPU_KEY_SECRET_SIZE 32

/* A key.  Its id stands in each state that it has sealed, in clear, and must
 * never be used for another secret. */
typedef struct quipu_key {
    uint8_t id[QUIPU_KEY_ID_SIZE];
    uint8_t secret[QUIPU_KEY_SECRET_SIZE];
} quipu_key;

/* Makes a key with a random id and secret, from the random numbers of the
 * operating system.  IO: it has none. */
QUIPU_API int quipu_key_generate(quipu_key *key, quipu_error *error);

/* Overwrites a key with zeros, also where the compiler would leave that out
 * because the memory is not used any more.  NULL is allowed. */
QUIPU_API void quipu_key_wipe(quipu_key *key);

/*
 * A provider of keys: a key ring, a vault, or functions of the program that ask
 * a key management service.
 *
 * `subject` is absent for the key of the store, which seals whole states.  If
 * it is present, it is the id of a person or thing that has keys of its own.
 *
 * Both functions are called from any thread, once for each state (or member)
 * that is sealed or opened, so a provider keeps in memory what is expensive to
 * get.  They return OK after they have filled *key, which the caller wipes.
 * Other codes and their messages are returned to the caller of quipu.
 */
typedef struct quipu_keys {
    uint32_t struct_size; /* sizeof(quipu_keys) */
    uint32_t reserved;    /* 0 */
    /* Gets the key to seal with.  DENIED: the subject has been forgotten, and
     * nothing is to be sealed for it any more (X6). */
    int (*current)(void *context, quipu_bytes subject, quipu_key *key,
                   quipu_error *error);
    /* Gets the key with that id.  NOT_FOUND: it is certain that there is none,
     * or none any more (X4); every other failure (IO, DENIED ...) is a failure
     * of this attempt. */
    int (*find)(void *context, quipu_bytes subject,
                const uint8_t id[QUIPU_KEY_ID_SIZE], quipu_key *key,
                quipu_error *error);
    void *context; /* given to both */
} quipu_keys;

/* -------------------------------------------------------------- key rings */

/*
 * A key ring: keys of the store in the memory of the process.  The first one
 * seals; all of them open.  So a key is replaced by putting a new one before
 * it, and the states that it has sealed need not be written again (X8).
 */
typedef struct quipu_keyring quipu_keyring;

/*
 * Reads a key ring from a file, a key on each line: its id in 32 hexadecimal
 * digits, blanks, and its secret in 64.  Empty lines and those that begin with
 * '#' are skipped.
 *
 *     echo "$(openssl rand -hex 16) $(openssl rand -hex 32)" >quipu.keys
 *
 * The file is read once.  It must be closed to others: of the user of the
 * process with mode 0600, or of root with mode 0640, or less.
 *
 * NOT_FOUND: there is no such file.  DENIED: it may not be read, or others may
 * read or write it.  INVALID: a line is not a key, an id occurs twice, or there
 * is no key; the message names the line, and none of its contents.  IO;
 * NO_MEMORY.
 */
QUIPU_API int quipu_keyring_open(const char *path, quipu_keyring **ring,
                                 quipu_error *error);

/* Makes a key ring of copies of the given keys.  INVALID: there is none, an id
 * occurs twice, or a secret consists of zeros; NO_MEMORY. */
QUIPU_API int quipu_keyring_create(const quipu_key *keys, size_t count,
                                   quipu_keyring **ring, quipu_error *error);

/* Returns the provider of the ring's keys, borrowed until the ring is closed.
 * It has no keys of subjects: UNSUPPORTED. */
QUIPU_API const quipu_keys *quipu_keyring_keys(const quipu_keyring *ring);

/* Wipes the keys and frees the ring, after everything that uses its provider
 * has been closed.  NULL is allowed. */
QUIPU_API void quipu_keyring_close(quipu_keyring *ring);

/* ---------------------------------------------------------------- sealing */

/* How a state is encrypted. */
enum quipu_suite {
    QUIPU_SUITE_DEFAULT = 0, /* the best one that this version has */
    /* AES-256 in Galois/Counter Mode, with a nonce that is computed from what
     * is encrypted, by HMAC-SHA-256 (docs/sealing.md). */
    QUIPU_SUITE_AES_256_GCM = 1
};

/* The sizes of states that are compressed; larger ones stay as they are. */
#define QUIPU_COMPRESS_MAX ((size_t)64 << 20)

/*
 * How a mapper seals states, in quipu_mapping.sealing.  It is copied when the
 * mapper is opened; the provider of keys, its context and the dictionaries must
 * outlive the mapper.
 *
 * A program may change each of the settings at any time: a state says itself
 * how it was sealed, and is opened as long as its key and its dictionary are
 * given.
 */
typedef struct quipu_sealing {
    uint32_t struct_size;   /* sizeof(quipu_sealing) */
    int32_t suite;          /* enum quipu_suite */
    const quipu_keys *keys; /* NULL: nothing is encrypted */
    /* Encrypts whole states, with the key of the store. */
    bool whole;
    /* Refuses states that are not encrypted as a whole, as CORRUPT.  Without it
     * somebody who can write to the store can replace a sealed state by one in
     * clear.  For stores that have never had states in clear. */
    bool require_whole;
    uint8_t reserved[2];
    int32_t level;           /* of zstd; 0: its default */
    uint64_t compress_above; /* compress states of more bytes; 0: none */
    /* Dictionaries of zstd, as `zstd --train` makes them: the first is used to
     * compress, and all are used to read.  Small states need one. */
    const quipu_bytes *dictionaries;
    size_t dictionary_count;
} quipu_sealing;

#ifdef __cplusplus
}
#endif

#endif
