/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what the calls return that need OpenSSL or zstd, which a build of
 * quipu may lack, and that plain events need neither. */
#include <quipu/quipu.h>

#include <stdio.h>
#include <string.h>

struct noted {
    quipu_event base;
    long number;
};

static const quipu_field fields[] = {
    QUIPU_FIELD(struct noted, number),
    { 0 },
};
static const quipu_event_type noted = {
    .topic = "Noted",
    .size = sizeof(struct noted),
    .fields = fields,
};
static const quipu_event_type *const types[] = { &noted };

static quipu_error error;

static void print(const char *what, int status)
{
    printf("%s: %s\n", what, status == QUIPU_OK ? "OK" : error.message);
}

static int give_key(void *context, quipu_bytes subject, quipu_key *key,
                    quipu_error *cause)
{
    (void)context;
    (void)subject;
    (void)cause;
    memset(key, 1, sizeof(*key));
    return QUIPU_OK;
}

static int find_key(void *context, quipu_bytes subject,
                    const uint8_t id[QUIPU_KEY_ID_SIZE], quipu_key *key,
                    quipu_error *cause)
{
    (void)id;
    return give_key(context, subject, key, cause);
}

static const quipu_keys keys = { .struct_size = sizeof(keys),
                                 .current = give_key,
                                 .find = find_key };

/* Opens a mapper with the sealing, which may be NULL. */
static int open_mapper(const quipu_sealing *sealing, quipu_mapper **mapper)
{
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1,
                                    .sealing = sealing };

    return quipu_mapper_open(quipu_schema_stored_events(), &mapping, mapper,
                             &error);
}

/* Seals an event, if the mapper can be opened. */
static void try_sealing(const char *what, const quipu_sealing *sealing)
{
    struct noted event = { .number = 7 };
    quipu_mapper *mapper = NULL;
    quipu_items *items = NULL;
    int status = open_mapper(sealing, &mapper);

    if (status == QUIPU_OK) {
        quipu_uuid uuid;
        quipu_id id;

        (void)quipu_uuid_random(&uuid);
        quipu_id_of_uuid(&id, &uuid);
        quipu_event_init(&event.base, &noted, &id, 0);
        status = quipu_items_create(mapper, &items, &error);
    }
    if (status == QUIPU_OK) {
        status = quipu_items_add(items, &event.base, &error);
    }
    print(what, status);
    quipu_items_destroy(items);
    quipu_mapper_close(mapper);
}

/* Reads a state by a mapping without a sealing. */
static void try_reading(const char *what, const uint8_t *state, size_t size)
{
    quipu_mapper *mapper = NULL;
    quipu_event *event = NULL;
    quipu_uuid id;
    int status = open_mapper(NULL, &mapper);

    (void)quipu_uuid_random(&id);
    if (status == QUIPU_OK) {
        const quipu_item item = { .sequence_id = { id.bytes, sizeof(id.bytes) },
                                  .topic = quipu_bytes_of_text("Noted"),
                                  .state = { state, size },
                                  .event_id = { id.bytes, sizeof(id.bytes) } };

        status = quipu_mapper_event(mapper, &item, &event, &error);
        quipu_event_destroy(event);
    }
    print(what, status);
    quipu_mapper_close(mapper);
}

static void try_vault(quipu_datastore *datastore)
{
    static const quipu_key master = { .id = "master", .secret = "key" };
    const quipu_vault_options options = { .struct_size = sizeof(options),
                                          .datastore = datastore,
                                          .masters = &master,
                                          .master_count = 1 };
    quipu_vault *vault = NULL;

    print("vault", quipu_vault_open(&options, &vault, &error));
    quipu_vault_close(vault);
}

void print_sealing(quipu_datastore *datastore);

void print_sealing(quipu_datastore *datastore)
{
    const quipu_sealing encrypting = { .struct_size = sizeof(encrypting),
                                       .keys = &keys,
                                       .whole = true };
    const quipu_sealing compressing = { .struct_size = sizeof(compressing),
                                        .compress_above = 1 };
    /* {"number": 7}; encrypted with a key that is not given; and compressed to
     * bytes that are no frame of zstd. */
    static const uint8_t plain[] = "\x81\xa6number\x07";
    static const uint8_t encrypted[] =
        "\xc1\x01\x81\x06\x94\x01\x01\xc4\x10"
        "0123456789abcdef\xc4\x0cnonce nonce.ciphertext and tag of it";
    static const uint8_t compressed[] = "\xc1\x01\x81\x04\x93\x01\x09\x00zstd";

    try_sealing("plain", NULL);
    try_sealing("encrypt", &encrypting);
    try_sealing("compress", &compressing);
    try_reading("read", plain, sizeof(plain) - 1);
    try_reading("decrypt", encrypted, sizeof(encrypted) - 1);
    try_reading("decompress", compressed, sizeof(compressed) - 1);
    try_vault(datastore);
}
