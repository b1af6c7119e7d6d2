/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what the log holds, in one pass. */
#include "questions.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct summary {
    int64_t counts[FILE_EVENT_COUNT]; /* as in file_events */
    int64_t events, commits;
    int64_t added, removed;
    char commit[80]; /* the last one seen */
};

static int visit(void *context, const struct file_event *event,
                 quipu_error *error)
{
    struct summary *summary = context;

    (void)error;
    for (size_t i = 0; i < FILE_EVENT_COUNT; i++) {
        summary->counts[i] += event->base.type == file_events[i];
    }
    summary->events++;
    summary->added += event->added;
    summary->removed += event->removed;
    /* The events of a commit follow each other. */
    if (strcmp(summary->commit, event->commit) != 0) {
        summary->commits++;
        snprintf(summary->commit, sizeof(summary->commit), "%s", event->commit);
    }
    return QUIPU_OK;
}

int ask_summary(const struct ledger *ledger, quipu_error *error)
{
    struct summary summary = { 0 };
    const int status = ledger_walk(ledger, visit, &summary, error);

    if (status == QUIPU_OK) {
        printf("events     %" PRId64 ", of %" PRId64 " commits\n",
               summary.events, summary.commits);
        for (size_t i = 0; i < FILE_EVENT_COUNT; i++) {
            printf("           %" PRId64 " %s\n", summary.counts[i],
                   file_events[i]->topic);
        }
        printf("sequences  %" PRId64 " files, of which %" PRId64 " exist\n",
               summary.counts[0], summary.counts[0] - summary.counts[3]);
        printf("lines      %" PRId64 " added, %" PRId64 " removed\n",
               summary.added, summary.removed);
    }
    return status;
}
