/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder FILE: runs all sessions of tour.c with the server that the
 * environment names, and writes the answers to each statement.  The linker
 * (--wrap) puts the functions below between the driver and libpq.
 *
 * Lines, with bytes in hexadecimal:
 *
 *     S <session>              begins the answers of a session
 *     Q <SQL>                  a statement; blanks replace its line ends
 *     A <tag> <type>...        its answer: command tag, types of the columns
 *     R <value>...             a row; "-" is NULL, "." an empty value, and
 *                              "=00:5000" are 5000 bytes 00
 *     E <SQLSTATE>             its answer is an error
 */
#include "tour.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 1024
#define QUEUE_MAX 512

static struct {
    FILE *file;
    struct {
        char name[64];
        char *text;
    } names[NAMES_MAX];
    size_t count;
    const char *queue[QUEUE_MAX]; /* NULL: no statement of its own */
    unsigned first, last;
} recorder;

static void expect(const char *text)
{
    recorder.queue[recorder.last++ % QUEUE_MAX] = text;
}

static const char *keep(const char *name, const char *text)
{
    for (size_t i = 0; i < recorder.count; i++) {
        if (strcmp(recorder.names[i].name, name) == 0) {
            return recorder.names[i].text;
        }
    }
    if (recorder.count == NAMES_MAX || !text) {
        abort();
    }
    (void)snprintf(recorder.names[recorder.count].name, 64, "%s", name);
    recorder.names[recorder.count].text = strdup(text);
    return recorder.names[recorder.count++].text;
}

static void write_value(FILE *file, const char *value, int size)
{
    bool uniform = size > 64;
    for (int i = 1; uniform && i < size; i++) {
        uniform = value[i] == value[0];
    }
    if (uniform) {
        (void)fprintf(file, "=%02x:%d", (unsigned char)value[0], size);
        return;
    }
    for (int i = 0; i < size; i++) {
        (void)fprintf(file, "%02x", (unsigned char)value[i]);
    }
}

static void write_rows(FILE *file, const PGresult *result)
{
    const char *tag = PQcmdStatus((PGresult *)result);
    (void)fprintf(file, "A ");
    for (size_t i = 0; tag[i] != '\0'; i++) {
        (void)fputc(tag[i] == ' ' ? '_' : tag[i], file);
    }
    for (int i = 0; i < PQnfields(result); i++) {
        (void)fprintf(file, " %u", PQftype(result, i));
    }
    for (int row = 0; row < PQntuples(result); row++) {
        (void)fprintf(file, "\nR");
        for (int i = 0; i < PQnfields(result); i++) {
            int size = PQgetlength(result, row, i);
            (void)fputs(PQgetisnull(result, row, i) ? " -"
                        : size == 0                 ? " ."
                                                    : " ",
                        file);
            write_value(file, PQgetvalue(result, row, i), size);
        }
    }
}

static void write_answer(const char *text, const PGresult *result)
{
    (void)fprintf(recorder.file, "Q %s\n", text);
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
        (void)fprintf(recorder.file, "E %s",
                      PQresultErrorField(result, PG_DIAG_SQLSTATE));
    } else {
        write_rows(recorder.file, result);
    }
    (void)fputc('\n', recorder.file);
}

int __real_PQsendPrepare(PGconn *pg, const char *name, const char *text,
                         int count, const Oid *types);
int __wrap_PQsendPrepare(PGconn *pg, const char *name, const char *text,
                         int count, const Oid *types);
int __real_PQsendQueryPrepared(PGconn *pg, const char *name, int count,
                               const char *const *values, const int *lengths,
                               const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *pg, const char *name, int count,
                               const char *const *values, const int *lengths,
                               const int *formats, int format);
int __real_PQsendQueryParams(PGconn *pg, const char *text, int count,
                             const Oid *types, const char *const *values,
                             const int *lengths, const int *formats,
                             int format);
int __wrap_PQsendQueryParams(PGconn *pg, const char *text, int count,
                             const Oid *types, const char *const *values,
                             const int *lengths, const int *formats,
                             int format);
int __real_PQpipelineSync(PGconn *pg);
int __wrap_PQpipelineSync(PGconn *pg);
PGresult *__real_PQgetResult(PGconn *pg);
PGresult *__wrap_PQgetResult(PGconn *pg);

int __wrap_PQsendPrepare(PGconn *pg, const char *name, const char *text,
                         int count, const Oid *types)
{
    (void)keep(name, text);
    expect(NULL);
    return __real_PQsendPrepare(pg, name, text, count, types);
}

int __wrap_PQsendQueryPrepared(PGconn *pg, const char *name, int count,
                               const char *const *values, const int *lengths,
                               const int *formats, int format)
{
    expect(keep(name, NULL));
    return __real_PQsendQueryPrepared(pg, name, count, values, lengths, formats,
                                      format);
}

int __wrap_PQsendQueryParams(PGconn *pg, const char *text, int count,
                             const Oid *types, const char *const *values,
                             const int *lengths, const int *formats, int format)
{
    expect(keep(text, text));
    return __real_PQsendQueryParams(pg, text, count, types, values, lengths,
                                    formats, format);
}

int __wrap_PQpipelineSync(PGconn *pg)
{
    expect(NULL);
    return __real_PQpipelineSync(pg);
}

PGresult *__wrap_PQgetResult(PGconn *pg)
{
    PGresult *result = __real_PQgetResult(pg);
    if (result && recorder.first < recorder.last) {
        const char *text = recorder.queue[recorder.first++ % QUEUE_MAX];
        if (text && PQresultStatus(result) != PGRES_PIPELINE_ABORTED) {
            write_answer(text, result);
        }
    }
    return result;
}

static void do_nothing(void)
{
}

int main(int argc, char **argv)
{
    recorder.file = argc == 2 ? fopen(argv[1], "w") : NULL;
    if (!recorder.file) {
        (void)fprintf(stderr, "recorder FILE\n");
        return 2;
    }
    for (int i = 0; i < SESSION_COUNT; i++) {
        (void)fprintf(recorder.file, "S %d\n", i);
        tour_run((enum tour_session)i, TOUR_WHOLE, INT64_C(20000000000),
                 do_nothing);
    }
    return fclose(recorder.file) == 0 ? 0 : 1;
}
