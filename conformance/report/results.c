/* SPDX-License-Identifier: Apache-2.0 */
/* What came of a run, kept until its reports are written. */
#include "results.h"

#include <stdlib.h>
#include <string.h>

struct quipu_sheet *quipu_results_add(struct quipu_results *results,
                                      const struct quipu_run *run)
{
    struct quipu_sheet *sheets =
        realloc(results->sheets, (results->count + 1) * sizeof(*sheets));
    struct quipu_sheet *sheet;
    const struct quipu_case *case_;

    if (!sheets) {
        return NULL;
    }
    results->sheets = sheets;
    sheet = &sheets[results->count++];
    *sheet = (struct quipu_sheet){ .run = *run };
    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        sheet->unselected += !quipu_runner_selects(run, case_);
    }
    return sheet;
}

static void tally(struct quipu_tally *to, const struct quipu_entry *entry)
{
    to->verdicts[entry->verdict]++;
    if (entry->verdict == QUIPU_SKIPPED) {
        to->skips[entry->skip]++;
    }
}

const struct quipu_entry *quipu_sheet_add(struct quipu_sheet *sheet,
                                          const struct quipu_outcome *outcome)
{
    struct quipu_entry *entries =
        realloc(sheet->entries, (sheet->count + 1) * sizeof(*entries));
    struct quipu_entry *entry;

    if (!entries) {
        return NULL;
    }
    sheet->entries = entries;
    entry = &entries[sheet->count];
    *entry = (struct quipu_entry){
        .case_ = outcome->case_,
        .verdict = outcome->verdict,
        .skip = outcome->skip,
        .milliseconds = outcome->milliseconds,
        .text = strdup(outcome->text),
        .timeline = outcome->timeline ? strdup(outcome->timeline) : NULL,
    };
    if (!entry->text || (outcome->timeline && !entry->timeline)) {
        free(entry->text);
        free(entry->timeline);
        return NULL;
    }
    sheet->count++;
    memcpy(entry->counts, outcome->counts, sizeof(entry->counts));
    for (size_t i = 0; i < QUIPU_COUNTS; i++) {
        sheet->counts[i] += entry->counts[i];
    }
    tally(&sheet->tally, entry);
    return entry;
}

static size_t index_of(const struct quipu_case *case_)
{
    size_t i = 0;

    while (quipu_case_at(i) != case_) {
        i++;
    }
    return i;
}

static int compare(const void *a, const void *b)
{
    size_t i = index_of(((const struct quipu_entry *)a)->case_);
    size_t k = index_of(((const struct quipu_entry *)b)->case_);

    return (i > k) - (i < k);
}

void quipu_sheet_sort(struct quipu_sheet *sheet)
{
    if (sheet->count > 0) {
        qsort(sheet->entries, sheet->count, sizeof(*sheet->entries), compare);
    }
}

void quipu_results_finish(struct quipu_results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        struct quipu_sheet *sheet = &results->sheets[i];

        for (size_t k = 0; k < sheet->count; k++) {
            free(sheet->entries[k].text);
            free(sheet->entries[k].timeline);
        }
        free(sheet->entries);
    }
    free(results->sheets);
    *results = (struct quipu_results){ 0 };
}

/* ------------------------------------------------------------- judgements */

enum quipu_standing quipu_standing_of(const struct quipu_tally *tally)
{
    bool unshown = tally->skips[QUIPU_SKIP_UNTESTED] > 0;

    if (tally->verdicts[QUIPU_FAILED] > 0) {
        return QUIPU_STANDING_BROKEN;
    }
    if (tally->verdicts[QUIPU_PASSED] > 0) {
        return unshown ? QUIPU_STANDING_PARTLY : QUIPU_STANDING_HOLDS;
    }
    if (unshown) {
        return QUIPU_STANDING_UNSHOWN;
    }
    return tally->skips[QUIPU_SKIP_NOT_APPLICABLE] > 0
               ? QUIPU_STANDING_UNDECLARED
               : QUIPU_STANDING_UNTRIED;
}

const char *quipu_standing_word(enum quipu_standing state)
{
    static const char *const words[] = {
        [QUIPU_STANDING_HOLDS] = "holds",
        [QUIPU_STANDING_PARTLY] = "partly shown",
        [QUIPU_STANDING_UNSHOWN] = "not shown",
        [QUIPU_STANDING_UNDECLARED] = "not declared",
        [QUIPU_STANDING_UNTRIED] = "not run",
        [QUIPU_STANDING_BROKEN] = "broken",
    };

    return words[state];
}

static bool is_of(const struct quipu_entry *entry, const char *guarantee)
{
    size_t length = guarantee ? strlen(guarantee) : 0;

    return !guarantee || (strncmp(entry->case_->id, guarantee, length) == 0 &&
                          entry->case_->id[length] == '.');
}

struct quipu_tally quipu_sheet_tally(const struct quipu_sheet *sheet,
                                     const char *guarantee)
{
    struct quipu_tally result = { { 0 }, { 0 } };

    for (size_t i = 0; i < sheet->count; i++) {
        if (is_of(&sheet->entries[i], guarantee)) {
            tally(&result, &sheet->entries[i]);
        }
    }
    return result;
}

enum quipu_standing quipu_sheet_standing(const struct quipu_sheet *sheet)
{
    enum quipu_standing state = quipu_standing_of(&sheet->tally);

    if (sheet->problem[0]) {
        return QUIPU_STANDING_BROKEN;
    }
    if (state == QUIPU_STANDING_BROKEN || state == QUIPU_STANDING_PARTLY) {
        return state;
    }
    return state == QUIPU_STANDING_HOLDS && sheet->ended
               ? state
               : QUIPU_STANDING_UNSHOWN;
}

enum quipu_standing quipu_results_standing(const struct quipu_results *results)
{
    static const enum quipu_standing order[] = { QUIPU_STANDING_BROKEN,
                                                 QUIPU_STANDING_UNSHOWN,
                                                 QUIPU_STANDING_PARTLY };

    for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++) {
        for (size_t i = 0; i < results->count; i++) {
            if (quipu_sheet_standing(&results->sheets[i]) == order[k]) {
                return order[k];
            }
        }
    }
    return results->count > 0 ? QUIPU_STANDING_HOLDS : QUIPU_STANDING_UNSHOWN;
}

static bool same_line(const char *a, const char *b)
{
    size_t length = strcspn(a, "\n");

    return length == strcspn(b, "\n") && memcmp(a, b, length) == 0;
}

/* Whether an entry before this one was skipped in the same way with the same
 * words. */
static bool was_told(const struct quipu_sheet *sheet, const char *guarantee,
                     size_t index)
{
    const struct quipu_entry *entry = &sheet->entries[index];

    for (size_t i = 0; i < index; i++) {
        const struct quipu_entry *other = &sheet->entries[i];

        if (is_of(other, guarantee) && other->verdict == QUIPU_SKIPPED &&
            other->skip == entry->skip && same_line(other->text, entry->text)) {
            return true;
        }
    }
    return false;
}

const char *quipu_sheet_reason(const struct quipu_sheet *sheet,
                               const char *guarantee, enum quipu_skip skip,
                               size_t index)
{
    for (size_t i = 0; i < sheet->count; i++) {
        const struct quipu_entry *entry = &sheet->entries[i];

        if (is_of(entry, guarantee) && entry->verdict == QUIPU_SKIPPED &&
            entry->skip == skip && !was_told(sheet, guarantee, i) &&
            index-- == 0) {
            return entry->text;
        }
    }
    return NULL;
}
