/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop of a program's own as a member of a group.  Prints:
 *
 *     partition 0 is handled
 *     partition 1 is handled
 *     ann is in partition 0 or 1: yes
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>

/* Records that a partition was handled, unless another member has taken it. */
static int handle(quipu_datastore *datastore, uint32_t partition,
                  const quipu_entry_write *fence, quipu_error *error)
{
    char key[32];

    (void)snprintf(key, sizeof(key), "invoices/%" PRIu32, partition);
    const quipu_entry_write entries[] = {
        *fence,
        { .key = quipu_bytes_of_text(key),
          .value = quipu_bytes_of_text("done") },
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = entries,
                                          .entry_count = 2 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    QUIPU_TRY(quipu_datastore_commit(datastore, &append, NULL, error));
    printf("partition %" PRIu32 " is handled\n", partition);
    return QUIPU_OK;
}

/* One round of the loop. */
static int turn(quipu_datastore *datastore, quipu_group *group,
                quipu_error *error)
{
    uint64_t held = 0;

    while (held != 3) { /* both partitions: this is the only member */
        QUIPU_TRY(quipu_group_renew(group, &held, error));
    }
    for (uint32_t partition = 0; partition < 2; partition++) {
        quipu_entry_write fence;

        if (quipu_group_fence(group, partition, &fence)) {
            QUIPU_TRY(handle(datastore, partition, &fence, error));
        }
    }
    return QUIPU_OK;
}

/* Opens a process as a member of a group: each thread or process that does the
 * same gets a share of the events. */
static int open_member(struct bank *bank, quipu_process **process,
                       quipu_error *error)
{
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 16 };
    const quipu_process_options options = { .struct_size = sizeof(options),
                                            .context = bank,
                                            .group = &group };

    return quipu_process_open(bank->store, &transfers, &options, process,
                              error);
}

/* Joins the group of the process, and leaves it. */
static int join(struct bank *bank, quipu_error *error)
{
    quipu_process *process = NULL;

    QUIPU_TRY(open_member(bank, &process, error));
    int status = quipu_process_step(process, NULL, error);
    int left = quipu_process_close(process, status ? NULL : error);

    return status == QUIPU_OK ? left : status;
}

int group_show(struct bank *bank, quipu_error *error)
{
    const quipu_group_options options = { .struct_size = sizeof(options),
                                          .partitions = 2 };
    const quipu_id id = account_id("ann");
    quipu_group *group = NULL;

    QUIPU_TRY(
        quipu_group_open(bank->datastore, "invoices", &options, &group, error));
    int status = turn(bank->datastore, group, error);
    int left = quipu_group_close(group, status ? NULL : error);

    if (status != QUIPU_OK || left != QUIPU_OK) {
        return status != QUIPU_OK ? status : left;
    }
    uint32_t partition =
        quipu_filter_partition(&bank->schema, quipu_id_bytes(&id), 2);

    printf("ann is in partition 0 or 1: %s\n", partition < 2 ? "yes" : "no");
    return join(bank, error);
}
