/* SPDX-License-Identifier: Apache-2.0 */
/* Files by path, and a bounded number of their aggregates. */
#include "living.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct living_file *)a)->path,
                  ((const struct living_file *)b)->path);
}

void living_init(struct living *living)
{
    memset(living, 0, sizeof(*living));
    TAILQ_INIT(&living->used);
    STAILQ_INIT(&living->moves);
}

static void free_file(void *node)
{
    struct living_file *file = node;

    quipu_aggregate_destroy(file->file);
    free(file->path);
    free(file);
}

void living_finish(struct living *living)
{
    struct living_file *file;

    while ((file = STAILQ_FIRST(&living->moves))) {
        STAILQ_REMOVE_HEAD(&living->moves, moves);
        free_file(file);
    }
    tdestroy(living->by_path, free_file);
}

struct living_file *living_find(const struct living *living, const char *path)
{
    struct living_file key;
    struct living_file *const *found;

    key.path = (char *)path; /* only compared */
    found = tfind(&key, (void *const *)&living->by_path, compare);
    return !found ? NULL : *found;
}

struct living_file *living_take(struct living *living, const char *path)
{
    struct living_file *file = living_find(living, path);

    if (file) {
        tdelete(file, &living->by_path, compare);
    }
    return file;
}

void living_free(struct living *living, struct living_file *file)
{
    if (file->file) {
        TAILQ_REMOVE(&living->used, file, used);
        living->kept--;
    }
    free_file(file);
}

struct living_file *living_put(struct living *living, struct living_file *file,
                               const char *path, const quipu_uuid *id)
{
    char *copy = strdup(path);

    if (!file && copy) {
        file = calloc(1, sizeof(*file));
    }
    if (!file || !copy) {
        free(copy);
        return NULL;
    }
    free(file->path);
    file->path = copy;
    file->id = *id;
    STAILQ_INSERT_TAIL(&living->moves, file, moves);
    return file;
}

int living_settle(struct living *living, quipu_error *error)
{
    struct living_file *file;

    while ((file = STAILQ_FIRST(&living->moves))) {
        struct living_file *const *found =
            tsearch(file, &living->by_path, compare);

        if (!found) {
            return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
        }
        if (*found != file) {
            return quipu_error_set(error, QUIPU_CORRUPT,
                                   "two files have the path %s", file->path);
        }
        STAILQ_REMOVE_HEAD(&living->moves, moves);
    }
    return QUIPU_OK;
}

void living_keep(struct living *living, struct living_file *file,
                 struct file *aggregate)
{
    if (file->file) {
        TAILQ_REMOVE(&living->used, file, used);
        living->kept--;
    }
    file->file = aggregate;
    TAILQ_INSERT_HEAD(&living->used, file, used);
    living->kept++;
}

void living_trim(struct living *living, size_t most)
{
    while (living->kept > most) {
        struct living_file *file = TAILQ_LAST(&living->used, living_used);

        TAILQ_REMOVE(&living->used, file, used);
        living->kept--;
        quipu_aggregate_destroy(file->file);
        file->file = NULL;
    }
}
