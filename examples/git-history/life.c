/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the files that were ever at a path. */
#include "path.h"
#include "questions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_what(const struct file_event *event)
{
    if (event->base.type == &file_created) {
        fputs("created as ", stdout);
    } else if (event->base.type == &file_deleted) {
        fputs("deleted", stdout);
        return;
    } else if (event->base.type == &file_changed) {
        fputs("changed", stdout);
        return;
    } else {
        fputs("renamed from ", stdout);
        text_print(event->from);
        fputs(" to ", stdout);
    }
    text_print(event->path);
}

static int visit(void *context, const struct file_event *event,
                 quipu_error *error)
{
    char time[QUIPU_TIME_TEXT_SIZE];
    char counts[48] = "binary";
    const int status = quipu_time_format(event->base.time, time, error);

    (void)context;
    if (status != QUIPU_OK) {
        return status;
    }
    if (event->counted) {
        snprintf(counts, sizeof(counts), "+%" PRId64 " -%" PRId64, event->added,
                 event->removed);
    }
    printf("%4" PRId64 "  %.10s  %.10s  %-12s  ",
           event->base.originator_version, time, event->commit, counts);
    print_what(event);
    fputs(", by ", stdout);
    text_print(event->author);
    putchar('\n');
    return QUIPU_OK;
}

int ask_life(const struct ledger *ledger, const char *path, quipu_error *error)
{
    quipu_id *ids = NULL;
    size_t count = 0;
    int status = find_files(ledger, path, &ids, &count, error);

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        if (i > 0) {
            putchar('\n'); /* another file, later at the same path */
        }
        status = ledger_walk_file(ledger, &ids[i], visit, NULL, error);
    }
    free(ids);
    return status;
}
