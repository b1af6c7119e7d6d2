/* SPDX-License-Identifier: Apache-2.0 */
/* quipu doctor: versions, drivers, the container, and one store. */
#include "args.h"
#include "doctor/report.h"
#include "measure/clock.h"
#include "output/memory.h"
#include "output/output.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- machine */

static void check_driver(void *context, const char *scheme, const char *place)
{
    const quipu_driver *driver = NULL;
    quipu_error error;

    if (quipu_drivers_find(scheme, &driver, &error) == QUIPU_OK) {
        report_add(context, REPORT_GOOD, "driver", "%s: %s %s, %s (%s)", scheme,
                   driver->name, driver->version, driver->library(), place);
    } else {
        report_add(context, REPORT_FAULT, "driver", "%s: %s", scheme,
                   error.message);
    }
}

static void count_driver(void *count, const char *scheme, const char *place)
{
    (void)scheme;
    (void)place;
    ++*(int *)count;
}

static void check_drivers(struct report *report)
{
    const char *path = getenv("QUIPU_DRIVER_PATH");
    int count = 0;

    if (path) {
        report_add(report, REPORT_NOTE, "environment",
                   "QUIPU_DRIVER_PATH is set: drivers are searched first in "
                   "%s",
                   path);
    }
    quipu_drivers_list(count_driver, &count);
    if (count == 0) {
        report_add(report, REPORT_FAULT, "driver",
                   "none was found; 'quipu drivers --explain sqlite' shows "
                   "where they are searched");
    }
    quipu_drivers_list(check_driver, report);
}

/* Returns true if this process seems to be in a container. */
static bool is_in_container(void)
{
    char control[512] = "";
    FILE *file = fopen("/proc/1/cgroup", "re");

    if (file) {
        control[fread(control, 1, sizeof(control) - 1, file)] = '\0';
        (void)fclose(file);
    }
    return access("/.dockerenv", F_OK) == 0 ||
           access("/run/.containerenv", F_OK) == 0 || getenv("container") ||
           strstr(control, "/docker") || strstr(control, "/kubepods") ||
           strstr(control, "/lxc");
}

static void check_container(struct report *report)
{
    if (is_in_container()) {
        report_add(report, REPORT_NOTE, "container",
                   "this process is in a container: mount the folder of a "
                   "SQLite or LMDB store, not its file, and share the PID "
                   "namespace between all users of an LMDB store");
    } else {
        report_add(report, REPORT_GOOD, "container", "none was noticed");
    }
}

/* ------------------------------------------------------------------ store */

/* Checks the files of a URI that names a path: "sqlite:///x.db?mmap=1m". */
static void check_path(struct report *report, const char *uri)
{
    const bool is_lmdb = strncmp(uri, "lmdb:///", 8) == 0;
    const size_t begin = is_lmdb ? 8 : 10;

    if ((!is_lmdb && strncmp(uri, "sqlite:///", 10) != 0) ||
        strncmp(uri + begin, ":memory:", 8) == 0) {
        return;
    }
    const size_t size = strcspn(uri + begin, "?");
    char *path = memory_allocate(size + 1, 1);
    size_t length = 0;

    for (size_t i = 0; i < size; i++) {
        const char *at = uri + begin + i;

        if (at[0] == '%' && i + 2 < size) {
            const char digits[] = { at[1], at[2], '\0' };

            path[length++] = (char)strtoul(digits, NULL, 16);
            i += 2;
        } else {
            path[length++] = at[0];
        }
    }
    files_check(report, path, is_lmdb);
    free(path);
}

static void check_schema(struct report *report,
                         const struct store_schema *schema)
{
    const int64_t begin = measure_clock_now();
    quipu_position head = { 0 };
    quipu_error error;

    if (!schema->records) {
        report_add(report, REPORT_FAULT, "schema", "%s: %s", schema->table,
                   schema->error.message);
        return;
    }
    int status = quipu_records_head(schema->records, &head, &error);

    if (status == QUIPU_UNSUPPORTED) {
        report_add(report, REPORT_GOOD, "schema", "%s", schema->table);
    } else if (status != QUIPU_OK) {
        report_add(report, REPORT_FAULT, "schema", "%s: %s", schema->table,
                   error.message);
    } else {
        report_add(report, REPORT_GOOD, "schema",
                   "%s has %lld items; its head was read in %.2f ms",
                   schema->table, (long long)head.notification_id,
                   (double)(measure_clock_now() - begin) / 1e6);
    }
}

static void check_store(struct report *report, const struct args *args)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_datastore *datastore = NULL;
    struct store store;
    quipu_error error;

    check_path(report, args->uri);
    int status = store_open_readonly(args->uri, &datastore, &error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_close(datastore, &error);
    }
    if (status != QUIPU_OK) {
        report_add(report, REPORT_FAULT, "store", "%s", error.message);
        return;
    }
    if (store_open(args, &store) != DONE) {
        report->fault = true; /* after a message */
        return;
    }
    if (quipu_datastore_describe(store.datastore, &info, &error) == QUIPU_OK) {
        report_add(report, REPORT_GOOD, "store", "%s opens: %s", info.uri,
                   info.library);
    }
    if (info.relaxed) {
        report_add(report, REPORT_NOTE, "store",
                   "durability=relaxed: a power cut may take the newest "
                   "appends");
    }
    if (store.count == 0) {
        report_add(report, REPORT_NOTE, "schema", "the store has none yet");
    }
    for (size_t i = 0; i < store.count; i++) {
        check_schema(report, &store.schemas[i]);
    }
    store_close(&store);
}

static enum outcome run(const struct args *args)
{
    struct report report = { .json = args->json };

    report_add(&report, REPORT_GOOD, "quipu", "%s", QUIPU_VERSION);
    check_drivers(&report);
    check_container(&report);
    if (args->uri) {
        check_store(&report, args);
    }
    return report.fault ? FINDING : DONE;
}

const struct command doctor_command = {
    .name = "doctor",
    .arguments = "[URI]",
    .summary = "find out why something does not work",
    .help =
        "Prints the versions of quipu and of its drivers, and whether it runs\n"
        "in a container. Of a store it checks the permissions, the files\n"
        "beside it, the file system, the free space, and that it opens, and\n"
        "it lists the processes that have it open. It changes nothing. quipu\n"
        "verify checks the content.",
    .optional_count = 1,
    .options = OPTION_COLOR | OPTION_JSON | OPTION_HELP,
    .run = run,
};
