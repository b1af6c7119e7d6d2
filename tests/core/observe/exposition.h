/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict parser of the text format of Prometheus 0.0.4, which also refuses
 * what the format allows and its guidelines advise against: families without
 * HELP and TYPE, counters without "_total", labels with a comma at the end.
 */
#ifndef QUIPU_TESTS_CORE_OBSERVE_EXPOSITION_H
#define QUIPU_TESTS_CORE_OBSERVE_EXPOSITION_H

#include "quipu_test.h"

#define EXPOSITION_SAMPLES 4096

/* A sample: its name and labels as they are written, and its value. */
struct exposition_sample {
    const char *series; /* "name{label=\"value\"}" */
    size_t size;
    double value;
};

struct exposition {
    char *text; /* owned */
    size_t size;
    struct exposition_sample samples[EXPOSITION_SAMPLES];
    size_t count;
};

/* Writes the metrics of the process and parses them; fails if they are wrong.
 * For exposition_free. */
struct exposition *exposition_read(void);
void exposition_free(struct exposition *exposition);

/* Returns NULL, or what is wrong with a text, and where. */
const char *exposition_parse(struct exposition *exposition);

/* The value of a series, written as above; 0 if it is absent. */
double exposition_value(const struct exposition *exposition,
                        const char *series);
bool exposition_has(const struct exposition *exposition, const char *series);

/* The sum of all samples that begin with a text. */
double exposition_sum(const struct exposition *exposition, const char *prefix);

#endif
