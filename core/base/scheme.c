/* SPDX-License-Identifier: Apache-2.0 */
/* Checks schemes before they are taken for anything, a file's name above all.
 */
#include "base/scheme.h"

#include "base/error.h"

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool quipu_scheme_valid(const char *text, size_t size)
{
    if (size == 0 || size > QUIPU_SCHEME_MAX || !is_lower(text[0])) {
        return false;
    }
    for (size_t i = 1; i < size; i++) {
        if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '-') {
            return false;
        }
    }
    return true;
}

/* What other programs may accept as a scheme (RFC 3986), and not too long. */
static bool may_be_quoted(const char *text, size_t size)
{
    if (size == 0 || size > (size_t)2 * QUIPU_SCHEME_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (!is_lower(c) && !(c >= 'A' && c <= 'Z') && !is_digit(c) &&
            c != '-' && c != '+' && c != '.') {
            return false;
        }
    }
    return true;
}

int quipu_scheme_check(const char *text, size_t size, quipu_error *error)
{
    static const char rule[] = "is not a scheme: that is a lower-case letter "
                               "and up to 30 lower-case letters, digits and "
                               "hyphens";

    if (quipu_scheme_valid(text, size)) {
        return QUIPU_OK;
    }
    if (!may_be_quoted(text, size)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "what stands before the colon %s", rule);
    }
    return quipu_error_set(error, QUIPU_INVALID, "\"%.*s\" %s", (int)size, text,
                           rule);
}
