/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parser of the timeline of a failure.
 *
 * A case writes one JSON object a line:
 *
 *   {"lane":"session 3","from":12.345,"to":12.401,"what":"append a h1@5",
 *    "outcome":"OK ids=41 at=5","bad":true}
 *
 * `lane` and `from` are required; `to` is missing or null if the operation had
 * no response.  Members with other names are skipped, as long as their values
 * are strings, numbers, booleans or null.
 *
 * The writer may be killed at any byte, and several processes of a case may
 * write to the file.  So each line is parsed by itself, and a line that is not
 * a whole object of this form is skipped instead of failing the report.  The
 * parser needs no memory except the array of entries: it is part of a program
 * that reports failures, possibly failures of memory.
 */
#include "timeline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r");
}

/* ---------------------------------------------------------------- strings */

struct sink {
    char *text;
    size_t size, used; /* size 0: the text is not stored */
};

static void put(struct sink *sink, const char *bytes, size_t count)
{
    static const char more[] = "...";

    if (sink->used + count + sizeof(more) <= sink->size) {
        memcpy(sink->text + sink->used, bytes, count);
        sink->used += count;
        sink->text[sink->used] = '\0';
    } else if (sink->size > sizeof(more)) {
        while (sink->used > 0 &&
               (sink->text[sink->used - 1] & '\xc0') == '\x80') {
            sink->used--; /* cut at a character, not inside it */
        }
        sink->used -= sink->used > 0 && (sink->text[sink->used - 1] & '\x80');
        memcpy(sink->text + sink->used, more, sizeof(more));
        sink->size = 0;
    }
}

static void put_character(struct sink *sink, uint32_t c)
{
    char bytes[3];

    if (c < 0x80) {
        bytes[0] = (char)c;
        put(sink, bytes, 1);
    } else if (c < 0x800) {
        bytes[0] = (char)(0xc0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 0x3f));
        put(sink, bytes, 2);
    } else {
        bytes[0] = (char)(0xe0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (c & 0x3f));
        put(sink, bytes, 3);
    }
}

/* Parses an escape after its backslash; returns the text after it, or NULL if
 * it is not valid. */
static const char *read_escape(const char *at, struct sink *sink)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *letter = *at ? strchr(letters, *at) : NULL;
    char digits[5] = "", *end;
    uint32_t c;

    if (letter) {
        put(sink, &meant[letter - letters], 1);
        return at + 1;
    }
    if (*at != 'u') {
        return NULL;
    }
    strncpy(digits, at + 1, 4);
    c = (uint32_t)strtoul(digits, &end, 16);
    if (end != digits + 4) {
        return NULL;
    }
    /* Surrogates and NUL become U+FFFD. */
    put_character(sink, c == 0 || (c >= 0xd800 && c <= 0xdfff) ? 0xfffd : c);
    return at + 5;
}

/* Parses a string from its first quote on; returns the text after it, or NULL.
 */
static const char *read_string(const char *at, char *text, size_t size)
{
    struct sink sink = { text, size, 0 };

    if (*at++ != '"') {
        return NULL;
    }
    while (at && *at != '"') {
        if (*at == '\0' || *at == '\n') {
            return NULL;
        }
        if (*at == '\\') {
            at = read_escape(at + 1, &sink);
        } else {
            put(&sink, at++, 1);
        }
    }
    return at ? at + 1 : NULL;
}

/* ----------------------------------------------------------------- numbers */

/* Parses a number without an exponent; unlike strtod, in any locale. */
static const char *read_number(const char *at, double *number)
{
    const char *begin = at += *at == '-';
    double sign = at[-1] == '-' ? -1 : 1, scale = 1;

    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        *number = *number * 10 + (*at - '0');
    }
    if (at == begin) {
        return NULL;
    }
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9'; at++) {
            *number += (*at - '0') * (scale /= 10);
        }
    }
    *number *= sign;
    return at;
}

/* ------------------------------------------------------------------ lines */

static const char *read_word(const char *at, const char *word)
{
    size_t length = strlen(word);

    return strncmp(at, word, length) == 0 ? at + length : NULL;
}

/* Skips the value of an unknown member. */
static const char *skip_value(const char *at)
{
    double number;

    return *at == '"'   ? read_string(at, NULL, 0)
           : *at == 't' ? read_word(at, "true")
           : *at == 'f' ? read_word(at, "false")
           : *at == 'n' ? read_word(at, "null")
                        : read_number(at, &number);
}

static const char *read_member(const char *at, struct quipu_timeline_entry *m)
{
    char name[16] = "";

    at = read_string(at, name, sizeof(name));
    at = at ? skip_blanks(at) : NULL;
    if (!at || *at != ':') {
        return NULL;
    }
    at = skip_blanks(at + 1);
    if (strcmp(name, "lane") == 0) {
        return read_string(at, m->lane, sizeof(m->lane));
    }
    if (strcmp(name, "what") == 0) {
        return read_string(at, m->what, sizeof(m->what));
    }
    if (strcmp(name, "outcome") == 0) {
        return read_string(at, m->outcome, sizeof(m->outcome));
    }
    if (strcmp(name, "from") == 0) {
        return read_number(at, &m->from);
    }
    if (strcmp(name, "to") == 0) {
        m->answered = *at != 'n';
        return m->answered ? read_number(at, &m->to) : skip_value(at);
    }
    if (strcmp(name, "bad") == 0) {
        m->bad = *at == 't';
    }
    return skip_value(at);
}

static bool read_line(const char *at, struct quipu_timeline_entry *m)
{
    *m = (struct quipu_timeline_entry){ .from = -1 };
    at = skip_blanks(at);
    if (*at != '{') {
        return false;
    }
    do {
        at = read_member(skip_blanks(at + 1), m);
        at = at ? skip_blanks(at) : NULL;
    } while (at && *at == ',');
    return at && *at == '}' && m->from >= 0 && m->lane[0];
}

bool quipu_timeline_read(struct quipu_timeline *timeline, const char *lines)
{
    size_t room = 1;

    *timeline = (struct quipu_timeline){ NULL, 0 };
    for (const char *c = lines; *c; c++) {
        room += *c == '\n';
    }
    timeline->entries = malloc(room * sizeof(*timeline->entries));
    while (timeline->entries && *lines) {
        timeline->count +=
            read_line(lines, &timeline->entries[timeline->count]);
        lines += strcspn(lines, "\n");
        lines += *lines == '\n';
    }
    return timeline->entries;
}

void quipu_timeline_finish(struct quipu_timeline *timeline)
{
    free(timeline->entries);
    *timeline = (struct quipu_timeline){ NULL, 0 };
}
