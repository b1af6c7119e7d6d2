/* SPDX-License-Identifier: Apache-2.0 */
/* K6: keys and values of any content and size, and the order of listings. */
#include "cases/case.h"
#include "cases/entry_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELETE ((uint32_t)QUIPU_ENTRY_DELETE)

static void write_bytes(struct quipu_context *ctx, const char *key,
                        quipu_bytes value)
{
    struct quipu_builder *b = quipu_builder_create(ctx, NULL, 0);

    quipu_builder_entry(b, key, "", 0, 0)->value = value;
    OK(quipu_builder_commit(b, quipu_context_datastore(ctx)));
}

/* Reads the entry alone and in a listing. */
static void check_bytes(struct quipu_context *ctx, const char *key,
                        quipu_bytes value)
{
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    struct quipu_entry_list list = quipu_entry_list_read(ctx, datastore, key);
    quipu_entry *entry = NULL;

    OK(quipu_entry_read(datastore, key, &entry, ERR));
    CHECK(entry->key.size == strlen(key) &&
              memcmp(entry->key.data, key, entry->key.size) == 0,
          "an entry is read with another key");
    CHECK(entry->value.data && entry->value.size == value.size &&
              memcmp(entry->value.data, value.data, value.size) == 0,
          "a value of %zu bytes is read as another one of %zu bytes",
          value.size, entry->value.size);
    CHECK(list.count >= 1 && strcmp(list.at[0].key, key) == 0 &&
              list.at[0].value.size == value.size &&
              memcmp(list.at[0].value.data, value.data, value.size) == 0,
          "a value of %zu bytes is listed otherwise than it is read",
          value.size);
    quipu_entry_destroy(entry);
}

static void values(struct quipu_context *ctx)
{
    static const size_t sizes[] = { 0,     1,     2,     255,    256,    511,
                                    1000,  4095,  4096,  4097,   8191,   20000,
                                    65535, 65536, 65537, 100000, 1000003 };
    const char *key = quipu_context_name(ctx, "value");
    unsigned char *bytes = quipu_context_allocate(ctx, 1000003 + 1);

    for (size_t i = 0; i < 1000003; i++) {
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        const void *mark = quipu_context_mark(ctx);

        write_bytes(ctx, key, (quipu_bytes){ bytes, sizes[i] });
        check_bytes(ctx, key, (quipu_bytes){ bytes, sizes[i] });
        quipu_context_release(ctx, mark);
    }
    /* Nothing but NUL bytes, and each byte value alone. */
    memset(bytes, 0, 300);
    write_bytes(ctx, key, (quipu_bytes){ bytes, 300 });
    check_bytes(ctx, key, (quipu_bytes){ bytes, 300 });
    for (int i = 0; i < 256; i++) {
        bytes[0] = (unsigned char)i;
        write_bytes(ctx, key, (quipu_bytes){ bytes, 1 });
        check_bytes(ctx, key, (quipu_bytes){ bytes, 1 });
    }
}

#define LARGE ((size_t)16 << 20)

static void large_value(struct quipu_context *ctx)
{
    const char *key = quipu_context_name(ctx, "large");
    char *bytes = quipu_context_allocate(ctx, LARGE);

    for (size_t i = 0; i < LARGE; i++) {
        bytes[i] = (char)(i ^ i >> 11);
    }
    write_bytes(ctx, key, (quipu_bytes){ bytes, LARGE });
    check_bytes(ctx, key, (quipu_bytes){ bytes, LARGE });
}

/* The prefix of the case keeps its keys apart, so that one of a single byte can
 * be used in a namespace of its own only. */
static quipu_datastore *open_own(struct quipu_context *ctx)
{
    return quipu_context_open(
        ctx, quipu_context_format(ctx, "namespace=%s",
                                  quipu_context_name(ctx, "own")));
}

static void write_in(struct quipu_context *ctx, quipu_datastore *datastore,
                     const char *key, const char *value)
{
    struct quipu_builder *b = quipu_builder_create(ctx, NULL, 0);

    quipu_builder_entry(b, key, value, value ? 0 : DELETE, 0);
    OK(quipu_builder_commit(b, datastore));
}

static void keys(struct quipu_context *ctx)
{
    static const char *const others[] = { "a",
                                          "A",
                                          "a ",
                                          " a",
                                          "%",
                                          "_",
                                          "'",
                                          "\"",
                                          "\\",
                                          "/",
                                          "*",
                                          "é",
                                          "e\xcc\x81",
                                          "ß",
                                          "ss",
                                          "☃",
                                          "\xf0\x9f\x90\xa7",
                                          "\xef\xbf\xbf",
                                          "\x7f",
                                          "\x01",
                                          "1",
                                          "01",
                                          "1.0",
                                          "null",
                                          "a'; DROP TABLE x; --" };
    quipu_datastore *datastore = open_own(ctx);
    char longest[QUIPU_KEY_MAX + 1];
    char almost[QUIPU_KEY_MAX + 1];
    size_t count = sizeof(others) / sizeof(*others);
    struct quipu_builder *b = quipu_builder_create(ctx, NULL, 0);

    memset(longest, 'k', QUIPU_KEY_MAX);
    longest[QUIPU_KEY_MAX] = '\0';
    memcpy(almost, longest, sizeof(almost));
    almost[QUIPU_KEY_MAX - 1] = 'l';
    for (size_t i = 0; i < count; i++) {
        write_in(ctx, datastore, others[i], others[i]);
    }
    write_in(ctx, datastore, longest, "longest");
    write_in(ctx, datastore, almost, "almost");
    for (size_t i = 0; i < count; i++) {
        quipu_entry_list_check(datastore, others[i], others[i],
                               quipu_entry_list_revision(datastore, others[i]));
    }
    CHECK(quipu_entry_list_read(ctx, datastore, "").count == count + 2,
          "two keys are taken for one");
    quipu_entry_list_check(datastore, longest, "longest",
                           quipu_entry_list_revision(datastore, longest));
    longest[QUIPU_KEY_MAX - 1] = '\0';
    quipu_entry_list_check(datastore, longest, NULL, 0);

    quipu_builder_entry(b, "", "x", 0, 0);
    RETURNS(QUIPU_INVALID, quipu_builder_commit(b, datastore));
    quipu_builder_clear(b);
    quipu_builder_entry(b, "x", "x", 0, 0)->key =
        (quipu_bytes){ almost, QUIPU_KEY_MAX + 1 };
    RETURNS(QUIPU_INVALID, quipu_builder_commit(b, datastore));
    quipu_builder_clear(b);
    quipu_builder_entry(b, "\xc3", "x", 0, 0);
    RETURNS(QUIPU_INVALID, quipu_builder_commit(b, datastore));
}

/* ------------------------------------------------------------------- order */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Checks a listing against the sorted keys that begin with the prefix. */
static void check_listing(struct quipu_context *ctx, quipu_datastore *datastore,
                          const char *prefix, const char *const keys_written[],
                          size_t count)
{
    struct quipu_entry_list list =
        quipu_entry_list_read(ctx, datastore, prefix);
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if (strncmp(keys_written[i], prefix, strlen(prefix)) != 0) {
            continue;
        }
        CHECK(found < list.count &&
                  strcmp(list.at[found].key, keys_written[i]) == 0,
              "with the prefix \"%s\", entry \"%s\" is listed where \"%s\" "
              "should be",
              prefix, found < list.count ? list.at[found].key : "(none)",
              keys_written[i]);
        found++;
    }
    CHECK(found == list.count,
          "with the prefix \"%s\", %zu entries are listed, also \"%s\"", prefix,
          list.count, list.at[found].key);
}

static void order(struct quipu_context *ctx)
{
    static const char *const prefixes[] = { "",   "a",  "ab", "abc", "b", "A",
                                            "a/", "a0", "é",  "z",   "aa" };
    const char *written[] = { "a",
                              "a ",
                              "a!",
                              "a/",
                              "a/b",
                              "a/c",
                              "a0",
                              "aA",
                              "aa",
                              "ab",
                              "abc",
                              "abd",
                              "ac",
                              "aé",
                              "A",
                              "AB",
                              "B",
                              "b",
                              "ba",
                              "é",
                              "éa",
                              "è",
                              "z",
                              "☃",
                              "\x7f",
                              "\x01",
                              "\xf0\x9f\x90\xa7",
                              "\xef\xbf\xbf",
                              "a\x7f",
                              "a\xf0\x9f\x90\xa7" };
    size_t count = sizeof(written) / sizeof(*written);
    quipu_datastore *datastore = open_own(ctx);

    for (size_t i = 0; i < count; i++) {
        size_t other = (i * 7) % count; /* in another order */

        write_in(ctx, datastore, written[other], "x");
    }
    for (size_t i = 0; i < count; i++) {
        CHECK(quipu_entry_list_revision(datastore, written[i]) > 0,
              "a key was not written");
    }
    qsort(written, count, sizeof(*written), compare_texts);
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        check_listing(ctx, datastore, prefixes[i], written, count);
    }
    write_in(ctx, datastore, "ab", NULL);
    quipu_entry_list_check(datastore, "ab", NULL, 0);
}

/* Each namespace has entries of its own. */
static void namespaces(struct quipu_context *ctx)
{
    quipu_datastore *one = open_own(ctx);
    quipu_datastore *two = open_own(ctx);

    write_in(ctx, one, "key", "one");
    quipu_entry_list_check(two, "key", NULL, 0);
    write_in(ctx, two, "key", "two");
    quipu_entry_list_check(one, "key", "one",
                           quipu_entry_list_revision(one, "key"));
    CHECK(quipu_entry_list_read(ctx, one, "").count == 1 &&
              quipu_entry_list_read(ctx, two, "").count == 1,
          "the listing of one namespace has entries of another");
}

#define PAGES 3000

/* Writes PAGES entries in one append, not in order. */
static void write_many(struct quipu_context *ctx, quipu_datastore *datastore,
                       const char *prefix)
{
    quipu_entry_write *writes =
        quipu_context_allocate(ctx, PAGES * sizeof(*writes));
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = writes,
                                          .entry_count = PAGES };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    for (size_t i = 0; i < PAGES; i++) {
        writes[i] = (quipu_entry_write){
            .key = quipu_bytes_of_text(quipu_context_format(
                ctx, "%s%05zu", prefix, (i * 1009) % PAGES)),
            .value = quipu_bytes_of_text("a value of some bytes"),
        };
    }
    OK(quipu_datastore_commit(datastore, &append, NULL, ERR));
}

static void many_pages(struct quipu_context *ctx)
{
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    const char *prefix = quipu_context_name(ctx, "page");
    struct quipu_entry_list list;

    write_many(ctx, datastore, prefix);
    list = quipu_entry_list_read(ctx, datastore, prefix);
    CHECK(list.count == PAGES, "%zu of %d entries are listed", list.count,
          PAGES);
    for (size_t i = 0; i < PAGES; i++) {
        const char *key = quipu_context_format(ctx, "%s%05zu", prefix, i);

        CHECK(strcmp(list.at[i].key, key) == 0,
              "entry \"%s\" is listed where \"%s\" should be", list.at[i].key,
              key);
    }
}

/* While a listing goes on, entries before and behind it are written, deleted
 * and created.  Those that are there throughout are listed once, in order. */
static void changed_meanwhile(struct quipu_context *ctx)
{
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    const char *prefix = quipu_context_name(ctx, "page");
    quipu_entries *entries;
    const quipu_entry *entry;
    size_t listed = 0;
    char last[QUIPU_KEY_MAX + 1] = "";

    write_many(ctx, datastore, prefix);
    OK(quipu_entries_open(datastore, quipu_bytes_of_text(prefix), &entries,
                          ERR));
    for (size_t n = 0;; n++) {
        char key[QUIPU_KEY_MAX + 1];

        OK(quipu_entries_next(entries, &entry, ERR));
        if (!entry) {
            break;
        }
        (void)snprintf(key, sizeof(key), "%.*s", (int)entry->key.size,
                       (const char *)entry->key.data);
        CHECK(strcmp(last, key) < 0, "\"%s\" is listed after \"%s\"", key,
              last);
        (void)snprintf(last, sizeof(last), "%s", key);
        listed += strtoul(key + strlen(prefix), NULL, 10) % 2 == 0 &&
                  strlen(key) == strlen(prefix) + 5;
        if (n % 100 == 50) { /* odd keys are deleted, even ones written */
            size_t at = (size_t)quipu_context_random(ctx, PAGES / 2) * 2;

            write_in(ctx, datastore,
                     quipu_context_format(ctx, "%s%05zu", prefix, at),
                     "written");
            write_in(ctx, datastore,
                     quipu_context_format(ctx, "%s%05zu", prefix, at + 1),
                     NULL);
            write_in(ctx, datastore,
                     quipu_context_format(ctx, "%s%05zux", prefix, at), "new");
        }
    }
    quipu_entries_close(entries);
    CHECK(listed == PAGES / 2,
          "of %d entries that were there throughout, %zu are listed", PAGES / 2,
          listed);
}

#define ENTRIES QUIPU_CAN_ENTRIES

static const struct quipu_case cases[] = {
    { "K6.values-of-any-bytes", "A value is the program's own encoding.",
      values, ENTRIES, 0, 0 },
    { "K6.value-of-16-mib",
      "A snapshot or a read model is as large as a state can be.", large_value,
      ENTRIES, 0, 0 },
    { "K6.keys-can-be-any-text",
      "Two keys that a store takes for one overwrite each other.", keys,
      ENTRIES, 0, 0 },
    { "K6.order", "A program that goes through a prefix must miss no entry.",
      order, ENTRIES, 0, 0 },
    { "K6.namespaces-have-entries-of-their-own",
      "Two programs in one database must not overwrite each other's entries.",
      namespaces, ENTRIES, 0, 0 },
    { "K6.listing-of-many-pages",
      "A listing that is read in pages must not lose one at their borders.",
      many_pages, ENTRIES, 0, 0 },
    { "K6.listing-while-entries-change",
      "A listing may take long; what does not change meanwhile must be in it.",
      changed_meanwhile, ENTRIES, 0, 0 },
};
QUIPU_FAMILY_IN(entries, contents);
