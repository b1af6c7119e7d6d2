/* SPDX-License-Identifier: Apache-2.0 */
/* The common options, and invalid URIs. */
#include "case.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int try_uri(const char *uri, const quipu_settings *settings)
{
    quipu_datastore *d = NULL;
    int status = quipu_datastore_open(uri, settings, &d, ERR);

    if (status == QUIPU_OK) {
        OK(quipu_datastore_close(d, ERR));
    }
    return status;
}

static int try_options(struct quipu_context *ctx, const char *options)
{
    return try_uri(quipu_context_uri(ctx, options), NULL);
}

static void good_options(struct quipu_context *ctx)
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
        OK(try_options(ctx, good[i]));
    }
}

static void bad_options(struct quipu_context *ctx)
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
        int status = try_options(ctx, bad[i]);

        CHECK(status == QUIPU_INVALID, "the option \"%s\" returned %s", bad[i],
              quipu_status_name(status));
    }
}

static void unknown_named(struct quipu_context *ctx)
{
    RETURNS(QUIPU_INVALID, try_options(ctx, "quipu-no-such-option=1"));
    CHECK(strstr(ERR->message, "quipu-no-such-option"),
          "the message does not name the option: %s", ERR->message);
    CHECK(strstr(ERR->message, "durability") && strstr(ERR->message, "timeout"),
          "the message does not list the known options: %s", ERR->message);
}

static void bad_uris(struct quipu_context *ctx)
{
    static const char *const bad[] = { "",       ":",     "x",
                                       "1a:b",   "a_b:c", "A b:c",
                                       "../x:y", "%6d:x", "a/b:c" };

    (void)ctx;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int status = try_uri(bad[i], NULL);

        CHECK(status == QUIPU_INVALID, "the URI \"%s\" returned %s", bad[i],
              quipu_status_name(status));
    }
    RETURNS(QUIPU_NOT_FOUND, try_uri("no-such-scheme-here:x", NULL));
    RETURNS(QUIPU_INVALID, try_uri(quipu_context_uri(ctx, "timeout=%4"), NULL));
    RETURNS(QUIPU_INVALID,
            try_uri(quipu_context_uri(ctx, "timeout=%zz"), NULL));
}

static void settings(struct quipu_context *ctx)
{
    quipu_option options[] = { { .name = "durability", .value = "relaxed" } };
    quipu_settings settings = { .struct_size = sizeof(settings),
                                .options = options,
                                .option_count = 1 };
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_datastore *d;

    OK(quipu_datastore_open(ctx->uri, &settings, &d, ERR));
    OK(quipu_datastore_describe(d, &info, ERR));
    CHECK(info.relaxed, "the option has no effect");
    OK(quipu_datastore_close(d, ERR));
    RETURNS(QUIPU_INVALID,
            try_uri(quipu_context_uri(ctx, "durability=full"), &settings));
    options[0].name = "quipu-no-such-option";
    RETURNS(QUIPU_INVALID, try_uri(ctx->uri, &settings));
}

static void described(struct quipu_context *ctx)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_datastore *d = quipu_context_datastore(ctx);

    OK(quipu_datastore_describe(d, &info, ERR));
    CHECK(info.uri && info.driver && info.driver_version && info.library &&
              info.name_space,
          "a member of the description is NULL");
    CHECK(*info.driver && *info.driver_version && *info.library,
          "a member of the description is empty");
    CHECK(!info.readonly,
          "the description reports readonly, which was not set");
    d = quipu_context_open(ctx, "durability=full&namespace=");
    OK(quipu_datastore_describe(d, &info, ERR));
    CHECK(!info.relaxed && !*info.name_space,
          "the description reports options that were not set");
    d = quipu_context_open(ctx, "durability=relaxed&namespace=n%C3%A4me");
    OK(quipu_datastore_describe(d, &info, ERR));
    CHECK(info.relaxed, "the description does not report relaxed");
    CHECK(strcmp(info.name_space, "n\xc3\xa4me") == 0,
          "the description reports the namespace \"%s\"", info.name_space);
}

static bool is_empty(const char *folder)
{
    DIR *entries = opendir(folder);
    unsigned count = 0;

    CHECK(entries, "cannot read the folder %s", folder);
    while (readdir(entries)) {
        count++;
    }
    closedir(entries);
    return count == 2; /* "." and ".." */
}

static void not_created(struct quipu_context *ctx)
{
    RETURNS(QUIPU_NOT_FOUND, try_options(ctx, "create=no"));
    CHECK(is_empty(ctx->directory), "create=no has created a file");
    RETURNS(QUIPU_NOT_FOUND, try_options(ctx, "create=no"));
    quipu_context_datastore(ctx);
    OK(try_options(ctx, "create=no"));
}

static void readonly_absent(struct quipu_context *ctx)
{
    RETURNS(QUIPU_NOT_FOUND, try_options(ctx, "readonly=yes"));
}

/* A read-only datastore reads everything and changes nothing. */
static void readonly(struct quipu_context *ctx)
{
    quipu_records *writer = quipu_context_records(ctx, 0);
    const quipu_schema *schema = quipu_records_schema(writer);
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_datastore *d;
    quipu_records *reader;

    quipu_builder_append_many(ctx, writer, s, 3);
    d = quipu_context_open(ctx, "readonly=yes");
    OK(quipu_datastore_describe(d, &info, ERR));
    CHECK(info.readonly, "the description does not report readonly");
    OK(quipu_datastore_setup(d, schema,
                             ERR)); /* the schema is set up already */
    RETURNS(QUIPU_DENIED,
            quipu_datastore_setup(d, quipu_context_schema(ctx, 0), ERR));
    RETURNS(QUIPU_DENIED, quipu_datastore_teardown(d, schema, ERR));
    reader = quipu_context_bind(ctx, d, schema);
    RETURNS(QUIPU_DENIED, quipu_builder_append_next(ctx, reader, s));
    CHECK(quipu_item_list_count(ctx, reader, s) == 3,
          "the read-only datastore does not read three items");
    quipu_builder_append_many(ctx, writer, s, 2);
    CHECK(quipu_item_list_count(ctx, reader, s) == 5,
          "the read-only datastore does not read new items");
    CHECK(quipu_item_list_count(ctx, writer, s) == 5,
          "the sequence has another length than expected");
}

/* Handles of both durabilities write to one store. */
static void both_durabilities(struct quipu_context *ctx)
{
    quipu_records *full = quipu_context_records(ctx, 0);
    quipu_records *relaxed =
        quipu_context_bind(ctx, quipu_context_open(ctx, "durability=relaxed"),
                           quipu_records_schema(full));
    quipu_bytes s = quipu_context_sequence(ctx);

    for (size_t i = 0; i < 20; i++) {
        OK(quipu_builder_append_next(ctx, i % 3 ? relaxed : full, s));
        CHECK(quipu_item_list_count(ctx, i % 3 ? full : relaxed, s) == i + 1,
              "a handle does not read what the other has stored");
    }
    CHECK(quipu_item_list_check_log(ctx, full).count == 20,
          "the log has another length than expected");
}

/* With timeout=0 every operation that need not wait succeeds. */
static void no_time(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_datastore *d = quipu_context_open(ctx, "timeout=0");
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_records *r;

    quipu_context_close(ctx, quipu_context_datastore(ctx));
    OK(quipu_datastore_setup(d, schema, ERR));
    r = quipu_context_bind(ctx, d, schema);
    for (size_t i = 0; i < 20; i++) {
        OK(quipu_builder_append_next(ctx, r, s));
        CHECK(quipu_item_list_count(ctx, r, s) == i + 1,
              "the sequence has another length than expected");
    }
    quipu_context_unbind(ctx, r);
    OK(quipu_datastore_teardown(d, schema, ERR));
}

#define MULTI_OPEN QUIPU_TRAIT_MULTI_OPEN

/* The names of the files below the folder: static, because nftw has no argument
 * for it. */
static char found_names[4096];

static int add_name(const char *path, const struct stat *status, int kind,
                    struct FTW *walk)
{
    size_t used = strlen(found_names);

    (void)status;
    (void)kind;
    (void)walk;
    snprintf(found_names + used, sizeof(found_names) - used, "%s\n", path);
    return 0;
}

static const char *list_names(struct quipu_context *ctx)
{
    found_names[0] = '\0';
    CHECK(nftw(ctx->directory, add_name, 16, FTW_PHYS) == 0, "cannot list %s",
          ctx->directory);
    return quipu_context_format(ctx, "%s", found_names);
}

/* A store that nobody has open is read: no file is there afterwards that was
 * not there before. */
static void readonly_files(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    const quipu_schema *schema = ctx->schemas[0];
    const char *before, *after;

    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    quipu_context_close_all(ctx);
    before = list_names(ctx);
    r = quipu_context_bind(ctx, quipu_context_open(ctx, "readonly=yes"),
                           schema);
    CHECK(quipu_item_list_check_log(ctx, r).count == 1,
          "the read-only datastore does not read the item");
    quipu_context_close_all(ctx);
    after = list_names(ctx);
    CHECK(strcmp(before, after) == 0,
          "before a read-only datastore was opened and closed there was\n%s"
          "and afterwards\n%s",
          before, after);
}

static const struct quipu_case cases[] = {
    { "options.common-options-are-accepted",
      "The common options mean the same in every driver.", good_options, 0, 0,
      0 },
    { "options.wrong-options-are-invalid",
      "A misspelt durability=fulll must not silently mean something weaker.",
      bad_options, 0, 0, 0 },
    { "options.unknown-option-is-named",
      "The message names the unknown option and lists the known ones.",
      unknown_named, 0, 0, 0 },
    { "options.wrong-uris-are-invalid",
      "A scheme becomes part of a file name, so it is checked first.", bad_uris,
      0, 0, 0 },
    { "options.settings-supplement-the-uri",
      "A password need not be part of a URI that is written to logs.", settings,
      0, 0, 0 },
    { "options.datastore-describes-itself",
      "An operator needs to know what a program has open.", described, 0, 0,
      0 },
    { "options.create-no-creates-nothing",
      "A mistyped path must not create a new, empty store.", not_created,
      MULTI_OPEN | QUIPU_TRAIT_FILES, 0, 0 },
    { "options.readonly-leaves-no-file",
      "A file that a reader leaves may belong to a user whom the writer's "
      "user cannot replace.",
      readonly_files, QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_FILES, 0,
      0 },
    { "options.readonly-creates-nothing",
      "A read-only datastore changes no byte, and creates no store.",
      readonly_absent, MULTI_OPEN | QUIPU_TRAIT_FILES, 0, 0 },
    { "options.readonly-changes-nothing",
      "Reports can run safely on the live store.", readonly, MULTI_OPEN, 0, 0 },
    { "V3.durability-is-set-for-each-handle",
      "Handles of both durabilities write to one store, in one order.",
      both_durabilities, MULTI_OPEN | QUIPU_CAN_LOG, 0, 0 },
    { "options.timeout-0-permits-what-needs-no-waiting",
      "An operation that need not wait succeeds even if its deadline has "
      "passed.",
      no_time, 0, 0, 0 },
};
QUIPU_FAMILY(options);
