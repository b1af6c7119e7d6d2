/* SPDX-License-Identifier: Apache-2.0 */
/* An event with members of every kind, for the tests of the mapper. */
#ifndef QUIPU_TESTS_MAPPER_SAMPLE_H
#define QUIPU_TESTS_MAPPER_SAMPLE_H

#include <quipu/quipu.h>

struct point {
    int16_t x;
    float y;
};

struct line {
    const char *what;
    uint32_t amount;
    bool has_at;
    struct point at;
};

struct sample {
    quipu_event base;
    bool flag;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float single;
    double real;
    const char *text;
    quipu_bytes bytes;
    quipu_uuid uuid;
    quipu_time when;
    quipu_id id;
    struct point point;
    int32_t maybe;
    bool has_maybe;
    const char *note; /* may be NULL */
    quipu_bytes blob; /* may be absent */
    struct line *lines;
    size_t line_count;
    const char **names;
    size_t name_count;
    int16_t *numbers;
    size_t number_count;
    uint32_t limit; /* 100 by default */
};

extern const quipu_field sample_line_fields[];
extern const quipu_field sample_fields[];
extern const quipu_event_type sample_type;

/* Fill an event: all members set, all at their extremes, or as few as possible.
 * The memory that they point to is static. */
void sample_full(struct sample *sample);
void sample_extreme(struct sample *sample);
void sample_sparse(struct sample *sample);

/* Asserts that two are equal in base and members. */
void sample_assert_equal(const struct sample *a, const struct sample *b);

#endif
