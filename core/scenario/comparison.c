/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs expected events with those that happened.
 *
 * costs[i][j] is the least cost of pairing the expected events from i on with
 * those that happened from j on, in their order.  Equal events cost nothing as
 * a pair, events of the same type 3 (one event that differs), and an event
 * without a partner 2; so two events change places rather than their members.
 */
#include "scenario/comparison.h"

#include "base/error.h"
#include "base/memory.h"
#include "event/event_text.h"

#include <string.h>

#include <quipu/aggregate.h>
#include <quipu/id.h>
#include <quipu/metadata.h>

enum { ALONE = 2, DIFFERENT = 3 };

int quipu_comparison_add(struct quipu_comparison_list *list,
                         const quipu_event *event, quipu_error *error)
{
    quipu_event *copy = NULL;
    int status = quipu_event_copy(event, &copy, error);

    if (status != QUIPU_OK) {
        return status;
    }
    struct quipu_comparison_event *added = quipu_array_add(
        (void **)&list->events, &list->count, sizeof(*added), error);

    if (!added) {
        quipu_event_destroy(copy);
        return QUIPU_NO_MEMORY;
    }
    added->event = copy;
    return QUIPU_OK;
}

static void clear(struct quipu_comparison_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        quipu_event_destroy(list->events[i].event);
    }
    quipu_release(list->events);
    *list = (struct quipu_comparison_list){ .events = NULL };
}

void quipu_comparison_finish(struct quipu_comparison *comparison)
{
    clear(&comparison->expected);
    clear(&comparison->happened);
}

/* ----------------------------------------------------------------- pairing */

static bool is_equal(const quipu_event *expected, const quipu_event *happened)
{
    return expected->type == happened->type &&
           quipu_event_text_compare(expected, happened, "", NULL) == 0;
}

/* The table of costs, and the lists that it is about. */
struct pairing {
    const struct quipu_comparison_list *expected;
    const struct quipu_comparison_list *happened;
    size_t *costs; /* (expected->count + 1) rows of happened->count + 1 */
};

static size_t *cost(const struct pairing *pairing, size_t i, size_t j)
{
    return &pairing->costs[i * (pairing->happened->count + 1) + j];
}

/* The cost of making a pair; more than that of two events without a partner if
 * they are of different types. */
static size_t pair_cost(const struct pairing *pairing, size_t i, size_t j)
{
    const quipu_event *expected = pairing->expected->events[i].event;
    const quipu_event *happened = pairing->happened->events[j].event;

    return is_equal(expected, happened)       ? 0
           : expected->type == happened->type ? DIFFERENT
                                              : 2 * ALONE + 1;
}

static size_t least(const struct pairing *pairing, size_t i, size_t j)
{
    if (i == pairing->expected->count) {
        return ALONE * (pairing->happened->count - j);
    }
    if (j == pairing->happened->count) {
        return ALONE * (pairing->expected->count - i);
    }
    const size_t pair = *cost(pairing, i + 1, j + 1) + pair_cost(pairing, i, j);
    const size_t missing = *cost(pairing, i + 1, j) + ALONE;
    const size_t additional = *cost(pairing, i, j + 1) + ALONE;
    const size_t alone = missing < additional ? missing : additional;

    return pair < alone ? pair : alone;
}

static void fill(const struct pairing *pairing)
{
    for (size_t i = pairing->expected->count + 1; i-- > 0;) {
        for (size_t j = pairing->happened->count + 1; j-- > 0;) {
            *cost(pairing, i, j) = least(pairing, i, j);
        }
    }
}

/* --------------------------------------------------------------- reporting */

/* Sets the place of each event's partner in the other list, or NONE. */
#define NONE SIZE_MAX

static void find_partners(const struct pairing *pairing, size_t *partners)
{
    size_t i = 0;
    size_t j = 0;

    while (i < pairing->expected->count && j < pairing->happened->count) {
        const size_t best = *cost(pairing, i, j);

        if (best == *cost(pairing, i + 1, j + 1) + pair_cost(pairing, i, j)) {
            partners[i++] = j++;
        } else if (best == *cost(pairing, i + 1, j) + ALONE) {
            i++;
        } else {
            j++;
        }
    }
}

/* Tells of an event that happened, and has no partner, whether it is the
 * expected one. */
static void report_expected(const struct pairing *pairing, size_t i,
                            bool *is_used, struct quipu_report *report)
{
    const quipu_event *expected = pairing->expected->events[i].event;
    size_t j = 0;

    while (j < pairing->happened->count &&
           (is_used[j] ||
            !is_equal(expected, pairing->happened->events[j].event))) {
        j++;
    }
    FILE *out = quipu_report_begin(report);

    if (j < pairing->happened->count) {
        is_used[j] = true;
        (void)fputs("wrong order: ", out);
        quipu_event_text_print(expected, out);
        (void)fprintf(out, " is event %zu, expected as event %zu", j + 1,
                      i + 1);
    } else {
        (void)fprintf(out, "event %zu: missing: ", i + 1);
        quipu_event_text_print(expected, out);
    }
    quipu_report_end(report, 1);
}

/* Reports that an event that happened has another cause than the given event
 * that was expected, or none. */
static void report_cause(const struct quipu_comparison_event *expected,
                         const quipu_event *happened, size_t number,
                         struct quipu_report *report)
{
    char id[QUIPU_UUID_TEXT_SIZE];
    quipu_metadata *metadata = NULL;
    const char *cause = NULL;

    quipu_uuid_format(&expected->cause_id, id);
    if (quipu_metadata_read(happened->metadata, &metadata, NULL) == QUIPU_OK) {
        cause = quipu_metadata_get(metadata, QUIPU_METADATA_CAUSATION_ID);
    }
    if (!cause || strcmp(cause, id) != 0) {
        quipu_report_add(report,
                         "event %zu: expected %s to be caused by given event "
                         "%zu, %s, got %s",
                         number, happened->type->topic, expected->cause, id,
                         cause ? cause : "no cause");
    }
    quipu_metadata_destroy(metadata);
}

static void report_pair(const struct quipu_comparison_event *expected,
                        const quipu_event *happened, size_t number,
                        struct quipu_report *report)
{
    char label[40];

    (void)snprintf(label, sizeof(label), "event %zu: ", number);
    if (!is_equal(expected->event, happened)) {
        size_t differences = quipu_event_text_compare(
            expected->event, happened, label, quipu_report_begin(report));

        quipu_report_end(report, (int)differences);
    }
    if (expected->cause > 0) {
        report_cause(expected, happened, number, report);
    }
}

/* `partners` of the expected events; `is_used` of those that happened. */
static void report_all(const struct pairing *pairing, const size_t *partners,
                       bool *is_used, struct quipu_report *report)
{
    for (size_t i = 0; i < pairing->expected->count; i++) {
        if (partners[i] != NONE) {
            is_used[partners[i]] = true;
        }
    }
    for (size_t i = 0; i < pairing->expected->count; i++) {
        if (partners[i] != NONE) {
            report_pair(&pairing->expected->events[i],
                        pairing->happened->events[partners[i]].event, i + 1,
                        report);
        } else {
            report_expected(pairing, i, is_used, report);
        }
    }
    for (size_t j = 0; j < pairing->happened->count; j++) {
        if (!is_used[j]) {
            FILE *out = quipu_report_begin(report);

            (void)fputs("additional event: ", out);
            quipu_event_text_print(pairing->happened->events[j].event, out);
            quipu_report_end(report, 1);
        }
    }
}

int quipu_comparison_report(struct quipu_comparison *comparison,
                            struct quipu_report *report, quipu_error *error)
{
    struct pairing pairing = { .expected = &comparison->expected,
                               .happened = &comparison->happened };
    const size_t rows = comparison->expected.count + 1;
    const size_t columns = comparison->happened.count + 1;
    size_t *partners = quipu_allocate_array(rows, sizeof(*partners));
    bool *is_used = quipu_allocate_array(columns, sizeof(*is_used));
    int status = QUIPU_OK;

    pairing.costs = columns <= SIZE_MAX / sizeof(size_t) / rows
                        ? quipu_allocate_array(rows * columns, sizeof(size_t))
                        : NULL;
    if (pairing.costs && partners && is_used) {
        for (size_t i = 0; i < rows; i++) {
            partners[i] = NONE;
        }
        fill(&pairing);
        find_partners(&pairing, partners);
        report_all(&pairing, partners, is_used, report);
        quipu_comparison_finish(comparison);
    } else {
        status = quipu_error_no_memory(error);
    }
    quipu_release(pairing.costs);
    quipu_release(partners);
    quipu_release(is_used);
    return status;
}
