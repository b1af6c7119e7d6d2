/* SPDX-License-Identifier: Apache-2.0 */
/* The options that mean the same everywhere, and URIs that are wrong. */
#include "suite.h"

#include <dirent.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int try_uri(const char *uri, const quipu_settings *settings)
{
    quipu_datastore *d = NULL;
    int status = quipu_datastore_open(uri, settings, &d, E);

    if (status == QUIPU_OK) {
        OK(quipu_datastore_close(d, E));
    }
    return status;
}

static int try_options(struct quipu_trial *t, const char *options)
{
    return try_uri(quipu_trial_uri(t, options), NULL);
}

static void good_options(struct quipu_trial *t)
{
    static const char *const good[] = {
        "durability=full",
        "durability=relaxed",
        "create=yes",
        "readonly=no",
        "timeout=0",
        "timeout=60000",
        "namespace=",
        "namespace=n%C3%A4me",
        "durability=relaxed&timeout=100&create=yes&namespace=x"
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        OK(try_options(t, good[i]));
    }
}

static void bad_options(struct quipu_trial *t)
{
    static const char *const bad[] = {
        "durability=none",
        "durability=",
        "create=perhaps",
        "readonly=2",
        "timeout=-1",
        "timeout=soon",
        "timeout=",
        "timeout=1.5",
        "timeout=99999999999999999999",
        "namespace=%FF",
        "namespace=%00",
        "timeout=1&timeout=2",
        "quipu-no-such-option=1",
        "=1",
        ("namespace="
         "1234567890123456789012345678901234567890123456789012345678901234"),
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int status = try_options(t, bad[i]);

        CHECK(status == QUIPU_INVALID, "\"%s\" answered %s", bad[i],
              quipu_status_name(status));
    }
}

static void unknown_named(struct quipu_trial *t)
{
    ANSWERS(QUIPU_INVALID, try_options(t, "quipu-no-such-option=1"));
    CHECK(strstr(E->message, "quipu-no-such-option"),
          "the message does not name it: %s", E->message);
    CHECK(strstr(E->message, "durability") && strstr(E->message, "timeout"),
          "the message does not list those known: %s", E->message);
}

static void bad_uris(struct quipu_trial *t)
{
    static const char *const bad[] = { "",       ":",     "x",
                                       "1a:b",   "a_b:c", "A b:c",
                                       "../x:y", "%6d:x", "a/b:c" };

    (void)t;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int status = try_uri(bad[i], NULL);

        CHECK(status == QUIPU_INVALID, "\"%s\" answered %s", bad[i],
              quipu_status_name(status));
    }
    ANSWERS(QUIPU_NOT_FOUND, try_uri("no-such-scheme-here:x", NULL));
    ANSWERS(QUIPU_INVALID, try_uri(quipu_trial_uri(t, "timeout=%4"), NULL));
    ANSWERS(QUIPU_INVALID, try_uri(quipu_trial_uri(t, "timeout=%zz"), NULL));
}

static void settings(struct quipu_trial *t)
{
    quipu_option options[] = { { .name = "durability", .value = "relaxed" } };
    quipu_settings settings = { .struct_size = sizeof(settings),
                                .options = options,
                                .option_count = 1 };
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_datastore *d;

    OK(quipu_datastore_open(t->uri, &settings, &d, E));
    OK(quipu_datastore_describe(d, &info, E));
    CHECK(info.relaxed, "the option has no effect");
    OK(quipu_datastore_close(d, E));
    ANSWERS(QUIPU_INVALID,
            try_uri(quipu_trial_uri(t, "durability=full"), &settings));
    options[0].name = "quipu-no-such-option";
    ANSWERS(QUIPU_INVALID, try_uri(t->uri, &settings));
}

static void described(struct quipu_trial *t)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_datastore *d = quipu_trial_datastore(t);

    OK(quipu_datastore_describe(d, &info, E));
    CHECK(info.uri && info.driver && info.driver_version && info.library &&
              info.name_space,
          "something of the description is missing");
    CHECK(*info.driver && *info.driver_version && *info.library,
          "something of the description is empty");
    CHECK(!info.readonly, "an option that was not given");
    d = quipu_trial_open(t, "durability=full&namespace=");
    OK(quipu_datastore_describe(d, &info, E));
    CHECK(!info.relaxed && !*info.name_space, "options that were not given");
    d = quipu_trial_open(t, "durability=relaxed&namespace=n%C3%A4me");
    OK(quipu_datastore_describe(d, &info, E));
    CHECK(info.relaxed, "relaxed is not told");
    CHECK(strcmp(info.name_space, "n\xc3\xa4me") == 0,
          "the namespace is called \"%s\"", info.name_space);
}

static bool is_empty(const char *folder)
{
    DIR *entries = opendir(folder);
    unsigned count = 0;

    CHECK(entries, "the folder %s is gone", folder);
    while (readdir(entries)) {
        count++;
    }
    closedir(entries);
    return count == 2; /* "." and ".." */
}

static void not_created(struct quipu_trial *t)
{
    ANSWERS(QUIPU_NOT_FOUND, try_options(t, "create=no"));
    CHECK(is_empty(t->directory), "something was made in the folder");
    ANSWERS(QUIPU_NOT_FOUND, try_options(t, "create=no"));
    quipu_trial_datastore(t);
    OK(try_options(t, "create=no"));
}

static void readonly_absent(struct quipu_trial *t)
{
    ANSWERS(QUIPU_NOT_FOUND, try_options(t, "readonly=yes"));
}

/* A reader sees everything and changes nothing. */
static void readonly(struct quipu_trial *t)
{
    quipu_records *writer = quipu_trial_records(t, 0);
    const quipu_schema *schema = quipu_records_schema(writer);
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_datastore *d;
    quipu_records *reader;

    quipu_batch_fill(t, writer, s, 3);
    d = quipu_trial_open(t, "readonly=yes");
    OK(quipu_datastore_describe(d, &info, E));
    CHECK(info.readonly, "it does not say that it is readonly");
    OK(quipu_datastore_setup(d, schema, E)); /* all is there */
    ANSWERS(QUIPU_DENIED,
            quipu_datastore_setup(d, quipu_trial_schema(t, 0), E));
    ANSWERS(QUIPU_DENIED, quipu_datastore_teardown(d, schema, E));
    reader = quipu_trial_bind(t, d, schema);
    ANSWERS(QUIPU_DENIED, quipu_batch_one_next(t, reader, s));
    CHECK(quipu_list_count(t, reader, s) == 3, "not the three items");
    quipu_batch_fill(t, writer, s, 2);
    CHECK(quipu_list_count(t, reader, s) == 5, "new items are not seen");
    CHECK(quipu_list_count(t, writer, s) == 5, "something else was stored");
}

/* Durability is that of the handle: both kinds write to one store. */
static void both_durabilities(struct quipu_trial *t)
{
    quipu_records *full = quipu_trial_records(t, 0);
    quipu_records *relaxed =
        quipu_trial_bind(t, quipu_trial_open(t, "durability=relaxed"),
                         quipu_records_schema(full));
    quipu_bytes s = quipu_trial_sequence(t);

    for (size_t i = 0; i < 20; i++) {
        OK(quipu_batch_one_next(t, i % 3 ? relaxed : full, s));
        CHECK(quipu_list_count(t, i % 3 ? full : relaxed, s) == i + 1,
              "one does not see what the other stored");
    }
    CHECK(quipu_list_whole(t, full).count == 20, "the log is not whole");
}

/* With timeout=0 all that needs no waiting is done. */
static void no_time(struct quipu_trial *t)
{
    quipu_schema *schema = quipu_trial_schema(t, 0);
    quipu_datastore *d = quipu_trial_open(t, "timeout=0");
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_records *r;

    quipu_trial_close(t, quipu_trial_datastore(t));
    OK(quipu_datastore_setup(d, schema, E));
    r = quipu_trial_bind(t, d, schema);
    for (size_t i = 0; i < 20; i++) {
        OK(quipu_batch_one_next(t, r, s));
        CHECK(quipu_list_count(t, r, s) == i + 1, "not what was appended");
    }
    quipu_trial_unbind(t, r);
    OK(quipu_datastore_teardown(d, schema, E));
}

#define JOINT QUIPU_TRAIT_JOINT

static const struct quipu_case cases[] = {
    { "options.common-options-are-taken", "They mean the same in every driver.",
      good_options, 0, 0, 0 },
    { "options.wrong-options-are-invalid",
      "durability=fulll must not be something weaker in silence.", bad_options,
      0, 0, 0 },
    { "options.unknown-option-is-named",
      "The message names it, and lists those that are known.", unknown_named, 0,
      0, 0 },
    { "options.wrong-uris-are-invalid",
      "A scheme becomes a file name, and is checked before.", bad_uris, 0, 0,
      0 },
    { "options.settings-beside-the-uri",
      "A password need not be in a text that gets logged.", settings, 0, 0, 0 },
    { "options.datastore-describes-itself",
      "An operator asks what a program has open.", described, 0, 0, 0 },
    { "options.create-no-creates-nothing",
      "A mistyped path must not become a new and empty store.", not_created,
      JOINT | QUIPU_TRAIT_FILES, 0, 0 },
    { "options.readonly-creates-nothing",
      "A reader changes no byte, least of all the first.", readonly_absent,
      JOINT | QUIPU_TRAIT_FILES, 0, 0 },
    { "options.readonly-changes-nothing",
      "Reports are safe to run on the live store.", readonly, JOINT, 0, 0 },
    { "V3.durability-is-the-handles",
      "Both kinds write to one store, in one order.", both_durabilities,
      JOINT | QUIPU_CAN_LOG, 0, 0 },
    { "options.no-time-is-time-enough",
      "Work that can be done at once is done, late or not.", no_time, 0, 0, 0 },
};
QUIPU_FAMILY(options);
