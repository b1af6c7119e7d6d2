/* SPDX-License-Identifier: Apache-2.0 */
/* libpq without a server; lying_server.h describes it. */
#include "lying_server.h"

#include "recording.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define COLUMNS_MAX RECORDING_COLUMNS
#define QUEUE_MAX 600

/* ---------------------------------------------------------------- the lies */

static struct {
    const uint8_t *at;
    size_t left;
    unsigned skip;
    unsigned answers;
} lies;

static uint8_t next_byte(void)
{
    if (lies.left == 0) {
        return 0;
    }
    lies.left--;
    return *lies.at++;
}

void lying_server_start(int session)
{
    recording_start(session);
    lies.left = 0;
    lies.skip = 0;
}

void lying_server_lie(const uint8_t *input, size_t size)
{
    lies.at = input;
    lies.left = size;
    lies.skip = 0;
    lies.answers = 0;
}

unsigned lying_server_answers(void)
{
    return lies.answers;
}

/* ------------------------------------------------------------------ results */

struct pg_result {
    ExecStatusType status;
    int columns, rows;
    Oid types[COLUMNS_MAX];
    int formats[COLUMNS_MAX];
    struct value *values;
    char tag[40];
    char state[6];
    char function[20];
};

static struct value copy_value(const char *bytes, int size)
{
    struct value value = { .size = size };
    size_t room = size > 0 ? (size_t)size : 0;
    value.bytes = malloc(room + 1); /* exactly, so that overreads are seen */
    if (room > 0) {
        memcpy(value.bytes, bytes, room);
    }
    value.bytes[room] = '\0';
    return value;
}

static PGresult *make_result(ExecStatusType status)
{
    PGresult *result = calloc(1, sizeof(*result));
    result->status = status;
    return result;
}

static PGresult *make_error(const char *state)
{
    PGresult *result = make_result(PGRES_FATAL_ERROR);
    (void)snprintf(result->state, sizeof(result->state), "%s", state);
    return result;
}

static PGresult *make_answer(const struct answer *answer)
{
    if (!answer) {
        return make_error("42601");
    }
    if (answer->state[0] != '\0') {
        return make_error(answer->state);
    }
    PGresult *result =
        make_result(answer->columns > 0 ? PGRES_TUPLES_OK : PGRES_COMMAND_OK);
    size_t count = (size_t)answer->columns * (size_t)answer->rows;
    result->columns = answer->columns;
    result->rows = answer->rows;
    (void)snprintf(result->tag, sizeof(result->tag), "%s", answer->tag);
    memcpy(result->types, answer->types, sizeof(result->types));
    for (int i = 0; i < COLUMNS_MAX; i++) {
        result->formats[i] = 1;
    }
    result->values = calloc(count + 1, sizeof(*result->values));
    for (size_t i = 0; i < count; i++) {
        result->values[i] =
            copy_value(answer->values[i].bytes, answer->values[i].size);
    }
    return result;
}

static void set_rows(PGresult *result, int rows)
{
    int columns = result->columns;
    struct value *values =
        calloc((size_t)(rows * columns) + 1, sizeof(*values));
    for (int i = 0; i < rows * columns; i++) {
        const struct value *from =
            result->rows > 0 ? &result->values[i % (result->rows * columns)]
                             : &(struct value){ .size = -1, .bytes = NULL };
        values[i] = copy_value(from->bytes, from->size);
    }
    for (int i = 0; i < result->rows * columns; i++) {
        free(result->values[i].bytes);
    }
    free(result->values);
    result->values = values;
    result->rows = rows;
}

static void set_columns(PGresult *result, int columns)
{
    struct value *values =
        calloc((size_t)(result->rows * columns) + 1, sizeof(*values));
    for (int row = 0; row < result->rows; row++) {
        for (int i = 0; i < columns; i++) {
            const struct value *from =
                i < result->columns
                    ? &result->values[row * result->columns + i]
                    : &(struct value){ .size = -1, .bytes = NULL };
            values[row * columns + i] = copy_value(from->bytes, from->size);
        }
    }
    for (int i = 0; i < result->rows * result->columns; i++) {
        free(result->values[i].bytes);
    }
    free(result->values);
    result->values = values;
    result->columns = columns;
}

/* The value that the next bytes of the input choose, or NULL. */
static struct value *choose_value(PGresult *result)
{
    int count = result->rows * result->columns;
    unsigned which = next_byte();
    which = which << 8 | next_byte();
    return count > 0 ? &result->values[which % (unsigned)count] : NULL;
}

static void set_value(struct value *value, const char *bytes, int size)
{
    struct value made = copy_value(bytes, size);
    free(value->bytes);
    *value = made;
}

static void set_number(struct value *value)
{
    static const int64_t numbers[] = {
        0,         -1,        1,         2,         3,         4,
        1024,      INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, INT64_MAX - 3,
        1LL << 62, 1LL << 32, 5,         7
    };
    uint8_t which = next_byte();
    int64_t number = which < 128 ? numbers[which % 16] : which - 192;
    char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (char)((uint64_t)number >> (56 - 8 * i));
    }
    if (value->size == 4) {
        set_value(value, bytes + 4, 4);
    } else {
        set_value(value, bytes, 8);
    }
}

static void set_bytes(struct value *value)
{
    char bytes[1024];
    int size = next_byte();
    uint8_t fill = next_byte();
    size = size > 200 ? 4 * size : size;
    memset(bytes, fill, sizeof(bytes));
    for (int i = 0; i < size && i < 16 && lies.left > 0; i++) {
        bytes[i] = (char)next_byte();
    }
    set_value(value, bytes, size);
}

/* Changes one value, in a way that `how` says. */
static void change_value(PGresult *result, unsigned how)
{
    struct value *value = choose_value(result);
    if (!value) {
        return;
    }
    switch (how) {
    case 0:
        set_number(value);
        break;
    case 1:
        set_bytes(value);
        break;
    case 2:
        set_value(value, NULL, -1);
        break;
    default: /* cut */
        set_value(value, value->bytes, value->size > 0 ? value->size / 2 : 0);
        break;
    }
}

static const char *choose_state(void)
{
    static const char *const states[] = { "57P01", "40001", "40P01", "23505",
                                          "23502", "22012", "42P01", "26000",
                                          "42P05", "0A000", "57P03", "08P01",
                                          "55P03", "57014", "XX000", "" };
    return states[next_byte() % 16];
}

/* ------------------------------------------------------------- connections */

struct sent {
    const char *text; /* NULL: a synchronization point; "": a preparation */
};

struct pg_conn {
    struct sent queue[QUEUE_MAX];
    unsigned first, last;
    bool after; /* a NULL ends the results of a statement */
    bool failed, lost;
    PGTransactionStatusType transaction;
    PQnoticeReceiver receiver;
    void *context;
};

#define NAMES_MAX 512

static struct {
    char name[64];
    const char *text;
} names[NAMES_MAX];
static size_t name_count;

/* The statement of a name, which `text` enters. */
static const char *text_of(const char *name, const char *text)
{
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].text;
        }
    }
    if (!text || name_count == NAMES_MAX) {
        (void)fputs("lying_server: too many statements\n", stderr);
        abort();
    }
    (void)snprintf(names[name_count].name, 64, "%s", name);
    text = recording_text(text);
    names[name_count].text = text ? text : "unknown";
    return names[name_count++].text;
}

static int send_one(PGconn *pg, const char *text)
{
    if (pg->lost || pg->last - pg->first == QUEUE_MAX) {
        return 0;
    }
    pg->queue[pg->last++ % QUEUE_MAX].text = text;
    return 1;
}

static void give_notice(PGconn *pg)
{
    PGresult *notice = make_error(choose_state());
    notice->status = PGRES_NONFATAL_ERROR;
    if (next_byte() % 2 == 0) {
        (void)snprintf(notice->function, sizeof(notice->function),
                       "SyncRepWaitForLSN");
    }
    pg->receiver(pg->context, notice);
    PQclear(notice);
}

/* Another result in place of this one. */
static PGresult *replace(PGconn *pg, PGresult *result, unsigned how)
{
    static const ExecStatusType statuses[] = {
        PGRES_EMPTY_QUERY,   PGRES_COMMAND_OK,      PGRES_TUPLES_OK,
        PGRES_COPY_OUT,      PGRES_BAD_RESPONSE,    PGRES_NONFATAL_ERROR,
        PGRES_PIPELINE_SYNC, PGRES_PIPELINE_ABORTED
    };
    PQclear(result);
    if (how == 0) {
        return make_error(choose_state());
    }
    if (how == 1) {
        pg->lost = true;
        return make_error(choose_state());
    }
    if (how == 2) {
        return make_result(statuses[next_byte() % 8]);
    }
    unsigned which = next_byte();
    which = which << 8 | next_byte();
    return make_answer(recording_any(which));
}

static PGresult *change(PGconn *pg, PGresult *result, unsigned how)
{
    int column = 0;
    switch (how % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
        change_value(result, how % 4);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        return replace(pg, result, how % 4);
    case 8:
        set_rows(result, next_byte());
        break;
    case 9:
        set_rows(result, 8 * next_byte());
        break;
    case 10:
        set_columns(result, next_byte() % 24);
        break;
    case 11:
        result->types[next_byte() % COLUMNS_MAX] = next_byte();
        break;
    case 12:
        column = next_byte() % COLUMNS_MAX;
        result->formats[column] = 0;
        break;
    case 13:
        give_notice(pg);
        break;
    case 14:
        (void)snprintf(result->tag, sizeof(result->tag), "INSERT 0 %u",
                       next_byte());
        break;
    default: /* one message too few or too many */
        pg->first += next_byte() % 2 == 0 && pg->first < pg->last ? 1 : 0;
        break;
    }
    return result;
}

static PGresult *lie(PGconn *pg, PGresult *result)
{
    while (lies.skip == 0 && lies.left > 0) {
        uint8_t byte = next_byte();
        if (byte < 0xc0) {
            lies.skip = byte % 64 + 1u;
            break;
        }
        result = change(pg, result, byte);
    }
    lies.skip -= lies.skip > 0 ? 1 : 0;
    lies.answers++;
    return result;
}

/* The status of the transaction follows from the tags, as in libpq. */
static void follow(PGconn *pg, const PGresult *result)
{
    if (result->status == PGRES_FATAL_ERROR) {
        pg->failed = true;
        pg->transaction =
            pg->transaction == PQTRANS_IDLE ? PQTRANS_IDLE : PQTRANS_INERROR;
    } else if (strcmp(result->tag, "BEGIN") == 0) {
        pg->transaction = PQTRANS_INTRANS;
    } else if (strcmp(result->tag, "COMMIT") == 0 ||
               strcmp(result->tag, "ROLLBACK") == 0) {
        pg->transaction = PQTRANS_IDLE;
    }
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
PGresult *PQgetResult(PGconn *pg)
{
    if (pg->after || pg->lost || pg->first == pg->last) {
        pg->after = false;
        return pg->lost ? make_error("") : NULL;
    }
    const char *text = pg->queue[pg->first++ % QUEUE_MAX].text;
    PGresult *result = NULL;
    pg->after = text != NULL;
    if (!text) {
        pg->failed = false;
        result = make_result(PGRES_PIPELINE_SYNC);
    } else if (pg->failed) {
        return make_result(PGRES_PIPELINE_ABORTED);
    } else if (*text == '\0') {
        result = make_result(PGRES_COMMAND_OK);
    } else {
        result = make_answer(recording_find(text));
    }
    result = lie(pg, result);
    follow(pg, result);
    return result;
}

/* ------------------------------------------------------ functions of libpq */

static int socket_of_all = -1;

PGconn *PQconnectStartParams(const char *const *keywords,
                             const char *const *values, int expand)
{
    (void)keywords;
    (void)values;
    (void)expand;
    if (socket_of_all < 0) {
        socket_of_all = eventfd(0, EFD_CLOEXEC); /* writable, never readable */
    }
    return calloc(1, sizeof(PGconn));
}

PostgresPollingStatusType PQconnectPoll(PGconn *pg)
{
    return pg->lost ? PGRES_POLLING_FAILED : PGRES_POLLING_OK;
}

int PQsendPrepare(PGconn *pg, const char *name, const char *text, int count,
                  const Oid *types)
{
    (void)count;
    (void)types;
    (void)text_of(name, text);
    return send_one(pg, "");
}

int PQsendQueryPrepared(PGconn *pg, const char *name, int count,
                        const char *const *values, const int *lengths,
                        const int *formats, int format)
{
    (void)count;
    (void)values;
    (void)lengths;
    (void)formats;
    (void)format;
    return send_one(pg, text_of(name, NULL));
}

int PQsendQueryParams(PGconn *pg, const char *text, int count, const Oid *types,
                      const char *const *values, const int *lengths,
                      const int *formats, int format)
{
    (void)count;
    (void)types;
    (void)values;
    (void)lengths;
    (void)formats;
    (void)format;
    text = recording_text(text);
    return send_one(pg, text ? text : "unknown");
}

int PQpipelineSync(PGconn *pg)
{
    return send_one(pg, NULL);
}

void PQfinish(PGconn *pg)
{
    free(pg);
}

void PQclear(PGresult *result)
{
    if (result) {
        for (int i = 0; i < result->rows * result->columns; i++) {
            free(result->values[i].bytes);
        }
        free(result->values);
        free(result);
    }
}

/* libpq returns these for a row or column that there is not. */
static const struct value *value_at(const PGresult *result, int row, int column)
{
    return row >= 0 && row < result->rows && column >= 0 &&
                   column < result->columns
               ? &result->values[row * result->columns + column]
               : NULL;
}

char *PQgetvalue(const PGresult *result, int row, int column)
{
    const struct value *value = value_at(result, row, column);
    return value ? value->bytes : NULL;
}

int PQgetlength(const PGresult *result, int row, int column)
{
    const struct value *value = value_at(result, row, column);
    return value && value->size > 0 ? value->size : 0;
}

int PQgetisnull(const PGresult *result, int row, int column)
{
    const struct value *value = value_at(result, row, column);
    return !value || value->size < 0;
}

Oid PQftype(const PGresult *result, int column)
{
    return column >= 0 && column < result->columns ? result->types[column] : 0;
}

int PQfformat(const PGresult *result, int column)
{
    return column >= 0 && column < result->columns ? result->formats[column]
                                                   : 0;
}

char *PQcmdTuples(PGresult *result)
{
    char *blank = strrchr(result->tag, ' ');
    return blank ? blank + 1 : result->tag + strlen(result->tag);
}

char *PQresultErrorField(const PGresult *result, int field)
{
    PGresult *own = (PGresult *)result;
    if (field == PG_DIAG_SQLSTATE && result->state[0] != '\0') {
        return own->state;
    }
    return field == PG_DIAG_SOURCE_FUNCTION && result->function[0] != '\0'
               ? own->function
               : NULL;
}

/* clang-format off */
ExecStatusType PQresultStatus(const PGresult *result) { return result->status; }
int PQntuples(const PGresult *result) { return result->rows; }
int PQnfields(const PGresult *result) { return result->columns; }
char *PQcmdStatus(PGresult *result) { return result->tag; }
static char words[] = "an error\nof the server";
char *PQresultErrorMessage(const PGresult *result)
{ (void)result; return words; }
char *PQerrorMessage(const PGconn *pg) { (void)pg; return words; }
char *PQhost(const PGconn *pg) { (void)pg; return NULL; }
int PQbackendPID(const PGconn *pg) { (void)pg; return recording_pid(); }
int PQsocket(const PGconn *pg) { (void)pg; return socket_of_all; }
int PQflush(PGconn *pg) { return pg->lost ? -1 : 0; }
int PQisBusy(PGconn *pg) { (void)pg; return 0; }
int PQconsumeInput(PGconn *pg) { return !pg->lost; }
PGnotify *PQnotifies(PGconn *pg) { (void)pg; return NULL; }
ConnStatusType PQstatus(const PGconn *pg)
{ return pg->lost ? CONNECTION_BAD : CONNECTION_OK; }
PGTransactionStatusType PQtransactionStatus(const PGconn *pg)
{ return pg->transaction; }
int PQsetnonblocking(PGconn *pg, int arg)
{ (void)arg; return pg->lost ? -1 : 0; }
int PQenterPipelineMode(PGconn *pg) { return !pg->lost; }
int PQexitPipelineMode(PGconn *pg) { return !pg->lost; }
PGVerbosity PQsetErrorVerbosity(PGconn *pg, PGVerbosity verbosity)
{ (void)pg; return verbosity; }
PQnoticeReceiver PQsetNoticeReceiver(PGconn *pg, PQnoticeReceiver receiver,
                                     void *context)
{ pg->receiver = receiver; pg->context = context; return NULL; }
PQconninfoOption *PQconninfo(PGconn *pg)
{ (void)pg; return PQconninfoParse("postgresql://", NULL); }
/* clang-format on */
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
