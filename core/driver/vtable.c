/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks and copies the tables of drivers.
 *
 * The order of the checks matters.  `struct_size` and `abi` are the first two
 * members in every ABI, so that the ABI can be compared before anything else
 * is read; nothing beyond the driver's own struct_size is ever read.
 */
#include "driver/vtable.h"

#include <stdalign.h>
#include <string.h>

#include "base/error.h"
#include "driver/operation_stubs.h"

/* clang-format off */
#define MEMBER(name) { offsetof(quipu_driver, name), #name }
/* clang-format on */

/* Members that every driver must have; all are pointers.  The first five have
 * no stub (operation_stubs.h). */
#define INDISPENSABLE 5
static const struct member {
    size_t offset;
    const char *name;
} required[] = {
    MEMBER(name),         MEMBER(version),        MEMBER(library),
    MEMBER(open),         MEMBER(close),          MEMBER(interrupt),
    MEMBER(setup),        MEMBER(teardown),       MEMBER(bind),
    MEMBER(unbind),       MEMBER(append),         MEMBER(read_sequence),
    MEMBER(list_schemas), MEMBER(list_sequences), MEMBER(step),
    MEMBER(cursor_close), MEMBER(last_position),
};

static int check_abi(const quipu_driver *given, quipu_error *error)
{
    if (given->abi == QUIPU_DRIVER_ABI) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "it is built for driver ABI %u, and this quipu "
                           "needs ABI %d: upgrade %s",
                           given->abi, QUIPU_DRIVER_ABI,
                           given->abi > QUIPU_DRIVER_ABI ? "quipu"
                                                         : "the driver");
}

/* Returns true if the pointer at `offset` in the table is NULL. */
static bool is_null(const quipu_driver *table, size_t offset)
{
    static const unsigned char null[sizeof(void *)];

    return memcmp((const char *)table + offset, null, sizeof(null)) == 0;
}

static int check_members(const quipu_driver *table, quipu_error *error)
{
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (is_null(table, required[i].offset)) {
            return quipu_error_set(
                error, QUIPU_INVALID, "its required member \"%s\" is missing%s",
                required[i].name,
                i < INDISPENSABLE ? ""
                                  : "; quipu-conformance --unfinished tests a "
                                    "driver that does not have it yet");
        }
    }
    if (table->option_count > 0 && !table->options) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "its option_count is %u, but options is NULL",
                               table->option_count);
    }
    for (uint32_t i = 0; i < table->option_count; i++) {
        if (!table->options[i].name) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "its option %u has no name", i + 1);
        }
    }
    return QUIPU_OK;
}

int quipu_vtable_adopt(quipu_driver *table, const quipu_driver *given,
                       quipu_error *error)
{
    size_t size = sizeof(*table);
    int status;

    if (!given) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "its entry returned no table");
    }
    status = check_abi(given, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (given->struct_size % alignof(quipu_driver) != 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "its table has struct_size %u, which is not the "
                               "sizeof quipu_driver in any version",
                               given->struct_size);
    }
    if (given->struct_size < size) {
        size = given->struct_size;
    }
    memset(table, 0, sizeof(*table));
    memcpy(table, given, size);
    table->struct_size = sizeof(*table);
    quipu_operation_stubs_fill(table);
    return check_members(table, error);
}
