/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the commands. */
#include "command.h"

#include "shell/suggestion.h"

#include <stddef.h>
#include <string.h>

/* NULL-terminated, in the order of the help. */
/* clang-format off */
const struct command *const commands[] = {
    &drivers_command,
    &info_command,
    &namespaces_command,
    &stats_command,
    &sequences_command,
    &topics_command,
    &read_command,
    &log_command,
    &tail_command,
    &append_command,
    &consumers_command,
    &parked_command,
    &timers_command,
    &erase_command,
    &verify_command,
    &doctor_command,
    &export_command,
    &import_command,
    &copy_command,
    &backup_command,
    &restore_command,
    &alter_command,
    &serve_command,
    &browse_command,
    &bench_command,
    NULL,
};
/* clang-format on */

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

const char *command_suggest(const char *name)
{
    const char *names[sizeof(commands) / sizeof(*commands)] = { NULL };
    size_t count = 0;

    while (commands[count]) {
        names[count] = commands[count]->name;
        count++;
    }
    return suggestion_find(name, names, count);
}
