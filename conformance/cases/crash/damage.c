/* SPDX-License-Identifier: Apache-2.0 */
/*
 * F4: damaged and foreign files in place of a store, for stores that keep files
 * below {dir}.  Opening returns CORRUPT or UNSUPPORTED, and changes no byte.
 */
#include "cases/case.h"

#include "context/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILES 16
#define HEAD 4096 /* bytes of each file that are damaged and compared */

/* The files of the store: static, because nftw has no argument for it. */
static struct {
    char paths[FILES][512];
    unsigned char heads[FILES][HEAD];
    size_t sizes[FILES]; /* of the heads */
    off_t lengths[FILES];
    size_t count;
} found;

static int find_one(const char *path, const struct stat *status, int kind,
                    struct FTW *walk)
{
    (void)walk;
    if (kind == FTW_F && status->st_size > 0 && found.count < FILES) {
        snprintf(found.paths[found.count], sizeof(found.paths[0]), "%s", path);
        found.lengths[found.count++] = status->st_size;
    }
    return 0;
}

static size_t read_head(size_t i, unsigned char *head)
{
    FILE *file = fopen(found.paths[i], "rbe");
    size_t size = file ? fread(head, 1, HEAD, file) : 0;

    if (file) {
        (void)fclose(file);
    }
    return size;
}

static void write_head(size_t i)
{
    FILE *file = fopen(found.paths[i], "r+be");

    CHECK(file &&
              fwrite(found.heads[i], 1, found.sizes[i], file) ==
                  found.sizes[i] &&
              fclose(file) == 0,
          "cannot write %s", found.paths[i]);
}

/* Makes a store with some items, closes it, and lists its files. */
static void make_store(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);

    quipu_builder_append_many(ctx, r, quipu_context_sequence(ctx), 100);
    quipu_context_close_all(ctx);
    CHECK(nftw(ctx->directory, find_one, 16, FTW_PHYS) == 0 && found.count > 0,
          "the store has no files below %s", ctx->directory);
    for (size_t i = 0; i < found.count; i++) {
        found.sizes[i] = read_head(i, found.heads[i]);
    }
}

static void check_open_refuses(struct quipu_context *ctx)
{
    static const char *const options[] = { NULL, "create=no", "readonly=yes" };
    unsigned char now[HEAD];
    struct stat info;

    for (size_t k = 0; k < sizeof(options) / sizeof(*options); k++) {
        quipu_datastore *datastore;
        int status = quipu_datastore_open(quipu_context_uri(ctx, options[k]),
                                          NULL, &datastore, ERR);

        CHECK(status == QUIPU_CORRUPT || status == QUIPU_UNSUPPORTED,
              "opening a damaged or foreign file returns %s",
              quipu_status_name(status));
        for (size_t i = 0; i < found.count; i++) {
            CHECK(stat(found.paths[i], &info) == 0 &&
                      info.st_size == found.lengths[i] &&
                      read_head(i, now) == found.sizes[i] &&
                      memcmp(now, found.heads[i], found.sizes[i]) == 0,
                  "opening has changed %s", found.paths[i]);
        }
    }
}

static void damaged(struct quipu_context *ctx)
{
    make_store(ctx);
    for (size_t i = 0; i < found.count; i++) {
        for (size_t k = 0; k < found.sizes[i]; k++) {
            found.heads[i][k] = (unsigned char)quipu_context_random(ctx, 256);
        }
        write_head(i);
    }
    check_open_refuses(ctx);
}

static void foreign(struct quipu_context *ctx)
{
    static const char text[] = "Dear diary, today I was not a database.\n";

    make_store(ctx);
    for (size_t i = 0; i < found.count; i++) {
        for (size_t k = 0; k < found.sizes[i]; k++) {
            found.heads[i][k] = (unsigned char)text[k % (sizeof(text) - 1)];
        }
        write_head(i);
    }
    check_open_refuses(ctx);
}

/* ------------------------------------------------- a folder of another program
 */

static const char *const strangers[] = { "notes.txt", "000001.log", "LOCK" };
#define STRANGERS (sizeof(strangers) / sizeof(*strangers))

/* Returns the folder that holds the store, if that is one of its own. */
static const char *own_folder(struct quipu_context *ctx)
{
    const char *path = found.paths[0];
    const char *slash = strrchr(path, '/');

    return (size_t)(slash - path) > strlen(ctx->directory)
               ? quipu_context_format(ctx, "%.*s", (int)(slash - path), path)
               : NULL;
}

static void write_strangers(struct quipu_context *ctx, const char *folder)
{
    for (size_t i = 0; i < STRANGERS; i++) {
        FILE *file = fopen(
            quipu_context_format(ctx, "%s/%s", folder, strangers[i]), "we");

        CHECK(file && fputs(strangers[i], file) >= 0 && fclose(file) == 0,
              "cannot write into %s", folder);
    }
}

static void check_strangers(struct quipu_context *ctx, const char *folder)
{
    for (size_t i = 0; i < STRANGERS; i++) {
        const char *path =
            quipu_context_format(ctx, "%s/%s", folder, strangers[i]);
        FILE *file = fopen(path, "re");
        char text[32] = "";

        CHECK(file, "the store has removed %s", path);
        const char *line = fgets(text, sizeof(text), file);
        (void)fclose(file);
        CHECK(line && strcmp(line, strangers[i]) == 0,
              "the store has changed %s", path);
    }
}

/* Makes a store and uses it, if the driver does not refuse. */
static void use_folder(struct quipu_context *ctx)
{
    const quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_datastore *datastore;

    for (size_t i = 1; i <= 3; i++) {
        quipu_records *r;

        if (quipu_datastore_open(ctx->uri, NULL, &datastore, ERR) != QUIPU_OK) {
            CHECK(i == 1, "a store that was made cannot be opened: %s",
                  ERR->message);
            return;
        }
        OK(quipu_datastore_close(datastore, ERR));
        OK(quipu_datastore_setup(quipu_context_datastore(ctx), schema, ERR));
        r = quipu_context_bind(ctx, ctx->main, schema);
        quipu_builder_append_many(ctx, r, s, 50);
        CHECK(quipu_item_list_count(ctx, r, s) == 50 * i,
              "items are missing in a store beside other files");
        quipu_context_close_all(ctx);
    }
}

/* For a store that is a folder: in one that has other files the driver refuses
 * to make a store, or leaves them alone.  (The root of a volume may have a file
 * before the store is made, so not every driver refuses.) */
static void strange_folder(struct quipu_context *ctx)
{
    const char *folder;

    make_store(ctx);
    folder = own_folder(ctx);
    if (!folder) {
        quipu_assertion_inapplicable("needs a store that is a folder");
    }
    quipu_folder_remove(folder);
    CHECK(mkdir(folder, 0700) == 0, "cannot create %s", folder);
    write_strangers(ctx, folder);
    use_folder(ctx);
    check_strangers(ctx, folder);
}

#define PERSISTENT_FILES (QUIPU_CAN_PERSIST | QUIPU_TRAIT_FILES)

static const struct quipu_case cases[] = {
    { "F4.damaged-files-are-not-changed",
      "A recovery tool may still be able to read a damaged file, so it must "
      "not be overwritten.",
      damaged, PERSISTENT_FILES, 0, 0 },
    { "F4.foreign-files-are-not-changed",
      "A wrong path in a URI must not destroy a file of another program.",
      foreign, PERSISTENT_FILES, 0, 0 },
    { "F4.other-files-in-the-folder-stay",
      "A store that is a folder must not take the files of another program for "
      "its own.",
      strange_folder, PERSISTENT_FILES, 0, 0 },
};
QUIPU_FAMILY_IN(crash, damage);
