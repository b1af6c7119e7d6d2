/* SPDX-License-Identifier: Apache-2.0 */
/* From a path to the files that were there: the log knows. */
#include "questions.h"

#include <stdlib.h>
#include <string.h>

struct search {
    const char *path;
    quipu_id *ids;
    size_t count;
};

static int visit(void *context, const struct file_event *event,
                 quipu_error *error)
{
    struct search *search = context;
    quipu_id *ids = NULL;

    if (strcmp(event->path, search->path) != 0) {
        return QUIPU_OK;
    }
    for (size_t i = 0; i < search->count; i++) {
        if (quipu_id_equal(&search->ids[i], &event->base.originator_id)) {
            return QUIPU_OK;
        }
    }
    ids = reallocarray(search->ids, search->count + 1, sizeof(*ids));
    if (!ids) {
        return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
    }
    search->ids = ids;
    search->ids[search->count++] = event->base.originator_id;
    return QUIPU_OK;
}

int find_files(const struct ledger *ledger, const char *path, quipu_id **ids,
               size_t *count, quipu_error *error)
{
    struct search search = { .path = path };
    int status = ledger_walk(ledger, visit, &search, error);

    if (status == QUIPU_OK && search.count == 0) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "no file was ever at %s", path);
    }
    if (status != QUIPU_OK) {
        free(search.ids);
        return status;
    }
    *ids = search.ids;
    *count = search.count;
    return QUIPU_OK;
}
