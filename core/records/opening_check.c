/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the options of an opening against the driver's published table. */
#include "records/opening.h"

#include <stdio.h>
#include <string.h>

#include <quipu/error.h>

#include "base/option.h"

/* A list of names that is cut where it gets too long for a message. */
struct names {
    size_t size;
    char text[768];
};

static void add_names(struct names *names, const quipu_option_info *options,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t room = sizeof(names->text) - names->size;
        int wrote = snprintf(names->text + names->size, room, "%s%s",
                             names->size > 0 ? ", " : "", options[i].name);

        if (wrote < 0 || (size_t)wrote >= room) {
            names->text[names->size] = '\0';
            return;
        }
        names->size += (size_t)wrote;
    }
}

static int unknown(const quipu_driver *driver, const char *name,
                   quipu_error *error)
{
    struct names names = { .size = 0 };
    size_t own_count;
    const quipu_option_info *own = quipu_opening_options(&own_count);

    add_names(&names, own, own_count);
    add_names(&names, driver->options, driver->option_count);
    return quipu_error_set(error, QUIPU_INVALID,
                           "driver \"%s\" has no option \"%.100s\"; known are: "
                           "%s",
                           driver->name, name, names.text);
}

static const quipu_option_info *find(const quipu_driver *driver,
                                     const char *name)
{
    for (uint32_t i = 0; i < driver->option_count; i++) {
        if (strcmp(driver->options[i].name, name) == 0) {
            return &driver->options[i];
        }
    }
    return NULL;
}

int quipu_opening_check(const struct quipu_opening *opening,
                        const quipu_driver *driver, quipu_error *error)
{
    bool passes = (driver->flags & QUIPU_DRIVER_PASSES_OPTIONS) != 0;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < opening->option_count; i++) {
        const quipu_option *option = &opening->options[i];
        const quipu_option_info *info = find(driver, option->name);

        if (info) {
            status = quipu_option_check(info, option->value, error);
        } else if (!passes) {
            status = unknown(driver, option->name, error);
        }
    }
    return status;
}
