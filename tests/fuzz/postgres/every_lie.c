/* SPDX-License-Identifier: Apache-2.0 */
/* Runs fuzz_postgres.c on each single lie: for each session, each of its
 * answers, and each way to change it, with chosen values.  The search for
 * combinations is libFuzzer's. */
#include "lying_server.h"
#include "tour.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ANSWERS_MAX 16 /* of a session: the reads repeat themselves */
#define VALUES 5       /* of an answer */

static unsigned long runs;

/* One run: the lie `how` with the bytes a, b and c behind it, about the answer
 * after `before` true ones. */
static void run(unsigned session, unsigned before, const uint8_t lie[4])
{
    uint8_t input[8] = { (uint8_t)session };
    size_t size = 1;
    if (before > 0) {
        input[size++] = (uint8_t)(before - 1);
    }
    for (size_t i = 0; i < 4; i++) {
        input[size++] = lie[i];
    }
    (void)LLVMFuzzerTestOneInput(input, size);
    runs++;
}

/* The lies about one value: numbers, bytes, NULL, a part of it. */
static void run_values(unsigned session, unsigned before)
{
    static const uint8_t sizes[] = { 0, 7, 250 };
    static const uint8_t numbers[] = { 0, 1, 4, 9, 10, 12 };
    for (uint8_t value = 0; value < VALUES; value++) {
        for (size_t i = 0; i < sizeof(numbers); i++) {
            run(session, before, (uint8_t[4]){ 0xc0, 0, value, numbers[i] });
        }
        for (size_t i = 0; i < sizeof(sizes); i++) {
            run(session, before, (uint8_t[4]){ 0xc1, 0, value, sizes[i] });
        }
        run(session, before, (uint8_t[4]){ 0xc2, 0, value, 0 });
        run(session, before, (uint8_t[4]){ 0xc3, 0, value, 0 });
    }
}

static void run_answer(unsigned session, unsigned before)
{
    run_values(session, before);
    for (uint8_t how = 0xc4; how < 0xd0; how++) {
        for (uint8_t which = 0; which < 6; which++) {
            run(session, before, (uint8_t[4]){ how, which, which, which });
        }
        run(session, before, (uint8_t[4]){ how, 255, 255, 255 });
    }
}

int main(void)
{
    for (unsigned session = 0; session < SESSION_COUNT; session++) {
        uint8_t truth = (uint8_t)session;
        (void)LLVMFuzzerTestOneInput(&truth, 1);
        unsigned answers = lying_server_answers();
        for (unsigned i = 0; i < answers && i < ANSWERS_MAX; i++) {
            run_answer(session, i);
        }
    }
    (void)printf("%lu lies\n", runs);
    return 0;
}
