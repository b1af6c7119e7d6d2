/* SPDX-License-Identifier: Apache-2.0 */
/* Parses connection URIs. */
#include "base/uri.h"

#include <stdarg.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/percent.h"
#include "base/scheme.h"
#include "base/utf8.h"

/* INVALID with a message that shows of the URI its scheme only: whatever
 * follows may be part of a password that was not encoded. */
static int refuse(const quipu_uri *uri, quipu_error *error, const char *format,
                  ...) QUIPU_PRINTF(3, 4);

static int refuse(const quipu_uri *uri, quipu_error *error, const char *format,
                  ...)
{
    quipu_error why;
    va_list list;

    va_start(list, format);
    quipu_error_set_list(&why, QUIPU_INVALID, 0, NULL, format, list);
    va_end(list);
    return quipu_error_set(error, QUIPU_INVALID, "the %s URI %s", uri->scheme,
                           why.message);
}

/* The size of the option that `query` begins with, to its '&' or the end. */
static size_t segment_size(const char *query)
{
    return strcspn(query, "&");
}

static size_t count_segments(const char *query)
{
    size_t count = *query ? 1 : 0;

    for (; *query; query++) {
        count += *query == '&';
    }
    return count;
}

/* Where the query begins: after the first '?', or at the end. */
static size_t query_offset(const char *text)
{
    size_t mark = strcspn(text, "?");

    return text[mark] == '?' ? mark + 1 : mark;
}

/*
 * Lays out the one block that all points into: the options, the scheme, the
 * body, the rest, and room for the decoded options, which are not longer than
 * they are encoded.  Returns that room, or NULL without memory.
 */
static char *lay_out(quipu_uri *uri, const char *text, size_t scheme_size,
                     size_t count)
{
    const char *rest = text + scheme_size + 1;
    size_t rest_size = strlen(rest);
    size_t body_size = strcspn(rest, "?");
    size_t table_size = count * sizeof(quipu_option);
    char *at = quipu_allocate_zeroed(table_size + scheme_size + body_size +
                                     2 * rest_size + 4);

    if (!at) {
        return NULL;
    }
    uri->memory = at;
    uri->options = (void *)at;
    at += table_size;
    uri->scheme = memcpy(at, text, scheme_size);
    at += scheme_size + 1;
    uri->body = memcpy(at, rest, body_size);
    at += body_size + 1;
    uri->rest = memcpy(at, rest, rest_size);
    return at + rest_size + 1;
}

/* What an unencoded text may not contain, for the message; NULL if nothing. */
static const char *find_fault(const char *text)
{
    if (!quipu_utf8_valid(quipu_bytes_of_text(text))) {
        return "contains bytes that are not UTF-8";
    }
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            return "contains a control character (write %0A for a line feed)";
        }
        if (*text == '#') {
            return "has a fragment, which means nothing here (write %23 "
                   "for '#')";
        }
    }
    return NULL;
}

static bool is_name(const char *text)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_.-";

    return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

static size_t find_option(const quipu_uri *uri, const char *name)
{
    size_t i = 0;

    while (i < uri->option_count && strcmp(uri->options[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* Decodes one option into `room`, adds it, and returns how much of the room
 * it took in *taken.  Options are called by number: a name may be part of a
 * password that contains '&'. */
static int add_option(quipu_uri *uri, const char *segment, size_t size,
                      char *room, quipu_error *error)
{
    size_t number = uri->option_count + 1;
    size_t name_size = strcspn(segment, "=");
    char *value = room + name_size + 1;
    const char *fault;
    size_t same;

    if (name_size >= size) {
        return refuse(uri, error, "has no '=' in its option %zu", number);
    }
    fault = quipu_percent_decode(room, segment, name_size);
    if (!fault) {
        fault = quipu_percent_decode(value, segment + name_size + 1,
                                     size - name_size - 1);
    }
    if (fault) {
        return refuse(uri, error, "contains, in its option %zu, %s", number,
                      fault);
    }
    if (!is_name(room)) {
        return refuse(uri, error,
                      "has a bad name for its option %zu: names consist of "
                      "letters, digits, '_', '-' and '.'",
                      number);
    }
    same = find_option(uri, room);
    if (same < uri->option_count) {
        return refuse(uri, error,
                      "gives one option twice, as numbers %zu "
                      "and %zu",
                      same + 1, number);
    }
    uri->options[uri->option_count++] =
        (quipu_option){ .name = room, .value = value };
    return QUIPU_OK;
}

static int add_options(quipu_uri *uri, char *room, quipu_error *error)
{
    const char *query = uri->rest + query_offset(uri->rest);

    while (*query) {
        size_t size = segment_size(query);
        int status = add_option(uri, query, size, room, error);

        if (status != QUIPU_OK) {
            return status;
        }
        room += size + 1;
        query += size;
        if (*query == '&' && *++query == '\0') {
            return refuse(uri, error, "ends with '&'");
        }
    }
    return QUIPU_OK;
}

/* Checks what can be told before anything is decoded; sets *room for that. */
static int begin(quipu_uri *uri, const char *text, size_t scheme_size,
                 char **room, quipu_error *error)
{
    const char *rest = text + scheme_size + 1;
    size_t count = count_segments(rest + query_offset(rest));
    const char *fault;

    if (count > QUIPU_URI_OPTIONS_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the URI has %zu options; at most %d are "
                               "possible",
                               count, QUIPU_URI_OPTIONS_MAX);
    }
    *room = lay_out(uri, text, scheme_size, count);
    if (!*room) {
        return quipu_error_no_memory(error);
    }
    fault = find_fault(rest);
    return fault ? refuse(uri, error, "%s", fault) : QUIPU_OK;
}

int quipu_uri_parse(quipu_uri *uri, const char *text, quipu_error *error)
{
    size_t scheme_size = text ? strcspn(text, ":") : 0;
    char *room = NULL;
    int status;

    memset(uri, 0, sizeof(*uri));
    if (!text || text[scheme_size] == '\0') {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a URI begins with a scheme and a colon, such "
                               "as sqlite:///events.db");
    }
    status = quipu_scheme_check(text, scheme_size, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = begin(uri, text, scheme_size, &room, error);
    if (status == QUIPU_OK) {
        status = add_options(uri, room, error);
    }
    if (status != QUIPU_OK) {
        quipu_uri_finish(uri);
        return status;
    }
    if (uri->option_count == 0) {
        uri->rest[strlen(uri->body)] = '\0'; /* no '?' without options */
    }
    return QUIPU_OK;
}

void quipu_uri_finish(quipu_uri *uri)
{
    quipu_release(uri->memory);
    memset(uri, 0, sizeof(*uri));
}

/* Removes an option from `rest`, with the mark before or after it. */
static void cut_out(char *rest, size_t index)
{
    char *at = rest + query_offset(rest);
    size_t size;

    for (size_t i = 0; i < index; i++) {
        at += segment_size(at) + 1;
    }
    size = segment_size(at);
    if (at[size] == '&') {
        memmove(at, at + size + 1, strlen(at + size + 1) + 1);
    } else {
        at[-1] = '\0';
    }
}

const char *quipu_uri_take(quipu_uri *uri, const char *name)
{
    size_t index = find_option(uri, name);
    const char *value;

    if (index == uri->option_count) {
        return NULL;
    }
    value = uri->options[index].value;
    cut_out(uri->rest, index);
    uri->option_count--;
    memmove(&uri->options[index], &uri->options[index + 1],
            (uri->option_count - index) * sizeof(uri->options[0]));
    return value;
}

int quipu_uri_decode(const char *text, size_t size, const char *what,
                     char **decoded, quipu_error *error)
{
    char *copy = quipu_text_copy_bytes(text, size);
    const char *fault;

    if (!copy) {
        return quipu_error_no_memory(error);
    }
    fault = quipu_percent_decode(copy, copy, size);
    if (fault) {
        quipu_release(copy);
        return quipu_error_set(error, QUIPU_INVALID, "%s contains %s", what,
                               fault);
    }
    *decoded = copy;
    return QUIPU_OK;
}
