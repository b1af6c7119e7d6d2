/* SPDX-License-Identifier: Apache-2.0 */
/* The values of options, whose form the core has checked. */
#include "option.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool quipu_common_option_truth(const char *value)
{
    static const char *const yes[] = { "1", "true", "yes", "on" };
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcasecmp(value, yes[i]) == 0) {
            return true;
        }
    }
    return false;
}

int64_t quipu_common_option_number(const char *value)
{
    static const char suffixes[] = "kmgt";
    char *end = NULL;
    unsigned long long n = strtoull(value, &end, 10);
    const char *suffix = *end != 0 ? strchr(suffixes, *end | 0x20) : NULL;
    unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
    if (n > (unsigned long long)INT64_MAX >> shift) {
        return INT64_MAX;
    }
    return (int64_t)(n << shift);
}
