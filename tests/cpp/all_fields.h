/* SPDX-License-Identifier: Apache-2.0 */
/* A struct with a member of every kind, for C and for C++. */
#ifndef TESTS_CPP_ALL_FIELDS_H
#define TESTS_CPP_ALL_FIELDS_H

#include <quipu/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
struct all_part {
    int64_t cents;
    const char *what;
};

#define ALL_FIELDS                                                            \
    quipu_event base;                                                         \
    bool yes;                                                                 \
    int8_t int8;                                                              \
    int16_t int16;                                                            \
    int32_t int32;                                                            \
    int64_t int64;                                                            \
    uint8_t uint8;                                                            \
    uint64_t uint64;                                                          \
    float single_real;                                                        \
    double real;                                                              \
    const char *text;                                                         \
    const char *note;                                                         \
    char currency[4];                                                         \
    quipu_bytes bytes;                                                        \
    quipu_bytes some_bytes;                                                   \
    quipu_uuid uuid;                                                          \
    quipu_time time_of_day;                                                   \
    quipu_id id;                                                              \
    bool has_limit;                                                           \
    int32_t limit;                                                            \
    const int32_t *numbers;                                                   \
    size_t number_count;                                                      \
    struct all_part part;                                                     \
    bool has_other;                                                           \
    struct all_part other;                                                    \
    const struct all_part *parts;                                             \
    size_t part_count;                                                        \
    const char *customer;                                                     \
    const char *name;                                                         \
    const char *phone;                                                        \
    bool has_age;                                                             \
    int32_t age;                                                              \
    const char *const *emails;                                                \
    size_t email_count;                                                       \
    struct all_part secret;                                                   \
    void *scratch;                                                            \
    int64_t fee;
/* clang-format on */

/* The struct and its type as C describes them. */
struct all_fields {
    ALL_FIELDS
};

extern const quipu_event_type all_fields_type;

#ifdef __cplusplus
}
#endif

#endif
