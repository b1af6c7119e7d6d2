/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of stores, for the cases of backups. */
#include "store_copy.h"

#include "assertion.h"
#include "paired_append.h"
#include "subprocess.h"

#include <inttypes.h>
#include <sys/stat.h>

static quipu_backup backup_of(const char *path, bool replace)
{
    return (quipu_backup){ .struct_size = sizeof(quipu_backup),
                           .flags = replace ? QUIPU_BACKUP_REPLACE : 0,
                           .path = path };
}

int quipu_store_copy_make(quipu_datastore *datastore, const char *path,
                          bool replace)
{
    const quipu_backup backup = backup_of(path, replace);

    return quipu_backup_create(datastore, &backup, ERR);
}

int quipu_store_copy_restore(const char *uri, const char *path, bool replace)
{
    const quipu_backup backup = backup_of(path, replace);

    return quipu_backup_restore(uri, NULL, &backup, ERR);
}

const char *quipu_store_copy_path(struct quipu_context *ctx, const char *name)
{
    return quipu_context_format(ctx, "%s/%s", ctx->directory, name);
}

const char *quipu_store_copy_uri(struct quipu_context *ctx, const char *name)
{
    const char *folder = quipu_store_copy_path(ctx, name);

    CHECK(mkdir(folder, 0700) == 0, "cannot create %s", folder);
    return quipu_subprocess_uri(ctx, folder);
}

void quipu_store_copy_check(struct quipu_context *ctx, const char *uri,
                            const int64_t least[], const int64_t most[])
{
    const char *own = ctx->uri;
    int64_t counts[STORE_COPY_WRITERS];

    ctx->uri = uri;
    quipu_records *r = quipu_paired_append_open(ctx);

    quipu_paired_append_check_log(ctx, r, STORE_COPY_WRITERS, counts);
    for (unsigned i = 0; i < STORE_COPY_WRITERS; i++) {
        CHECK(counts[i] >= least[i] && counts[i] <= most[i],
              "writer %u: the store has %" PRId64 " appends, not %" PRId64
              " to %" PRId64,
              i, counts[i], least[i], most[i]);
    }
    struct quipu_writer_progress next = { .begun = counts[0],
                                          .acknowledged = counts[0] };

    OK(quipu_paired_append_next(ctx, quipu_builder_create(ctx, r, 2), 0,
                                &next));
    ctx->uri = own;
}

void quipu_store_copy_fill(struct quipu_context *ctx, int64_t count)
{
    quipu_records *r = quipu_paired_append_open(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);

    for (int64_t k = quipu_paired_append_count(ctx, b, 0); k < count; k++) {
        quipu_paired_append_continue(ctx, r, 0, k);
    }
    quipu_context_close_all(ctx);
}
