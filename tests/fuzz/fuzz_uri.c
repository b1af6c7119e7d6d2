/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libFuzzer target for URIs.  The input is a URI: it is parsed, its options
 * are read as each type, decoded and taken.  Then a password is put into the
 * input at a place that the input chooses, and:
 *
 *   P1  No message about the URI contains the password, wherever it is behind
 *       the scheme.
 *   P2  The URI as it is shown in logs does not contain the password if it is
 *       where another program would look for one: between a ':' and an '@', or
 *       behind "password=".
 *   P3  `rest` of a URI that was parsed is parsed again with the same options.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/memory.h>

#include "base/option.h"
#include "base/uri.h"

#define PASSWORD "s3cret"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what, const char *uri)
{
    if (!holds) {
        fprintf(stderr, "fuzz_uri: %s: %s\n", what, uri);
        abort();
    }
}

/* Concatenates texts, the last of which is NULL; for free. */
static char *join(const char *const *parts)
{
    size_t size = 1;
    char *whole;

    for (size_t i = 0; parts[i]; i++) {
        size += strlen(parts[i]);
    }
    whole = calloc(1, size);
    demand(whole, "no memory", "");
    char *end = whole;
    for (size_t i = 0; parts[i]; i++) {
        memcpy(end, parts[i], strlen(parts[i]));
        end += strlen(parts[i]);
    }
    return whole;
}

/* ------------------------------------------------------------- the options */

static void read_option(const char *value, const char *uri)
{
    const quipu_option_info types[] = {
        { .name = "x", .type = QUIPU_OPTION_BOOL },
        { .name = "x", .type = QUIPU_OPTION_SIZE },
        { .name = "x", .type = QUIPU_OPTION_COUNT },
        { .name = "x", .type = QUIPU_OPTION_TEXT },
    };
    quipu_error error;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (quipu_option_check(&types[i], value, &error) != QUIPU_OK) {
            demand(!strstr(error.message, PASSWORD), "an option (P1)", uri);
        }
    }
}

/* P3. */
static void parse_rest(const quipu_uri *uri, const char *text)
{
    const char *parts[] = { uri->scheme, ":", uri->rest, NULL };
    char *whole = join(parts);
    quipu_uri again;

    demand(quipu_uri_parse(&again, whole, NULL) == QUIPU_OK,
           "the rest is refused (P3)", text);
    demand(again.option_count == uri->option_count, "other options (P3)", text);
    for (size_t i = 0; i < uri->option_count; i++) {
        demand(!strcmp(again.options[i].name, uri->options[i].name) &&
                   !strcmp(again.options[i].value, uri->options[i].value),
               "another option (P3)", text);
    }
    quipu_uri_finish(&again);
    free(whole);
}

/* Takes every second option first, then the others. */
static void take_options(quipu_uri *uri, const char *text)
{
    size_t i = 0;

    while (uri->option_count > 0) {
        char *name;
        const char *parts[] = { NULL, NULL };

        i = (i + 1) % uri->option_count;
        parts[0] = uri->options[i].name;
        name = join(parts);
        read_option(uri->options[i].value, text);
        demand(quipu_uri_take(uri, name), "an option is missing", text);
        demand(!quipu_uri_take(uri, name), "an option is there twice", text);
        free(name);
        parse_rest(uri, text);
    }
}

/* ----------------------------------------------------------- the functions */

static void parse(const char *text)
{
    quipu_error error;
    quipu_uri uri;
    char *decoded = NULL;

    if (quipu_uri_parse(&uri, text, &error) != QUIPU_OK) {
        demand(!strstr(error.message, PASSWORD), "a message (P1)", text);
        return;
    }
    parse_rest(&uri, text);
    if (quipu_uri_decode(uri.body, strlen(uri.body), "the body", &decoded,
                         &error) == QUIPU_OK) {
        quipu_release(decoded);
    } else {
        demand(!strstr(error.message, PASSWORD), "the body (P1)", text);
    }
    take_options(&uri, text);
    quipu_uri_finish(&uri);
}

/* Returns true if the texts of a list have the password already. */
static bool has_password(const char *const *parts)
{
    char *text = join(parts);
    bool has = strstr(text, PASSWORD);

    free(text);
    return has;
}

/* Parses and redacts the texts of a list as one URI.  `secret`: it has the
 * password where programs look for one. */
static void show(const char *const *parts, bool secret)
{
    char *text = join(parts);
    char *shown;

    parse(text);
    shown = quipu_uri_redact(text);
    demand(shown, "no memory", text);
    demand(!secret || !strstr(shown, PASSWORD), "the password is shown (P2)",
           text);
    quipu_release(shown);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *first;
    char *second;
    size_t at;

    if (size < 1) {
        return 0;
    }
    at = size > 1 ? data[0] % size : 0;
    first = calloc(1, size + 1);
    second = calloc(1, size + 1);
    demand(first && second, "no memory", "");
    memcpy(first, data + 1, at);
    memcpy(second, data + 1 + at, size - 1 - at);
    if (!has_password((const char *[]){ first, second, NULL })) {
        show((const char *[]){ first, second, NULL }, false);
        show((const char *[]){ "x:", first, PASSWORD, second, NULL }, false);
        show(
            (const char *[]){ "x://", first, ":", PASSWORD, "@", second, NULL },
            true);
        show((const char *[]){ "x://u:", first, PASSWORD, second, "@h", NULL },
             true);
        show((const char *[]){ "x:", first, "?password=", PASSWORD, second,
                               NULL },
             true);
    }
    free(first);
    free(second);
    return 0;
}
