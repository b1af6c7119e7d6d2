/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of a server, read from a file; recorder.c describes its form. */
#include "recording.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 1024 /* a power of two, more than there are texts */

/* A statement and its first answer. */
struct text {
    const char *text;
    struct answer *first;
};

static struct {
    struct answer *at;
    size_t count;
    int session;
    int pid;
    struct text texts[SLOTS]; /* a hash table; `text` NULL: empty */
} recording;

static void fail(const char *what)
{
    (void)fprintf(stderr, "recording: %s\n", what);
    exit(2);
}

static void read_value(struct value *value, const char *word)
{
    char *size_of_run = NULL;
    if (word[0] == '=') { /* a run of equal bytes */
        unsigned long byte = strtoul(word + 1, &size_of_run, 16);
        value->size = (int)strtol(size_of_run + 1, NULL, 10);
        value->bytes = calloc(1, (size_t)value->size + 1);
        memset(value->bytes, (int)byte, (size_t)value->size);
        return;
    }
    size_t size = strcmp(word, ".") == 0 ? 0 : strlen(word) / 2;
    value->size = strcmp(word, "-") == 0 ? -1 : (int)size;
    value->bytes = calloc(1, size + 1);
    for (size_t i = 0; value->size > 0 && i < size; i++) {
        char pair[3] = { word[2 * i], word[2 * i + 1], '\0' };
        value->bytes[i] = (char)strtoul(pair, NULL, 16);
    }
}

static void read_words(struct answer *answer, char kind, char *rest)
{
    char *word = strsep(&rest, " ");
    if (kind == 'E') {
        (void)snprintf(answer->state, sizeof(answer->state), "%s", word);
    } else if (kind == 'A') {
        (void)snprintf(answer->tag, sizeof(answer->tag), "%s", word);
        for (char *c = answer->tag; *c != '\0'; c++) {
            if (*c == '_') {
                *c = ' ';
            }
        }
        while ((word = strsep(&rest, " ")) &&
               answer->columns < RECORDING_COLUMNS) {
            answer->types[answer->columns++] = (Oid)strtoul(word, NULL, 10);
        }
    } else {
        size_t count = (size_t)answer->columns * (size_t)++answer->rows;
        void *values =
            realloc(answer->values, (count + 1) * sizeof(*answer->values));
        if (!values) {
            fail("no memory for a recording");
        }
        answer->values = values;
        for (int i = 0; i < answer->columns; i++) {
            read_value(
                &answer->values[count - (size_t)answer->columns + (size_t)i],
                word ? word : "");
            word = strsep(&rest, " ");
        }
    }
}

/* The slot of a statement, or the empty one where it would go. */
static struct text *find_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const char *c = text; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    struct text *slot = &recording.texts[hash % SLOTS];
    while (slot->text && strcmp(slot->text, text) != 0) {
        slot = slot + 1 < recording.texts + SLOTS ? slot + 1 : recording.texts;
    }
    return slot;
}

const char *recording_text(const char *text)
{
    return find_text(text)->text;
}

/* Chains the answers of each statement, in the order of the recording. */
static void chain_answers(void)
{
    for (size_t i = recording.count; i-- > 0;) {
        struct answer *answer = &recording.at[i];
        struct text *text = find_text(answer->text);
        answer->next = text->first;
        text->first = answer;
    }
}

/* The pid of each session differs: the server says the one of the last. */
static void find_pid(void)
{
    for (size_t i = 0; i < recording.count; i++) {
        const struct answer *answer = &recording.at[i];
        const struct value *pid = answer->values;
        if (strstr(answer->text, "pg_backend_pid()") && pid && pid->size == 4) {
            const unsigned char *b = (const unsigned char *)pid->bytes;
            recording.pid = b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
        }
    }
}

void recording_load(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    int session = -1;
    if (!file) {
        fail("no recording");
    }
    while (getline(&line, &room, file) > 2) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == 'S') {
            session = (int)strtol(line + 2, NULL, 10);
        } else if (line[0] == 'Q') {
            void *at = realloc(recording.at,
                               (recording.count + 1) * sizeof(*recording.at));
            if (!at) {
                fail("no memory for a recording");
            }
            recording.at = at;
            struct text *text = find_text(line + 2);
            if (!text->text) {
                text->text = strdup(line + 2);
            }
            recording.at[recording.count++] =
                (struct answer){ .text = text->text, .session = session };
        } else if (recording.count > 0) {
            read_words(&recording.at[recording.count - 1], line[0], line + 2);
        }
    }
    free(line);
    (void)fclose(file);
    if (recording.count == 0) {
        fail("an empty recording");
    }
    chain_answers();
    find_pid();
}

const struct answer *recording_find(const char *text)
{
    struct answer *last = NULL;
    for (struct answer *answer = find_text(text)->first; answer;
         answer = answer->next) {
        bool current = answer->session == recording.session;
        if (current || !last || last->session != recording.session) {
            last = answer;
            if (current && !answer->used) {
                break;
            }
        }
    }
    if (last) {
        last->used = true;
    }
    return last;
}

void recording_start(int session)
{
    recording.session = session;
    for (size_t i = 0; i < recording.count; i++) {
        recording.at[i].used = false;
    }
}

const struct answer *recording_any(unsigned which)
{
    return &recording.at[which % recording.count];
}

int recording_pid(void)
{
    return recording.pid;
}
