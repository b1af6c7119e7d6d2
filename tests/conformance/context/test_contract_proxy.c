/* SPDX-License-Identifier: Apache-2.0 */
/* The statuses of each operation are listed in the comments of
 * <quipu/driver.h>, in the core and in the suite's contract proxy: the three
 * lists must agree. */
#include "quipu_test.h"

#include "context/contract_proxy.h"
#include "datastore/driver_call.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <quipu/error.h>

#define BIT(code) (1u << (unsigned)(code))

/* In the order of enum quipu_call. */
static const char *const operations[] = {
    "open",          "setup",          "teardown",      "bind",
    "append",        "transact",       "read_sequence", "read_log",
    "list_schemas",  "list_sequences", "list_tracking", "step",
    "last_position", "log_head",       "wait",          "read_tracking",
    "backup",        "restore",        "list_entries",  "read_filtered",
    "find_event",    "erase",          "erasures",      "alter",
    "last_item",     "read_sequences", "list_logs",
};

#define OPERATIONS (sizeof(operations) / sizeof(*operations))

/* Text of <quipu/driver.h>. */
static char text[65536];

static int read_header(void **state)
{
    FILE *file = fopen(DRIVER_H, "re");

    (void)state;
    if (!file) {
        return -1;
    }
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    return fclose(file);
}

/* Returns the bit of the status that a word names, or 0. */
static uint32_t bit_of(const char *word, size_t length)
{
    for (int code = QUIPU_OK; code <= QUIPU_INTERNAL; code++) {
        const char *name = quipu_status_name(code);

        if (strlen(name) == length && memcmp(name, word, length) == 0) {
            return BIT(code);
        }
    }
    return 0;
}

/* Returns the bits of all statuses in a sentence. */
static uint32_t codes_of(const char *sentence)
{
    uint32_t codes = BIT(QUIPU_OK) | BIT(QUIPU_NO_MEMORY) | BIT(QUIPU_INTERNAL);

    while (*sentence && *sentence != '.') {
        size_t length = 0;

        while (isupper((unsigned char)sentence[length]) ||
               sentence[length] == '_') {
            length++;
        }
        codes |= bit_of(sentence, length);
        sentence += length > 0 ? length : 1;
    }
    return codes;
}

/* Returns the statuses of the last list before the declaration of an operation.
 */
static uint32_t listed(const char *operation)
{
    const char *found = NULL, *declared;
    char pattern[40];

    (void)snprintf(pattern, sizeof(pattern), "int (*%s)(", operation);
    declared = strstr(text, pattern);
    assert_non_null(declared);
    for (const char *at = text; (at = strstr(at, "Codes:")) && at < declared;
         at++) {
        found = at;
    }
    assert_non_null(found);
    return codes_of(found);
}

static uint32_t accepted_by_core(enum quipu_call call)
{
    static const quipu_driver driver = { .name = "any" };
    uint32_t codes = 0;

    for (int code = QUIPU_OK; code <= QUIPU_INTERNAL; code++) {
        quipu_error said = { .code = code };

        if (quipu_driver_call_end(&driver, call, code, &said, NULL) == code) {
            codes |= BIT(code);
        }
    }
    return codes;
}

static void header_core_and_proxy_list_the_same_statuses(void **state)
{
    (void)state;
    assert_int_equal(OPERATIONS, QUIPU_CALL_LIST_LOGS + 1);
    for (size_t i = 0; i < OPERATIONS; i++) {
        uint32_t codes = listed(operations[i]);
        uint32_t passed = accepted_by_core((enum quipu_call)i);
        uint32_t seen = quipu_contract_proxy_codes(operations[i]);

        if (codes != passed || codes != seen) {
            fail_msg("%s: driver.h lists 0x%x, the core passes 0x%x, the suite "
                     "0x%x",
                     operations[i], codes, passed, seen);
        }
    }
}

static void unknown_operation_has_no_statuses(void **state)
{
    (void)state;
    assert_int_equal(quipu_contract_proxy_codes("close"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_core_and_proxy_list_the_same_statuses),
        cmocka_unit_test(unknown_operation_has_no_statuses),
    };

    return cmocka_run_group_tests(tests, read_header, NULL) != 0;
}
