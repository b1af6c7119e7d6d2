/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of the schema is quipubench_<machine>_<process id>_<start time>:
 * <machine> is a hash of the host name and the PID namespace, within which
 * process ids are comparable; the start time distinguishes a process from a
 * later one with the same id.
 */
#include "temporary_schema.h"
#include "output/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "quipubench_"

struct owner {
    uint32_t machine; /* hash of host name and PID namespace */
    long process;
    unsigned long long start; /* of the process, in clock ticks since boot */
};

/* ---------------------------------------------------------------- owners */

/* Reads the 22nd field of /proc/PID/stat; 0 if there is no such process. */
static unsigned long long start_of(long process)
{
    char path[64];
    char line[1024] = "";
    unsigned long long start = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%ld/stat", process);
    file = fopen(path, "re");
    if (!file) {
        return 0;
    }
    const char *field =
        !fgets(line, sizeof(line), file) ? NULL : strrchr(line, ')');
    for (int i = 2; field && i < 22; i++) {
        field = strchr(field + 1, ' ');
    }
    if (field) {
        start = strtoull(field, NULL, 10);
    }
    fclose(file);
    return start;
}

/* Hashes the host name and the PID namespace. */
static uint32_t this_machine(void)
{
    static const quipu_uuid name_space = { { 'b', 'e', 'n', 'c', 'h' } };
    char name[512] = "";
    quipu_uuid id;

    (void)gethostname(name, 256);
    size_t size = strlen(name);
    if (readlink("/proc/self/ns/pid", name + size, sizeof(name) - size) < 0) {
        name[size] = '\0';
    }
    quipu_uuid_of_name(&id, &name_space, name, sizeof(name));
    return (uint32_t)id.bytes[0] << 24 | (uint32_t)id.bytes[1] << 16 |
           (uint32_t)id.bytes[2] << 8 | id.bytes[3];
}

static void format(const struct owner *owner, char name[BENCH_SCHEMA_NAME_SIZE])
{
    snprintf(name, BENCH_SCHEMA_NAME_SIZE, PREFIX "%08" PRIx32 "_%ld_%llu",
             owner->machine, owner->process, owner->start);
}

void bench_temporary_schema_name(char name[BENCH_SCHEMA_NAME_SIZE])
{
    const struct owner owner = { .machine = this_machine(),
                                 .process = (long)getpid(),
                                 .start = start_of((long)getpid()) };

    format(&owner, name);
}

/* Returns true if a process of this machine made that schema and has ended. */
static bool is_orphan(const char *name)
{
    struct owner owner = { .machine = this_machine() };
    char same[BENCH_SCHEMA_NAME_SIZE];
    char *end = NULL;

    format(&owner, same);
    if (strncmp(name, same, sizeof(PREFIX) - 1 + 9) != 0) {
        return false;
    }
    owner.process = strtol(name + sizeof(PREFIX) - 1 + 9, &end, 10);
    owner.start = *end == '_' ? strtoull(end + 1, NULL, 10) : 0;
    format(&owner, same);
    return strcmp(name, same) == 0 && owner.start != 0 &&
           start_of(owner.process) != owner.start;
}

/* ---------------------------------------------------------------- removal */

int bench_temporary_schema_remove(quipu_datastore *datastore, const char *name,
                                  quipu_error *error)
{
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.table = name;
    return quipu_datastore_teardown(datastore, &schema, error);
}

/* Finds the schema of a process that has ended.  The caller frees *table, which
 * is NULL if there is none. */
static int find_orphan(quipu_datastore *datastore, char **table,
                       quipu_error *error)
{
    quipu_schemas *listing = NULL;
    const quipu_schema *schema = NULL;
    int status = quipu_schemas_open(datastore, &listing, error);

    *table = NULL;
    if (status == QUIPU_OK) {
        status = quipu_schemas_next(listing, &schema, error);
    }
    while (status == QUIPU_OK && schema && !*table) {
        if (is_orphan(schema->table)) {
            *table = memory_copy_string(schema->table);
        } else {
            status = quipu_schemas_next(listing, &schema, error);
        }
    }
    quipu_schemas_close(listing);
    return status;
}

int bench_temporary_schema_sweep(quipu_datastore *datastore, quipu_error *error)
{
    char *table = NULL;
    int status = find_orphan(datastore, &table, error);

    while (status == QUIPU_OK && table) {
        status = bench_temporary_schema_remove(datastore, table, error);
        if (status == QUIPU_OK) {
            fprintf(
                stderr,
                "quipu: removed the schema '%s' of a bench that was killed\n",
                table);
        }
        free(table);
        table = NULL;
        if (status == QUIPU_OK) {
            status = find_orphan(datastore, &table, error);
        }
    }
    return status;
}
