/* SPDX-License-Identifier: Apache-2.0 */
/* The third-party driver of the examples, which runs no function in a
 * transaction and keeps its stores in the memory of this process. */
#include "core/consumer/model_fixture.h"

static void prepare(const char *label, const char *options, char name[96])
{
    (void)options;
    (void)snprintf(name, 96, "%s", label);
}

const struct model model_memory = { .driver = "memory", .prepare = prepare };
