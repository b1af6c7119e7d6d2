/* SPDX-License-Identifier: Apache-2.0 */
/* A projection: the postage of the letters to each town.  Its read model is in
 * memory, so each run handles all events again. */
#include <stdio.h>
#include <string.h>

#include "letters.h"

#define LETTERS_MAX 64

struct row {
    quipu_id letter;
    char town[LETTER_TEXT_SIZE];
    int64_t pence;
};

struct model {
    struct row rows[LETTERS_MAX];
    size_t count;
};

static struct row *find(struct model *model, const quipu_id *letter)
{
    for (size_t i = 0; i < model->count; i++) {
        if (quipu_id_equal(&model->rows[i].letter, letter)) {
            return &model->rows[i];
        }
    }
    if (model->count == LETTERS_MAX) {
        return NULL;
    }
    model->rows[model->count].letter = *letter;
    return &model->rows[model->count++];
}

QUIPU_PROJECTOR(written)
{
    struct row *row = find(context, &event->base.originator_id);

    if (!row) {
        return quipu_error_set(error, QUIPU_DENIED, "too many letters");
    }
    (void)snprintf(row->town, sizeof(row->town), "%s", event->town);
    return QUIPU_OK;
}

QUIPU_PROJECTOR(stamped)
{
    struct row *row = find(context, &event->base.originator_id);

    if (!row) {
        return quipu_error_set(error, QUIPU_DENIED, "too many letters");
    }
    row->pence += event->pence;
    return QUIPU_OK;
}

static const quipu_projection_handler handlers[] = {
    QUIPU_PROJECTS(written),
    QUIPU_PROJECTS(stamped),
    { 0 },
};
static const quipu_projection_type postage = { .name = "postage",
                                               .version = 1,
                                               .handlers = handlers };

static void print(const struct model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        int64_t pence = 0;
        size_t first = 0;

        while (strcmp(model->rows[first].town, model->rows[i].town) != 0) {
            first++;
        }
        for (size_t j = i; j < model->count; j++) {
            pence += strcmp(model->rows[j].town, model->rows[i].town) == 0
                         ? model->rows[j].pence
                         : 0;
        }
        if (first == i) {
            printf("%s: %lld pence\n", model->rows[i].town, (long long)pence);
        }
    }
}

int postage_run(struct letters *letters, quipu_error *error)
{
    struct model model = { .count = 0 };
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &model };
    quipu_projection *projection = NULL;
    bool caught_up = false;
    int status = quipu_projection_open(letters->store, &postage, &options,
                                       &projection, error);

    if (status == QUIPU_OK) {
        status = quipu_projection_reset(projection, error);
    }
    while (status == QUIPU_OK && !caught_up) {
        status = quipu_projection_step(projection, &caught_up, error);
    }
    if (status == QUIPU_OK) {
        print(&model);
    }
    (void)quipu_projection_close(projection, NULL);
    return status;
}
