/* SPDX-License-Identifier: Apache-2.0 */
/* C5: items whose contents are known from their places, and the power cuts. */
#ifndef QUIPU_TESTS_ERASURES_H
#define QUIPU_TESTS_ERASURES_H

#include "acceptance.h"
#include "context/subprocess.h"

/* An item of a writer, with its bytes. */
struct erasures_item {
    char sequence[16];
    char event[17];
    char state[6000];
    quipu_item item;
};

/* Fills in the item of a writer below 10 at a position. */
void erasures_make_item(struct erasures_item *made, unsigned writer,
                        int64_t position);

struct erasures_log {
    quipu_datastore *datastore;
    quipu_records *records;
};

void erasures_open(struct erasures_log *log, const char *uri);
void erasures_close(struct erasures_log *log);
void erasures_append(struct erasures_log *log, unsigned writer,
                     int64_t position);

/* Asserts that an item is as it was appended, or erased; tells which. */
bool erasures_check_item(const quipu_item *item, unsigned *writer);

/* Cuts the power while items are appended and erased, and notes the counts. */
void erasures_cut_power(struct acceptance *run);

/* The subprocess whose file operations are recorded. */
extern const struct quipu_subprocess_job erasures_job;

#endif
