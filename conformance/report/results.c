/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a run. */
#include "results.h"

#include <stdlib.h>
#include <string.h>

struct quipu_scorecard *quipu_results_add_card(struct quipu_results *results,
                                               const struct quipu_run *run)
{
    struct quipu_scorecard *cards =
        realloc(results->cards, (results->count + 1) * sizeof(*cards));
    struct quipu_scorecard *card;
    const struct quipu_case *case_;

    if (!cards) {
        return NULL;
    }
    results->cards = cards;
    card = &cards[results->count++];
    *card = (struct quipu_scorecard){ .run = *run };
    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        card->unselected += !quipu_runner_selects(run, case_);
    }
    return card;
}

static void tally(struct quipu_tally *to,
                  const struct quipu_case_result *result)
{
    to->verdicts[result->verdict]++;
    if (result->verdict == QUIPU_SKIPPED) {
        to->skips[result->skip]++;
    }
}

const struct quipu_case_result *quipu_results_add_case(
    struct quipu_scorecard *card, const struct quipu_outcome *outcome)
{
    struct quipu_case_result *cases =
        realloc(card->cases, (card->count + 1) * sizeof(*cases));
    struct quipu_case_result *result;

    if (!cases) {
        return NULL;
    }
    card->cases = cases;
    result = &cases[card->count];
    *result = (struct quipu_case_result){
        .case_ = outcome->case_,
        .verdict = outcome->verdict,
        .skip = outcome->skip,
        .milliseconds = outcome->milliseconds,
        .text = strdup(outcome->text),
        .timeline = outcome->timeline ? strdup(outcome->timeline) : NULL,
    };
    if (!result->text || (outcome->timeline && !result->timeline)) {
        free(result->text);
        free(result->timeline);
        return NULL;
    }
    card->count++;
    memcpy(result->broken, outcome->broken, sizeof(result->broken));
    memcpy(result->counts, outcome->counts, sizeof(result->counts));
    for (size_t i = 0; i < QUIPU_COUNTS; i++) {
        card->counts[i] += result->counts[i];
    }
    tally(&card->tally, result);
    return result;
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
    size_t i = index_of(((const struct quipu_case_result *)a)->case_);
    size_t k = index_of(((const struct quipu_case_result *)b)->case_);

    return (i > k) - (i < k);
}

const char *quipu_results_early_end(const struct quipu_scorecard *card)
{
    if (card->ended || card->problem[0]) {
        return NULL;
    }
    return card->run.fail_fast && card->tally.verdicts[QUIPU_FAILED] > 0
               ? "stopped at the first failure"
               : "interrupted";
}

void quipu_results_sort(struct quipu_scorecard *card)
{
    if (card->count > 0) {
        qsort(card->cases, card->count, sizeof(*card->cases), compare);
    }
}

void quipu_results_finish(struct quipu_results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        struct quipu_scorecard *card = &results->cards[i];

        for (size_t k = 0; k < card->count; k++) {
            free(card->cases[k].text);
            free(card->cases[k].timeline);
        }
        free(card->cases);
    }
    free(results->cards);
    *results = (struct quipu_results){ 0 };
}

/* --------------------------------------------------------------- standings */

enum quipu_standing quipu_results_standing_of(const struct quipu_tally *tally)
{
    bool untested = tally->skips[QUIPU_SKIP_UNTESTED] > 0 ||
                    tally->skips[QUIPU_SKIP_UNWRITTEN] > 0;

    if (tally->verdicts[QUIPU_FAILED] > 0) {
        return QUIPU_STANDING_BROKEN;
    }
    if (tally->verdicts[QUIPU_PASSED] > 0) {
        return untested ? QUIPU_STANDING_PARTLY : QUIPU_STANDING_HOLDS;
    }
    if (untested) {
        return QUIPU_STANDING_UNTESTED;
    }
    return tally->skips[QUIPU_SKIP_NOT_APPLICABLE] > 0
               ? QUIPU_STANDING_UNDECLARED
               : QUIPU_STANDING_NOT_RUN;
}

const char *quipu_results_standing_name(enum quipu_standing standing)
{
    static const char *const words[] = {
        [QUIPU_STANDING_HOLDS] = "holds",
        [QUIPU_STANDING_PARTLY] = "partly tested",
        [QUIPU_STANDING_UNTESTED] = "not tested",
        [QUIPU_STANDING_UNDECLARED] = "not declared",
        [QUIPU_STANDING_NOT_RUN] = "not run",
        [QUIPU_STANDING_BROKEN] = "broken",
    };

    return words[standing];
}

/* Returns true if a list of words contains the word. */
static bool contains(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (; *words; words += strcspn(words, " "), words += *words == ' ') {
        if (strcspn(words, " ") == length && !strncmp(words, word, length)) {
            return true;
        }
    }
    return false;
}

static bool is_of(const struct quipu_case_result *result, const char *guarantee)
{
    size_t length = guarantee ? strlen(guarantee) : 0;

    if (guarantee && result->verdict == QUIPU_FAILED && result->broken[0]) {
        return contains(result->broken, guarantee);
    }
    return !guarantee || (strncmp(result->case_->id, guarantee, length) == 0 &&
                          result->case_->id[length] == '.');
}

struct quipu_tally quipu_results_tally(const struct quipu_scorecard *card,
                                       const char *guarantee)
{
    struct quipu_tally result = { { 0 }, { 0 } };

    for (size_t i = 0; i < card->count; i++) {
        if (is_of(&card->cases[i], guarantee)) {
            tally(&result, &card->cases[i]);
        }
    }
    return result;
}

enum quipu_standing quipu_results_card_standing(
    const struct quipu_scorecard *card)
{
    enum quipu_standing state = quipu_results_standing_of(&card->tally);

    if (card->problem[0]) {
        return QUIPU_STANDING_BROKEN;
    }
    if (state == QUIPU_STANDING_BROKEN || state == QUIPU_STANDING_PARTLY) {
        return state;
    }
    return state == QUIPU_STANDING_HOLDS && card->ended
               ? state
               : QUIPU_STANDING_UNTESTED;
}

bool quipu_results_lacks_operations(const struct quipu_scorecard *card)
{
    return card->ended && card->tally.verdicts[QUIPU_PASSED] > 0 &&
           card->tally.skips[QUIPU_SKIP_UNWRITTEN] > 0 &&
           card->tally.skips[QUIPU_SKIP_UNTESTED] == 0;
}

enum quipu_standing quipu_results_standing(const struct quipu_results *results)
{
    static const enum quipu_standing order[] = { QUIPU_STANDING_BROKEN,
                                                 QUIPU_STANDING_UNTESTED,
                                                 QUIPU_STANDING_PARTLY };

    for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++) {
        for (size_t i = 0; i < results->count; i++) {
            if (quipu_results_card_standing(&results->cards[i]) == order[k]) {
                return order[k];
            }
        }
    }
    return results->count > 0 ? QUIPU_STANDING_HOLDS : QUIPU_STANDING_UNTESTED;
}

static bool same_line(const char *a, const char *b)
{
    size_t length = strcspn(a, "\n");

    return length == strcspn(b, "\n") && memcmp(a, b, length) == 0;
}

/* Returns true if an earlier case was skipped for the same reason. */
static bool is_repeated(const struct quipu_scorecard *card,
                        const char *guarantee, size_t index)
{
    const struct quipu_case_result *result = &card->cases[index];

    for (size_t i = 0; i < index; i++) {
        const struct quipu_case_result *other = &card->cases[i];

        if (is_of(other, guarantee) && other->verdict == QUIPU_SKIPPED &&
            other->skip == result->skip &&
            same_line(other->text, result->text)) {
            return true;
        }
    }
    return false;
}

const char *quipu_results_skip_reason(const struct quipu_scorecard *card,
                                      const char *guarantee,
                                      enum quipu_skip skip, size_t index)
{
    for (size_t i = 0; i < card->count; i++) {
        const struct quipu_case_result *result = &card->cases[i];

        if (is_of(result, guarantee) && result->verdict == QUIPU_SKIPPED &&
            result->skip == skip && !is_repeated(card, guarantee, i) &&
            index-- == 0) {
            return result->text;
        }
    }
    return NULL;
}
