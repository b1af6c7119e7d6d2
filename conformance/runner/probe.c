/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a store in a child process and describes it.
 *
 * A process of its own, because a driver that crashes or hangs while it opens
 * the store must not end the run, and because cases fork from a process that
 * has never opened a datastore.  The result is left in shared memory.
 */
#include "probe.h"

#include "context/store_uri.h"
#include "context/unwritten.h"
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LIMIT 60 /* seconds, times the patience */

struct probe {
    const struct quipu_run *run;
    const struct quipu_store_uri *store_uri;
    struct quipu_store *found; /* in shared memory */
    int unwritten;             /* file of context/unwritten.h, or -1 */
};

/* Returns true if two datastores access the same store: if the second finds a
 * schema that the first has set up. */
static bool is_multi_open(struct quipu_context *ctx)
{
    const quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_PLAIN);
    quipu_datastore *other;
    quipu_records *records;
    int status;

    quipu_context_setup(ctx, schema);
    other = quipu_context_open(ctx, NULL);
    status = quipu_records_open(other, schema, &records, ERR);
    if (status == QUIPU_NOT_FOUND) {
        return false;
    }
    OK(status);
    OK(quipu_records_close(records, ERR));
    return true;
}

static uint32_t traits_of_run(const struct probe *probe)
{
    const struct quipu_server_hooks *hooks = &probe->run->hooks;
    uint32_t traits = 0;

    if (probe->store_uri->directory) {
        traits |= QUIPU_TRAIT_FILES;
    } else if (hooks->stop && hooks->start) {
        traits |= QUIPU_TRAIT_SERVER;
    }
    if (probe->run->profile != QUIPU_PROFILE_QUICK) {
        traits |= QUIPU_TRAIT_HEAVY;
    }
    return traits;
}

/* Stores the URI as the user wrote it, unless it has a password: then the one
 * that the datastore reports, without the password.  That has the contract
 * proxy's scheme, which is replaced. */
static void describe_uri(const struct probe *probe, const char *given,
                         char *text, size_t size)
{
    const char *uri = probe->store_uri->uri;
    int scheme = (int)strcspn(uri, ":");
    const char *body = given + strcspn(given, ":");

    if (strcmp(body, uri + scheme) == 0) {
        snprintf(text, size, "%s", probe->run->uri);
    } else {
        snprintf(text, size, "%.*s%s", scheme, uri, body);
    }
}

static void describe(const struct probe *probe, quipu_datastore *datastore)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    struct quipu_store *found = probe->found;

    OK(quipu_datastore_describe(datastore, &info, ERR));
    describe_uri(probe, info.uri, found->uri, sizeof(found->uri));
    snprintf(found->driver, sizeof(found->driver), "%s", info.driver);
    snprintf(found->version, sizeof(found->version), "%s", info.driver_version);
    snprintf(found->library, sizeof(found->library), "%s",
             info.library ? info.library : "");
    found->traits |= info.capabilities;
}

static void inspect(void *context)
{
    const struct probe *probe = context;
    struct quipu_context ctx;

    if (probe->run->unfinished) {
        quipu_unwritten_accept(probe->unwritten);
    }
    quipu_context_init(&ctx, probe->store_uri->uri, probe->store_uri->directory,
                       0, probe->run->seed);
    probe->found->traits = traits_of_run(probe);
    describe(probe, quipu_context_datastore(&ctx));
    ctx.traits = probe->found->traits;
    /* If the driver cannot show it yet, the cases that need it are skipped. */
    probe->found->traits |= QUIPU_TRAIT_MULTI_OPEN;
    if (!is_multi_open(&ctx)) {
        probe->found->traits &= ~(uint32_t)QUIPU_TRAIT_MULTI_OPEN;
    }
    quipu_context_finish(&ctx);
}

/* Puts the end of the process before what it has written, because some reports
 * show the first line only. */
static void describe_death(struct quipu_child *child)
{
    char *written = strdup(child->text);
    char how[256];

    snprintf(child->text, child->size,
             "while it opened the store, the process %s\n%s",
             quipu_completion_describe(child->status, how, sizeof(how)),
             written ? written : "");
    free(written);
}

bool quipu_probe_run(const struct quipu_run *run, struct quipu_store *store,
                     char *text, size_t size)
{
    struct quipu_store_uri store_uri;
    struct quipu_child child = { .text = text, .size = size };
    struct quipu_child *children[] = { &child };
    struct probe probe = { .run = run, .store_uri = &store_uri };
    char operation[40];
    bool unwritten;

    if (!quipu_store_uri_create(&store_uri, run->uri)) {
        snprintf(text, size, "cannot create a folder for {dir}");
        return false;
    }
    probe.found = quipu_workers_share_memory(sizeof(*probe.found));
    probe.unwritten = run->unfinished ? quipu_unwritten_create() : -1;
    if (!quipu_child_start(&child, inspect, &probe,
                           INT64_C(1000) * LIMIT * run->patience)) {
        snprintf(text, size, "cannot create a process");
        child.ended = true;
        child.completion = QUIPU_COMPLETION_FAILED;
    }
    while (!child.ended) {
        quipu_child_wait(children, 1);
        if (quipu_runner_signal() && !child.ended) {
            quipu_child_kill(&child);
        }
    }
    unwritten =
        quipu_unwritten_called(probe.unwritten, operation, sizeof(operation));
    quipu_unwritten_destroy(probe.unwritten);
    *store = *probe.found;
    munmap(probe.found, sizeof(*probe.found));
    quipu_store_uri_destroy(&store_uri);
    if (child.late) {
        snprintf(text, size, "opening the store took longer than %d seconds",
                 LIMIT * (int)run->patience);
    } else if (child.completion == QUIPU_COMPLETION_DIED &&
               !quipu_runner_signal()) {
        describe_death(&child);
    }
    return unwritten ||
           (child.completion == QUIPU_COMPLETION_DONE && !child.late);
}
