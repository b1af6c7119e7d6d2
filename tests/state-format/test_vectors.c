/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the test vectors of docs/state-format.md: files in vectors/, each with
 * a state in hexadecimal and its meaning as text.  decode.py reads the same
 * files without quipu, so that a vector that is wrong fails both.
 *
 *     # a comment
 *     state
 *     81 a3 66 6f 6f c3
 *     meaning
 *     verdict OK
 *     version 1
 *     members {"foo":true}
 */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/id.h>
#include <quipu/state.h>

#include "quipu_test.h"

#include "base/status.h"

#define SIZE_MOST 8192

struct vector {
    uint8_t state[SIZE_MOST];
    size_t size;
    char meaning[SIZE_MOST];
};

/* ---------------------------------------------------------------- printing */

static void print_hex(quipu_bytes bytes, FILE *out)
{
    for (size_t i = 0; i < bytes.size; i++) {
        (void)fprintf(out, "%02x", ((const uint8_t *)bytes.data)[i]);
    }
}

static void print_real(double real, FILE *out)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof(bits));
    if (isnan(real)) {
        (void)fputs("{\"real\":\"nan\"}", out);
    } else {
        (void)fprintf(out, "{\"real\":\"%016" PRIx64 "\"}", bits);
    }
}

static void print_text(quipu_bytes text, FILE *out)
{
    (void)fputc('"', out);
    for (size_t i = 0; i < text.size; i++) {
        const char byte = ((const char *)text.data)[i];

        if (byte == '"' || byte == '\\') {
            (void)fputc('\\', out);
        }
        (void)fputc(byte, out);
    }
    (void)fputc('"', out);
}

static void print_extension(const quipu_token *token, FILE *out)
{
    quipu_time time;

    if (quipu_token_time(token, &time)) {
        (void)fprintf(out, "{\"time\":%" PRId64 "}", time.microseconds);
        return;
    }
    (void)fprintf(out, "{\"extension\":%" PRId32 ",\"bytes\":\"",
                  token->ext_type);
    print_hex(token->bytes, out);
    (void)fputs("\"}", out);
}

static void print_scalar(const quipu_token *token, FILE *out)
{
    switch (token->kind) {
    case QUIPU_TOKEN_NIL:
        (void)fputs("null", out);
        break;
    case QUIPU_TOKEN_BOOL:
        (void)fputs(token->as.boolean ? "true" : "false", out);
        break;
    case QUIPU_TOKEN_UINT:
        (void)fprintf(out, "%" PRIu64, token->as.natural);
        break;
    case QUIPU_TOKEN_INT:
        (void)fprintf(out, "%" PRId64, token->as.integer);
        break;
    case QUIPU_TOKEN_FLOAT:
        print_real((double)token->as.single_real, out);
        break;
    case QUIPU_TOKEN_DOUBLE:
        print_real(token->as.real, out);
        break;
    case QUIPU_TOKEN_STR:
        print_text(token->bytes, out);
        break;
    case QUIPU_TOKEN_BIN:
        (void)fputs("{\"bytes\":\"", out);
        print_hex(token->bytes, out);
        (void)fputs("\"}", out);
        break;
    default:
        print_extension(token, out);
        break;
    }
}

static quipu_token next(quipu_bytes *rest)
{
    quipu_token token;
    quipu_error error;

    assert_ok(quipu_token_next(rest, &token, &error), &error);
    return token;
}

static void print_value(quipu_bytes *rest, FILE *out)
{
    const quipu_token token = next(rest);
    const bool is_map = token.kind == QUIPU_TOKEN_MAP;

    if (!is_map && token.kind != QUIPU_TOKEN_ARRAY) {
        print_scalar(&token, out);
        return;
    }
    (void)fputc(is_map ? '{' : '[', out);
    for (uint32_t i = 0; i < token.count; i++) {
        (void)fputs(i > 0 ? "," : "", out);
        if (is_map) {
            print_value(rest, out);
            (void)fputc(':', out);
        }
        print_value(rest, out);
    }
    (void)fputc(is_map ? '}' : ']', out);
}

/* The attributes, by their keys in ascending order. */
static void print_envelope(quipu_bytes head, FILE *out)
{
    const quipu_token map = next(&head);

    for (uint32_t i = 0; i < map.count; i++) {
        const quipu_token key = next(&head);

        (void)fprintf(out, "key %" PRIu64 " ", key.as.natural);
        print_value(&head, out);
        (void)fputc('\n', out);
    }
}

/* Writes the meaning of a state, as the vectors have it. */
static void print_meaning(quipu_bytes state, FILE *out)
{
    quipu_state parts = { .version = 0 };
    quipu_error error;
    int status = quipu_state_check(state, &error);

    (void)fprintf(out, "verdict %s\n", quipu_status_name(status));
    if (status != QUIPU_OK) {
        return;
    }
    assert_ok(quipu_state_split(state, &parts, &error), &error);
    (void)fprintf(out, "version %" PRIu32 "\n", parts.version);
    if (parts.envelope.data) {
        print_envelope(parts.envelope, out);
    }
    (void)fputs("members ", out);
    print_value(&parts.fields, out);
    (void)fputc('\n', out);
}

/* ----------------------------------------------------------------- reading */

static int digit_of(int byte)
{
    const char *digits = "0123456789abcdef";
    const char *found = byte != '\0' ? strchr(digits, byte) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* Adds the bytes of a line of pairs of digits. */
static void read_bytes(struct vector *vector, const char *line)
{
    for (; *line && *line != '\n'; line++) {
        if (*line == ' ') {
            continue;
        }
        assert_true(digit_of(line[0]) >= 0 && digit_of(line[1]) >= 0);
        assert_true(vector->size < SIZE_MOST);
        vector->state[vector->size++] =
            (uint8_t)(digit_of(line[0]) * 16 + digit_of(line[1]));
        line++;
    }
}

static void read_vector(const char *path, struct vector *vector)
{
    enum { COMMENT, STATE, MEANING } part = COMMENT;
    FILE *file = fopen(path, "r");
    char line[SIZE_MOST];

    assert_non_null(file);
    vector->size = 0;
    vector->meaning[0] = '\0';
    while (fgets(line, sizeof(line), file)) {
        if (strcmp(line, "state\n") == 0) {
            part = STATE;
        } else if (strcmp(line, "meaning\n") == 0) {
            part = MEANING;
        } else if (part == STATE) {
            read_bytes(vector, line);
        } else if (part == MEANING) {
            size_t written = strlen(vector->meaning);
            size_t size = strlen(line) + 1;

            assert_true(written + size <= sizeof(vector->meaning));
            memcpy(vector->meaning + written, line, size);
        } else {
            assert_int_equal(line[0], '#');
        }
    }
    assert_int_equal(part, MEANING);
    (void)fclose(file);
}

static void check_vector(const char *path)
{
    struct vector vector;
    char *meaning = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&meaning, &size);

    assert_non_null(out);
    read_vector(path, &vector);
    print_meaning((quipu_bytes){ vector.state, vector.size }, out);
    (void)fclose(out);
    if (strcmp(meaning, vector.meaning) != 0) {
        print_error("%s\n", path);
    }
    assert_string_equal(meaning, vector.meaning);
    free(meaning);
}

static void every_vector_has_its_meaning(void **state)
{
    DIR *folder = opendir(VECTORS);
    size_t count = 0;
    struct dirent *entry;
    char path[1024];

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", VECTORS, entry->d_name);
            check_vector(path);
            count++;
        }
    }
    (void)closedir(folder);
    assert_true(count >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_has_its_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
