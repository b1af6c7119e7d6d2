/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed bytes: quipu_bytes as values. */
#include <quipu/id.h>

#include <string.h>

#include "base/utf8.h"

quipu_bytes quipu_bytes_of_text(const char *text)
{
    return (quipu_bytes){ .data = text, .size = text ? strlen(text) : 0 };
}

bool quipu_bytes_equal(quipu_bytes a, quipu_bytes b)
{
    if (!a.data || !b.data) {
        return !a.data && !b.data;
    }
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

bool quipu_bytes_is_text(quipu_bytes bytes)
{
    return quipu_utf8_valid(bytes);
}
