/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers of a program.  Prints:
 *
 *     INVALID: toy is not finished
 *     toy: linked in
 *     toy 0.1 uses nothing
 *     linked in: no such driver
 *     NOT_FOUND for nosuch
 *     the driver lacks list_schemas
 *     DENIED for sqlite
 */
#include "howto.h"

#include <stdio.h>
#include <string.h>

/* --------------------------------------------- a driver that is linked in */

struct quipu_driver_datastore {
    const quipu_host *host;
};

static const char *toy_library(void)
{
    return "nothing";
}

static int toy_open(const quipu_host *host, const quipu_open *how,
                    int64_t deadline, quipu_driver_datastore **datastore,
                    quipu_opened *made, quipu_error *error)
{
    quipu_driver_datastore *toy = host->allocate(sizeof(*toy));

    (void)how;
    (void)deadline;
    if (!toy) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL, "no memory");
    }
    toy->host = host;
    made->identity.bytes[0] = 1;
    made->limits = (quipu_limits){ .state_size = UINT64_C(16) << 20,
                                   .append_items = 100000,
                                   .append_size = UINT64_C(256) << 20 };
    *datastore = toy;
    return QUIPU_OK;
}

static void toy_close(quipu_driver_datastore *datastore)
{
    datastore->host->release(datastore);
}

/* It is being written, and has only what it cannot be without. */
static const quipu_driver *toy_entry(void)
{
    static const quipu_driver toy = { .struct_size = sizeof(toy),
                                      .abi = QUIPU_DRIVER_ABI,
                                      .name = "toy",
                                      .version = "0.1",
                                      .library = toy_library,
                                      .open = toy_open,
                                      .close = toy_close };

    return &toy;
}

/* ----------------------------------------------------- looking at drivers */

static void print_linked(void *context, const char *scheme,
                         const char *location)
{
    (void)context;
    if (strcmp(location, "linked in") == 0) { /* others: the path of a file */
        printf("%s: %s\n", scheme, location);
    }
}

static void print_first(void *context, const char *location,
                        const char *finding)
{
    int *steps = context;

    if ((*steps)++ == 0) { /* then the folders of the search */
        printf("%s: %s\n", location, finding);
    }
}

static int look(quipu_error *error)
{
    const quipu_driver *driver;
    int steps = 0;

    quipu_drivers_list(print_linked, NULL);
    QUIPU_TRY(quipu_drivers_find("toy", &driver, error));
    printf("%s %s uses %s\n", driver->name, driver->version, driver->library());
    int status = quipu_drivers_explain("nosuch", print_first, &steps, error);

    printf("%s for nosuch\n", quipu_status_name(status));
    return QUIPU_OK;
}

/* ----------------------------------------------------- unfinished drivers */

static void lacking(const char *what)
{
    printf("the driver lacks %s\n", what);
}

static int add(quipu_error *error)
{
    int status = quipu_drivers_add("toy", toy_entry, error);

    printf("%s: toy is not finished\n", quipu_status_name(status));
    quipu_drivers_accept_unfinished(lacking); /* in the driver's own test */
    return quipu_drivers_add("toy", toy_entry, error);
}

static int call(quipu_error *error)
{
    quipu_datastore *datastore = NULL;
    const quipu_schema *schema;
    quipu_schemas *schemas = NULL;

    QUIPU_TRY(quipu_datastore_open("toy:", NULL, &datastore, error));
    int status = quipu_schemas_open(datastore, &schemas, error);

    if (status == QUIPU_OK) {
        status = quipu_schemas_next(schemas, &schema, error);
    }
    quipu_schemas_close(schemas);
    (void)quipu_datastore_close(datastore, NULL);
    return status == QUIPU_INTERNAL
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INTERNAL, "it is there");
}

/* ------------------------------------------------------------- the program */

/* A program whose URIs come from outside says which drivers it accepts. */
static int restrict_schemes(quipu_error *error)
{
    quipu_datastore *datastore = NULL;

    QUIPU_TRY(quipu_drivers_allow("toy", error));
    quipu_drivers_forbid_loading();
    int status =
        quipu_datastore_open("sqlite:///x.db", NULL, &datastore, error);

    printf("%s for sqlite\n", quipu_status_name(status));
    return QUIPU_OK;
}

int drivers_show(struct bank *bank, quipu_error *error)
{
    (void)bank;
    QUIPU_TRY(add(error));
    QUIPU_TRY(look(error));
    QUIPU_TRY(call(error));
    return restrict_schemes(error);
}
