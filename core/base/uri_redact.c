/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes passwords from URIs that are to be shown.
 *
 * The input may be any text, in particular a URI whose password contains an
 * unencoded '/', '?', '@' or '#', so that the parts of the URI are not where
 * the grammar puts them.  Any text that another program would take for a
 * password counts as one.  Hence the rule: show only what is understood
 * completely, and of everything else only the scheme.
 *
 * INV1  The output contains a part of the input only if that part is the
 *       scheme, a list of hosts, a user name before a masked password, or text
 *       in which, decoded, no password can be recognised
 *       (may_hold_password).
 * INV2  Each step returns SIZE_MAX or false when it is uncertain; then the
 *       result is "<scheme>:***".
 * INV3  The output buffer is allocated once, large enough for the longest
 *       output, so that appending never fails.
 */
#include "base/uri.h"

#include <ctype.h>
#include <string.h>

#include <quipu/id.h>

#include "base/memory.h"
#include "base/percent.h"
#include "base/utf8.h"

#define MASK "***"

/* The output; its buffer has room for all that is appended (INV3). */
struct text {
    char *data;
    size_t size;
};

static void append(struct text *text, const char *data, size_t size)
{
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

/* Returns true if `text` contains `word`, which is lower case, in upper or
 * lower case. */
static bool contains(const char *text, const char *word)
{
    size_t size = strlen(word);

    for (; *text; text++) {
        size_t i = 0;

        while (i < size && tolower((unsigned char)text[i]) == word[i]) {
            i++;
        }
        if (i == size) {
            return true;
        }
    }
    return false;
}

static bool mentions_secret(const char *text)
{
    static const char *const words[] = {
        "password", "passwd", "passphrase", "pwd",  "secret",
        "token",    "apikey", "api_key",    "_key", "credential",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (contains(text, words[i])) {
            return true;
        }
    }
    return false;
}

/* Returns true if the decoded text may contain a password: it has a ':' before
 * an '@' (user:password@host), or a word for a secret and a '=' (a list of
 * settings). */
static bool may_hold_password(const char *text)
{
    const char *colon = strchr(text, ':');

    return (colon && strchr(colon, '@')) ||
           (mentions_secret(text) && strchr(text, '='));
}

/* Returns true if the text is a list of hosts, such as
 * "h1:5432,[::1]:1,h2". */
static bool is_hosts(const char *text, size_t size)
{
    size_t at = 0;

    while (at < size) {
        if (text[at] == '[') {
            at += strcspn(text + at, "]/?");
            if (text[at] != ']') {
                return false;
            }
        }
        at += strcspn(text + at, ":,/?");
        if (text[at] == ':') {
            at++;
            at += strspn(text + at, "0123456789");
        }
        if (at < size && text[at] != ',') {
            return false;
        }
        at++;
    }
    return true;
}

/* Returns the size of "user:password@" at the start of an authority, up to its
 * last '@'; 0 if there is none. */
static size_t userinfo_size(const char *authority, size_t size)
{
    while (size > 0 && authority[size - 1] != '@') {
        size--;
    }
    return size;
}

/* If the body begins with an authority that has a password, appends
 * "//user:***@hosts" and returns the size of what that replaces.  Returns 0 if
 * there is no password, SIZE_MAX if that is uncertain (INV2). */
static size_t redact_authority(struct text *text, const char *body)
{
    const char *authority = body + 2;
    size_t size = strcspn(authority, "/?");
    size_t userinfo = userinfo_size(authority, size);
    size_t user = strcspn(authority, ":");

    if (!is_hosts(authority + userinfo, size - userinfo)) {
        return SIZE_MAX;
    }
    if (user >= userinfo) {
        return 0;
    }
    /* Another '@' follows: the password may extend up to it. */
    if (strchr(authority + userinfo, '@')) {
        return SIZE_MAX;
    }
    append(text, body, 2 + user + 1);
    append(text, MASK "@", sizeof(MASK));
    append(text, authority + userinfo, size - userinfo);
    return size + 2;
}

/* Appends the body, and returns its size; SIZE_MAX if uncertain (INV2).  `room`
 * is a buffer for decoding. */
static size_t redact_body(struct text *text, const char *body, char *room)
{
    size_t size = strcspn(body, "?");
    size_t done = 0;

    if (strncmp(body, "//", 2) == 0) {
        done = redact_authority(text, body);
        if (done == SIZE_MAX) {
            return SIZE_MAX;
        }
    }
    quipu_percent_decode_leniently(room, body + done, size - done);
    if (may_hold_password(room)) {
        return SIZE_MAX;
    }
    append(text, body + done, size - done);
    return size;
}

/* Returns true if the value of an option of this decoded name is a secret. */
static bool is_secret_name(const char *name)
{
    return mentions_secret(name) || strcmp(name, "pass") == 0 ||
           strcmp(name, "key") == 0;
}

/* Appends one option, or a mask: a segment without '=' is no option and may be
 * the rest of a password. */
static void redact_option(struct text *text, const char *option, size_t size,
                          char *room)
{
    size_t name = strcspn(option, "=");

    if (name >= size) {
        append(text, MASK, sizeof(MASK) - 1);
        return;
    }
    quipu_percent_decode_leniently(room, option + name + 1, size - name - 1);
    if (!may_hold_password(room)) {
        quipu_percent_decode_leniently(room, option, name);
        if (may_hold_password(room)) {
            append(text, MASK, sizeof(MASK) - 1);
            return;
        }
        if (!is_secret_name(room)) {
            append(text, option, size);
            return;
        }
    }
    append(text, option, name + 1);
    append(text, MASK, sizeof(MASK) - 1);
}

static void redact_query(struct text *text, const char *query, char *room)
{
    append(text, "?", 1);
    for (;;) {
        size_t size = strcspn(query, "&");

        if (size > 0) {
            redact_option(text, query, size, room);
        }
        query += size;
        if (*query == '\0') {
            return;
        }
        append(text, "&", 1);
        query++;
    }
}

/* Returns true if what may be "user:password@host" extends beyond the value of
 * one option: then a '?' or '&' may be an unencoded part of it, and the options
 * are none. */
static bool crosses_options(const char *query)
{
    const char *colon = strchr(query, ':');
    const char *at = strrchr(query, '@');
    const char *option = colon;

    if (!colon || !at || at < colon) {
        return false;
    }
    while (option > query && option[-1] != '&') {
        option--;
    }
    return memchr(colon, '&', (size_t)(at - colon)) ||
           !memchr(option, '=', (size_t)(colon - option));
}

/* Appends the part behind the scheme; false if uncertain (INV2). */
static bool redact_rest(struct text *text, const char *rest, char *room)
{
    size_t size = redact_body(text, rest, room);

    if (size == SIZE_MAX) {
        return false;
    }
    /* "//user:12?34@host": the '?' may be an unencoded part of a password. */
    if (rest[size] == '?' && strchr(rest + size, '@') &&
        (memchr(rest, ':', size) || crosses_options(rest + size + 1))) {
        return false;
    }
    if (rest[size] == '?') {
        redact_query(text, rest + size + 1, room);
    }
    return true;
}

bool quipu_uri_redact_shows_name(const quipu_uri *uri, const char *name)
{
    const size_t size = strlen(uri->rest);
    const size_t room = 4 * size + sizeof(MASK) + 1; /* as below */
    struct text text = { .data = quipu_allocate(room + size + 1) };
    bool may = text.data && redact_rest(&text, uri->rest, text.data + room);

    quipu_release(text.data);
    for (size_t i = 0; may && i < uri->option_count; i++) {
        if (strcmp(uri->options[i].name, name) == 0) {
            return true;
        }
        may = !is_secret_name(uri->options[i].name);
    }
    return may;
}

static bool is_printable(const char *text)
{
    if (!quipu_utf8_valid(quipu_bytes_of_text(text))) {
        return false;
    }
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            return false;
        }
    }
    return true;
}

char *quipu_uri_redact(const char *uri)
{
    size_t size = strlen(uri);
    size_t scheme = strcspn(uri, ":");
    /* An option has at least two characters with its '&', and grows by one mask
     * of three at most.  Behind the output follows the room for decoding. */
    size_t room = 4 * size + sizeof(MASK) + 1;
    struct text text = { .data = quipu_allocate(room + size + 1) };

    if (!text.data) {
        return NULL;
    }
    if (uri[scheme] == '\0' || !quipu_uri_scheme_valid(uri, scheme)) {
        append(&text, MASK, sizeof(MASK) - 1);
        return text.data;
    }
    append(&text, uri, scheme + 1);
    if (!is_printable(uri) ||
        !redact_rest(&text, uri + scheme + 1, text.data + room)) {
        text.size = scheme + 1;
        append(&text, MASK, sizeof(MASK) - 1);
    }
    return text.data;
}
