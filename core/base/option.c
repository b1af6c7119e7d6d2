/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the values of options: booleans, sizes with a unit, counts. */
#include "base/option.h"

#include <string.h>

#include "base/error.h"

int quipu_option_bool(const char *name, const char *text, bool *value,
                      quipu_error *error)
{
    static const char *const words[] = { "0",  "1",   "false", "true",
                                         "no", "yes", "off",   "on" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = i % 2 == 1;
            return QUIPU_OK;
        }
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "option \"%s\" must be one of 1, true, yes, on, "
                           "0, false, no, off",
                           name);
}

/* Reads decimal digits.  Returns the text after them, or NULL if there are none
 * or the number exceeds 64 bits. */
static const char *read_number(const char *text, uint64_t *number)
{
    const char *at = text;

    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (*number > (UINT64_MAX - digit) / 10) {
            return NULL;
        }
        *number = *number * 10 + digit;
    }
    return at > text ? at : NULL;
}

/* Returns the binary logarithm of the unit's factor; -1 if there is no such
 * unit. */
static int unit_bits(const char *unit)
{
    static const char units[] = "kmgt";
    const char *found;

    if (unit[0] == '\0') {
        return 0;
    }
    found = strchr(units, unit[0]);
    return found && unit[1] == '\0' ? (int)(found - units + 1) * 10 : -1;
}

int quipu_option_size(const char *name, const char *text, uint64_t *value,
                      quipu_error *error)
{
    uint64_t number;
    const char *unit = read_number(text, &number);
    int bits = unit ? unit_bits(unit) : -1;

    if (bits < 0 || number > UINT64_MAX >> bits) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "option \"%s\" must be a number of bytes below "
                               "2^64, such as 4096, 64k, 16m, 2g or 1t",
                               name);
    }
    *value = number << bits;
    return QUIPU_OK;
}

int quipu_option_count(const char *name, const char *text, uint64_t *value,
                       quipu_error *error)
{
    uint64_t number;
    const char *end = read_number(text, &number);

    if (!end || *end != '\0') {
        return quipu_error_set(error, QUIPU_INVALID,
                               "option \"%s\" must be a number from 0 to "
                               "18446744073709551615",
                               name);
    }
    *value = number;
    return QUIPU_OK;
}

int quipu_option_check(const quipu_option_info *info, const char *text,
                       quipu_error *error)
{
    bool truth;
    uint64_t number;

    switch (info->type) {
    case QUIPU_OPTION_BOOL:
        return quipu_option_bool(info->name, text, &truth, error);
    case QUIPU_OPTION_SIZE:
        return quipu_option_size(info->name, text, &number, error);
    case QUIPU_OPTION_COUNT:
        return quipu_option_count(info->name, text, &number, error);
    default:
        return QUIPU_OK;
    }
}
