/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema that a run of `quipu bench` measures in.  Its name tells which
 * process made it, so that what one left that was killed can be removed.
 */
#include "bench.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "quipubench_"

struct owner {
    uint32_t place; /* where process ids mean the same */
    long process;
    unsigned long long start; /* of the process; its id may come again */
};

/* ---------------------------------------------------------------- owners */

/* The 22nd field of the file that the kernel shows; 0: there is none. */
static unsigned long long start_of(long process)
{
    char path[64];
    char line[1024] = "";
    unsigned long long start = 0;
    FILE *file;
    const char *field;

    snprintf(path, sizeof(path), "/proc/%ld/stat", process);
    file = fopen(path, "re");
    if (!file) {
        return 0;
    }
    field = !fgets(line, sizeof(line), file) ? NULL : strrchr(line, ')');
    for (int i = 2; field && i < 22; i++) {
        field = strchr(field + 1, ' ');
    }
    if (field) {
        start = strtoull(field, NULL, 10);
    }
    fclose(file);
    return start;
}

/* Of this machine, and of this container on it. */
static uint32_t place_here(void)
{
    static const quipu_uuid name_space = { { 'b', 'e', 'n', 'c', 'h' } };
    char name[512] = "";
    quipu_uuid id;
    size_t size;

    (void)gethostname(name, 256);
    size = strlen(name);
    if (readlink("/proc/self/ns/pid", name + size, sizeof(name) - size) < 0) {
        name[size] = '\0';
    }
    quipu_uuid_of_name(&id, &name_space, name, sizeof(name));
    return (uint32_t)id.bytes[0] << 24 | (uint32_t)id.bytes[1] << 16 |
           (uint32_t)id.bytes[2] << 8 | id.bytes[3];
}

static void format(const struct owner *owner, char name[BENCH_TABLE_SIZE])
{
    snprintf(name, BENCH_TABLE_SIZE, PREFIX "%08" PRIx32 "_%ld_%llu",
             owner->place, owner->process, owner->start);
}

void quipu_tool_bench_table(char name[BENCH_TABLE_SIZE])
{
    const struct owner owner = { .place = place_here(),
                                 .process = (long)getpid(),
                                 .start = start_of((long)getpid()) };

    format(&owner, name);
}

/* Whether a run of this place made that schema, and is dead. */
static bool is_left(const char *name)
{
    struct owner owner = { .place = place_here() };
    char same[BENCH_TABLE_SIZE];
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

/* ------------------------------------------------------------- clearing up */

int quipu_tool_bench_teardown(quipu_datastore *datastore, const char *table,
                              quipu_error *error)
{
    quipu_schema schema;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.table = table;
    return quipu_datastore_teardown(datastore, &schema, error);
}

/* One that is left; *table is to be freed, or NULL. */
static int find_left(quipu_datastore *datastore, char **table,
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
        if (is_left(schema->table)) {
            *table = quipu_tool_text_copy(schema->table);
        } else {
            status = quipu_schemas_next(listing, &schema, error);
        }
    }
    quipu_schemas_close(listing);
    return status;
}

int quipu_tool_bench_sweep(quipu_datastore *datastore, quipu_error *error)
{
    char *table = NULL;
    int status = find_left(datastore, &table, error);

    while (status == QUIPU_OK && table) {
        status = quipu_tool_bench_teardown(datastore, table, error);
        if (status == QUIPU_OK) {
            fprintf(stderr,
                    "quipu: removed '%s', which a bench left that was killed\n",
                    table);
        }
        free(table);
        table = NULL;
        if (status == QUIPU_OK) {
            status = find_left(datastore, &table, error);
        }
    }
    return status;
}
