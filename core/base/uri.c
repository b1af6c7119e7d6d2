/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses connection URIs.
 *
 * A parsed URI is one block of memory: the table of options, the scheme, the
 * body, the rest, and the decoded options.  Everything in struct quipu_uri
 * points into it, so that finishing is one release and nothing can leak on an
 * error path.
 *
 * Options are decoded one by one, and checked before the next is looked at.
 * `rest` keeps the encoded text for drivers that pass a URI on to their
 * library; removing an option (quipu_uri_take) removes it from both forms.
 */
#include "base/uri.h"

#include <stdarg.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/percent.h"
#include "base/utf8.h"

/* --------------------------------------------------------------- the scheme */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool quipu_uri_scheme_valid(const char *text, size_t size)
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

/* Returns true if the text is short and has the characters of a scheme by RFC
 * 3986, so that quoting it shows no secret. */
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

int quipu_uri_scheme_check(const char *text, size_t size, quipu_error *error)
{
    static const char rule[] = "is not a scheme: that is a lower-case letter "
                               "and up to 30 lower-case letters, digits and "
                               "hyphens";

    if (quipu_uri_scheme_valid(text, size)) {
        return QUIPU_OK;
    }
    if (!may_be_quoted(text, size)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the text before the colon %s", rule);
    }
    return quipu_error_set(error, QUIPU_INVALID, "\"%.*s\" %s", (int)size, text,
                           rule);
}

/* ------------------------------------------------------------------ parsing */

/* Sets INVALID with "the <scheme> URI " before the message.  Nothing else of
 * the URI may appear in it, since any other part may belong to a password. */
static int refuse(const quipu_uri *uri, quipu_error *error, const char *format,
                  ...) QUIPU_PRINTF(3, 4);

static int refuse(const quipu_uri *uri, quipu_error *error, const char *format,
                  ...)
{
    quipu_error why;
    va_list list;

    va_start(list, format);
    quipu_error_set_list(&why, QUIPU_INVALID, format, list);
    va_end(list);
    return quipu_error_set(error, QUIPU_INVALID, "the %s URI %s", uri->scheme,
                           why.message);
}

/* Returns the size of the first option of `query`, up to '&' or the end. */
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

/* Returns the offset of the query: after the first '?', or the end. */
static size_t query_offset(const char *text)
{
    size_t mark = strcspn(text, "?");

    return text[mark] == '?' ? mark + 1 : mark;
}

/*
 * Allocates the block and fills in scheme, body and rest.  Returns the room for
 * decoded options, each of which is no longer than its encoded form; NULL if
 * there is no memory.
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

/* Returns a clause about the first character that a URI may not contain; NULL
 * if there is none. */
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
            return "has a fragment, which a connection URI cannot have (write "
                   "%23 "
                   "for '#')";
        }
    }
    return NULL;
}

/* Returns true if the text is a name of options: [A-Za-z0-9_.-]+. */
static bool is_name(const char *text)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_.-";

    return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

/* Returns the index of an option; option_count if there is none. */
static size_t find_option(const quipu_uri *uri, const char *name)
{
    size_t i = 0;

    while (i < uri->option_count && strcmp(uri->options[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* Decodes the option of `size` bytes at `segment` into `room`, and appends it.
 * Messages call it by its number: the name may be part of a password that
 * contains '&'. */
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

/* Checks the encoded text and allocates the block; *room is for add_options. */
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
    status = quipu_uri_scheme_check(text, scheme_size, error);
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

/* Removes the option at `index` from `rest`, with the separator after it, or if
 * it is the last, before it. */
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

int quipu_uri_decode(const char *text, size_t size, const char *subject,
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
        return quipu_error_set(error, QUIPU_INVALID, "%s contains %s", subject,
                               fault);
    }
    *decoded = copy;
    return QUIPU_OK;
}
