/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: sets up, alters, tears down and binds schemas. */
#include "memory.h"

#include <string.h>
#include <strings.h>

/* Sets `names` to the nine names of a schema, in the order of comparison. */
static void names_of(const quipu_schema *schema, const char *names[9])
{
    names[0] = schema->table;
    names[1] = schema->notification_id;
    names[2] = schema->sequence_id;
    names[3] = schema->position;
    names[4] = schema->topic;
    names[5] = schema->state;
    names[6] = schema->event_id;
    names[7] = schema->metadata;
    names[8] = schema->time;
}

/* Returns the first name that differs between two schemas, or NULL. */
static const char *difference_of(const quipu_schema *a, const quipu_schema *b)
{
    const char *mine[9], *yours[9];

    names_of(a, mine);
    names_of(b, yours);
    for (size_t i = 0; i < 9; i++) {
        if (!mine[i] != !yours[i] ||
            (mine[i] && strcmp(mine[i], yours[i]) != 0)) {
            return mine[i] ? mine[i] : yours[i];
        }
    }
    for (size_t i = 0; i < a->column_count && i < b->column_count; i++) {
        if (strcmp(a->columns[i].name, b->columns[i].name) != 0 ||
            a->columns[i].kind != b->columns[i].kind) {
            return a->columns[i].name;
        }
    }
    if (a->column_count != b->column_count) {
        return a->column_count > b->column_count
                   ? a->columns[b->column_count].name
                   : b->columns[a->column_count].name;
    }
    return a->flags != b->flags ? "the kind of its ids or positions" : NULL;
}

/* Copies a name to *room and advances that. */
static const char *copy_name(const char *name, char **room)
{
    char *copy = *room;
    size_t size;

    if (!name) {
        return NULL;
    }
    size = strlen(name) + 1;
    *room += size;
    return memcpy(copy, name, size);
}

/* Copies the schema to the memory behind the table. */
static void copy_schema(quipu_driver_schema *table, const quipu_schema *schema)
{
    quipu_column *columns = (quipu_column *)(table + 1);
    char *room = (char *)(columns + schema->column_count);
    quipu_schema *copy = &table->schema;

    copy->struct_size = sizeof(*copy);
    copy->flags = schema->flags;
    copy->table = copy_name(schema->table, &room);
    copy->notification_id = copy_name(schema->notification_id, &room);
    copy->sequence_id = copy_name(schema->sequence_id, &room);
    copy->position = copy_name(schema->position, &room);
    copy->topic = copy_name(schema->topic, &room);
    copy->state = copy_name(schema->state, &room);
    copy->event_id = copy_name(schema->event_id, &room);
    copy->metadata = copy_name(schema->metadata, &room);
    copy->time = copy_name(schema->time, &room);
    copy->columns = schema->column_count > 0 ? columns : NULL;
    copy->column_count = schema->column_count;
    for (size_t i = 0; i < schema->column_count; i++) {
        columns[i] = (quipu_column){
            .name = copy_name(schema->columns[i].name, &room),
            .kind = schema->columns[i].kind,
        };
    }
}

/* Takes a reference to the contents, which are new if they are NULL.  Returns
 * NULL if there is no memory. */
static struct contents *take_contents(struct contents *contents,
                                      const quipu_host *host)
{
    if (!contents) {
        contents = host->allocate(sizeof(*contents));
        if (!contents) {
            return NULL;
        }
        memset(contents, 0, sizeof(*contents));
    }
    contents->references++;
    return contents;
}

quipu_driver_schema *memory_schema_create_table(struct store *store,
                                                const quipu_schema *schema,
                                                struct contents *contents)
{
    const quipu_host *host = store->host;
    const char *names[9];
    size_t size = sizeof(quipu_driver_schema) +
                  schema->column_count * sizeof(quipu_column);
    quipu_driver_schema *made;

    names_of(schema, names);
    for (size_t i = 0; i < 9; i++) {
        size += names[i] ? strlen(names[i]) + 1 : 0;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        size += strlen(schema->columns[i].name) + 1;
    }
    made = host->allocate(size);
    if (!made) {
        return NULL;
    }
    memset(made, 0, sizeof(*made));
    made->store = store;
    made->references = 1;
    made->contents = take_contents(contents, host);
    if (!made->contents) {
        host->release(made);
        return NULL;
    }
    copy_schema(made, schema);
    return made;
}

/* Returns true if the second schema has the columns of the first, and further
 * ones behind them. */
static bool is_extended(const quipu_schema *present, const quipu_schema *wanted)
{
    quipu_schema begin = *wanted;

    if (wanted->column_count <= present->column_count) {
        return false;
    }
    begin.column_count = present->column_count;
    return !difference_of(present, &begin);
}

/*
 * Finds the table of a schema and compares the columns.  *where is the link
 * that points to the table, or at which it would have to be inserted.  OK,
 * NOT_FOUND, CONFLICT.
 */
static int look_up(struct store *store, const quipu_schema *schema,
                   quipu_driver_schema ***where, quipu_error *error)
{
    const char *difference;
    quipu_driver_schema **link = &store->tables;

    for (; *link; link = &(*link)->next) {
        if (strcmp((*link)->schema.table, schema->table) == 0) {
            break;
        }
    }
    if (*link) {
        *where = link;
        difference = difference_of(&(*link)->schema, schema);
        return !difference
                   ? QUIPU_OK
                   : store->host->error_set(
                         error, QUIPU_CONFLICT, 0, NULL,
                         "table \"%s\" is set up with other columns; the "
                         "first that differs is \"%s\"",
                         schema->table, difference);
    }
    for (link = &store->tables;
         *link && strcmp((*link)->schema.table, schema->table) < 0;) {
        link = &(*link)->next;
    }
    *where = link;
    store->host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                           "table \"%s\" is not set up", schema->table);
    return QUIPU_NOT_FOUND;
}

static int refuse_change(const quipu_driver_datastore *datastore,
                         quipu_error *error)
{
    return datastore->store->host->error_set(
        error, QUIPU_DENIED, 0, NULL, "the datastore was opened readonly");
}

/* Names must not differ in case only: some back ends do not distinguish case.
 */
static int check_name(const struct store *store, const char *name,
                      quipu_error *error)
{
    for (quipu_driver_schema *other = store->tables; other;
         other = other->next) {
        if (strcasecmp(other->schema.table, name) == 0) {
            return store->host->error_set(
                error, QUIPU_INVALID, 0, NULL,
                "table \"%s\" differs from \"%s\" in case only", name,
                other->schema.table);
        }
    }
    return QUIPU_OK;
}

static int refuse_memory(const struct store *store, const quipu_schema *schema,
                         quipu_error *error)
{
    return store->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                  "no memory for table \"%s\"", schema->table);
}

static int add_table(quipu_driver_datastore *datastore,
                     const quipu_schema *schema, quipu_driver_schema **where,
                     quipu_error *error)
{
    struct store *store = datastore->store;
    quipu_driver_schema *made;
    int status = check_name(store, schema->table, error);

    if (status == QUIPU_OK && datastore->readonly) {
        status = refuse_change(datastore, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    made = memory_schema_create_table(store, schema, NULL);
    if (!made) {
        return refuse_memory(store, schema, error);
    }
    made->next = *where;
    *where = made;
    return QUIPU_OK;
}

int memory_schema_setup(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_error *error)
{
    struct store *store = datastore->store;
    quipu_driver_schema **where;
    int status = memory_store_lock(store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = look_up(store, schema, &where, error);
    if (status == QUIPU_NOT_FOUND) {
        status = add_table(datastore, schema, where, error);
    }
    memory_store_unlock(store);
    return status;
}

/* Puts a table with the new definition and the same contents in the place of
 * the old one. */
static int replace_table(struct store *store, const quipu_schema *schema,
                         quipu_driver_schema **where, quipu_error *error)
{
    quipu_driver_schema *old = *where;
    quipu_driver_schema *made =
        memory_schema_create_table(store, schema, old->contents);

    if (!made) {
        return refuse_memory(store, schema, error);
    }
    made->next = old->next;
    *where = made;
    memory_table_release(old);
    return QUIPU_OK;
}

int memory_schema_alter(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_error *error)
{
    struct store *store = datastore->store;
    quipu_driver_schema **where;
    int status = memory_store_lock(store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = look_up(store, schema, &where, error);
    if (status == QUIPU_CONFLICT && is_extended(&(*where)->schema, schema)) {
        status = datastore->readonly
                     ? refuse_change(datastore, error)
                     : replace_table(store, schema, where, error);
    }
    memory_store_unlock(store);
    return status;
}

int memory_schema_teardown(quipu_driver_datastore *datastore,
                           const quipu_schema *schema, int64_t deadline,
                           quipu_error *error)
{
    struct store *store = datastore->store;
    quipu_driver_schema **where;
    int status = memory_store_lock(store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = look_up(store, schema, &where, error);
    if (status == QUIPU_OK && datastore->readonly) {
        status = refuse_change(datastore, error);
    }
    if (status == QUIPU_OK) {
        quipu_driver_schema *gone = *where;

        *where = gone->next;
        gone->contents->removed = true;
        memory_table_release(gone);
    }
    memory_store_unlock(store);
    return status;
}

int memory_schema_bind(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t deadline,
                       quipu_driver_schema **bound, quipu_error *error)
{
    struct store *store = datastore->store;
    quipu_driver_schema **where;
    int status = memory_store_lock(store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = look_up(store, schema, &where, error);
    if (status == QUIPU_OK) {
        (*where)->references++;
        *bound = *where;
    }
    memory_store_unlock(store);
    return status;
}

void memory_schema_unbind(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound)
{
    memory_store_lock_always(datastore->store);
    memory_table_release(bound);
    memory_store_unlock(datastore->store);
}
