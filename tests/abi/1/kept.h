/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the kept driver share. */
#ifndef KEPT_H
#define KEPT_H

#include <quipu/driver.h>

#include <pthread.h>

enum { ITEMS_MAX = 64, NAMES = 8 };

struct quipu_driver_schema {
    quipu_schema schema;
    char names[NAMES][QUIPU_NAME_MAX + 1];
};

struct quipu_driver_datastore {
    const quipu_host *host;
    pthread_mutex_t lock;
    bool is_set_up;
    quipu_driver_schema table;
    quipu_item items[ITEMS_MAX]; /* each with its bytes in one piece */
    size_t count;
};

bool kept_same(quipu_bytes a, quipu_bytes b);
/* How many of the first `end` items are in the sequence; they stand at the
 * positions 0, 1, 2 ... of it. */
int64_t kept_length(const quipu_driver_datastore *datastore, size_t end,
                    quipu_bytes id);

int kept_append(quipu_driver_datastore *datastore,
                const quipu_request *requests, size_t count,
                quipu_result *results, size_t *taken, int64_t deadline,
                quipu_error *error);
int kept_read_sequence(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, quipu_bytes id,
                       const quipu_range *range, int64_t deadline,
                       quipu_driver_cursor **cursor, quipu_error *error);
int kept_list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                      quipu_driver_cursor **cursor, quipu_error *error);
int kept_list_sequences(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, quipu_bytes after,
                        int64_t deadline, quipu_driver_cursor **cursor,
                        quipu_error *error);
int kept_step(quipu_driver_cursor *cursor, int64_t deadline, const void **rows,
              size_t *count, quipu_error *error);
void kept_cursor_close(quipu_driver_cursor *cursor);
int kept_last_position(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, quipu_bytes id,
                       int64_t deadline, bool *found, int64_t *position,
                       quipu_error *error);

#endif
