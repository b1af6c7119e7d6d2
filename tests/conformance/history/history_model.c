/* SPDX-License-Identifier: Apache-2.0 */
/* Random sessions on a model of a store. */
#include "history_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 */
uint64_t model_random(struct model *m, uint64_t n)
{
    uint64_t z = (m->random += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

/* ---------------------------------------------------------------- requests */

static void request_append(struct model *m, struct model_operation *op)
{
    op->count = 1 + (size_t)model_random(m, MODEL_ITEMS);
    for (size_t i = 0; i < op->count; i++) {
        op->items[i] = (struct model_entry){
            .sequence = (unsigned)model_random(m, MODEL_SEQUENCES),
            .position = -1,
            .session = op->session,
            .number = op->number,
            .index = (unsigned)i,
            .hash = (unsigned)model_random(m, 1u << 30),
        };
    }
    /* A position after the last one that the session knows.  Only for the first
     * item, so that it is certain which item a conflict names. */
    if (model_random(m, 2) == 0) {
        op->items[0].position =
            m->known[op->session][op->items[0].sequence] + 1;
    }
    op->guarded = model_random(m, 3) == 0;
    op->guard = m->known[op->session][op->sequence];
}

static void request(struct model *m, unsigned session, unsigned number)
{
    struct model_operation *op = &m->operations[m->count++];
    static const enum model_kind kinds[] = { MODEL_APPEND, MODEL_APPEND,
                                             MODEL_APPEND, MODEL_READ,
                                             MODEL_LOG,    MODEL_LAST,
                                             MODEL_HEAD };

    *op = (struct model_operation){
        .kind = kinds[model_random(m, sizeof(kinds) / sizeof(*kinds))],
        .session = session,
        .number = number,
        .begin = m->time,
        .sequence = (unsigned)model_random(m, MODEL_SEQUENCES),
        .descending = model_random(m, 2) == 0,
        .limit = 1 + (int64_t)model_random(m, 12),
        .from = (int64_t)model_random(m, 8),
    };
    if (op->kind == MODEL_APPEND) {
        request_append(m, op);
    }
}

/* --------------------------------------------------------------- responses */

static void conflict(struct model *m, struct model_operation *op,
                     const char *cause, size_t index, unsigned sequence)
{
    op->status = "CONFLICT";
    op->cause = cause;
    op->index = index;
    op->result = m->lengths[sequence] - 1;
    m->known[op->session][sequence] = op->result;
}

static void append(struct model *m, struct model_operation *op)
{
    if (op->guarded && op->guard != m->lengths[op->sequence] - 1) {
        conflict(m, op, "guard", 0, op->sequence);
        return;
    }
    if (op->items[0].position >= 0 &&
        op->items[0].position != m->lengths[op->items[0].sequence]) {
        conflict(m, op, "position", 0, op->items[0].sequence);
        return;
    }
    op->result = (int64_t)m->head + 1;
    for (size_t i = 0; i < op->count; i++) {
        struct model_entry *entry = &m->log[m->head++];

        *entry = op->items[i];
        entry->id = (int64_t)m->head;
        entry->position = m->lengths[entry->sequence]++;
        m->known[op->session][entry->sequence] = entry->position;
    }
}

static void read_entries(const struct model *m, struct model_operation *op)
{
    op->count = 0;
    op->entries = calloc(m->head + 1, sizeof(*op->entries));
    if (!op->entries) {
        abort();
    }
    for (size_t i = 0; i < m->head; i++) {
        const struct model_entry *entry =
            &m->log[op->descending ? m->head - 1 - i : i];
        int64_t place = op->kind == MODEL_LOG ? entry->id : entry->position;

        if ((op->kind == MODEL_LOG || entry->sequence == op->sequence) &&
            place >= op->from && (int64_t)op->count < op->limit) {
            op->entries[op->count++] = *entry;
        }
    }
}

static void respond(struct model *m, struct model_operation *op)
{
    op->instant = m->time;
    op->status = "OK";
    switch (op->kind) {
    case MODEL_APPEND:
        append(m, op);
        break;
    case MODEL_READ:
    case MODEL_LOG:
        read_entries(m, op);
        break;
    case MODEL_LAST:
        op->result = m->lengths[op->sequence] - 1;
        op->status = op->result >= 0 ? "OK" : "NOT_FOUND";
        break;
    default:
        op->result = (int64_t)m->head;
    }
}

/* Each operation is requested, executed and answered at three different times;
 * chance decides which session is next. */
void model_run(struct model *m, uint64_t seed)
{
    struct model_operation *under_way[MODEL_SESSIONS] = { NULL };
    unsigned numbers[MODEL_SESSIONS] = { 0 };
    unsigned busy = 0;

    memset(m, 0, sizeof(*m));
    memset(m->known, -1, sizeof(m->known));
    m->random = seed;
    while (m->count < MODEL_OPERATIONS || busy > 0) {
        unsigned s = (unsigned)model_random(m, MODEL_SESSIONS);

        m->time += 1 + (int64_t)model_random(m, 5);
        if (!under_way[s]) {
            if (m->count < MODEL_OPERATIONS) {
                under_way[s] = &m->operations[m->count];
                request(m, s, ++numbers[s]);
                busy++;
            }
        } else if (!under_way[s]->status) {
            respond(m, under_way[s]);
        } else {
            under_way[s]->end = m->time;
            under_way[s] = NULL;
            busy--;
        }
    }
    m->time++;
}

void model_finish(struct model *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->operations[i].entries);
    }
}

/* ----------------------------------------------------------------- writing */

static void write_entry(FILE *to, const struct model_entry *entry)
{
    fprintf(to, " %" PRId64 "/h%u@%" PRId64 "/%u.%u.%u/%x", entry->id,
            entry->sequence, entry->position, entry->session + 1, entry->number,
            entry->index, entry->hash);
}

static void write_append(FILE *to, const struct model_operation *op)
{
    fprintf(to, "append a");
    for (size_t i = 0; i < op->count; i++) {
        const struct model_entry *item = &op->items[i];

        fprintf(to, " h%u@", item->sequence);
        if (item->position < 0) {
            fputc('+', to);
        } else {
            fprintf(to, "%" PRId64, item->position);
        }
        fprintf(to, "/%u.%u.%u/%x", item->session + 1, item->number,
                item->index, item->hash);
    }
    if (op->guarded && op->guard < 0) {
        fprintf(to, " guard:h%u=empty", op->sequence);
    } else if (op->guarded) {
        fprintf(to, " guard:h%u=%" PRId64, op->sequence, op->guard);
    }
}

static void write_request(FILE *to, const struct model_operation *op)
{
    fprintf(to, "%" PRId64 " %u ", op->begin, op->number);
    switch (op->kind) {
    case MODEL_APPEND:
        write_append(to, op);
        break;
    case MODEL_READ:
        fprintf(to, "read a h%u from=%" PRId64 " limit=%" PRId64 "%s",
                op->sequence, op->from, op->limit,
                op->descending ? " desc" : "");
        break;
    case MODEL_LOG:
        fprintf(to, "log a from=%" PRId64 " limit=%" PRId64 "%s", op->from,
                op->limit, op->descending ? " desc" : "");
        break;
    case MODEL_LAST:
        fprintf(to, "last a h%u", op->sequence);
        break;
    default:
        fprintf(to, "head a");
    }
    fputc('\n', to);
}

static void write_response(FILE *to, const struct model_operation *op)
{
    bool ok = strcmp(op->status, "OK") == 0;

    fprintf(to, "%" PRId64 " %u %s", op->end, op->number, op->status);
    if (op->cause && strcmp(op->status, "CONFLICT") == 0) {
        fprintf(to, " cause=%s index=%zu", op->cause, op->index);
        if (op->result >= 0) {
            fprintf(to, " last=%" PRId64, op->result);
        }
    } else if (ok && op->kind == MODEL_APPEND) {
        fprintf(to, " ids=%" PRId64, op->result);
    } else if (ok && op->kind == MODEL_LAST) {
        fprintf(to, " last=%" PRId64, op->result);
    } else if (ok && op->kind == MODEL_HEAD) {
        fprintf(to, " head=%" PRId64, op->result);
    } else if (ok) {
        fprintf(to, " opened=%" PRId64, op->instant);
        for (size_t i = 0; i < op->count; i++) {
            write_entry(to, &op->entries[i]);
        }
    }
    fputc('\n', to);
}

static void write_session(FILE *to, const struct model *m, unsigned session)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->operations[i].session == session) {
            write_request(to, &m->operations[i]);
            if (m->operations[i].status) {
                write_response(to, &m->operations[i]);
            }
        }
    }
}

void model_write(const struct model *m, char *sessions[MODEL_SESSIONS + 2])
{
    for (unsigned i = 0; i <= MODEL_SESSIONS; i++) {
        size_t size;
        FILE *to = open_memstream(&sessions[i], &size);

        if (!to) {
            abort();
        }
        if (i < MODEL_SESSIONS) {
            write_session(to, m, i);
        } else {
            fprintf(to,
                    "%" PRId64 " 1 log a final\n%" PRId64
                    " 1 OK opened=%" PRId64,
                    m->time, m->time, m->time);
            for (size_t k = 0; k < m->head; k++) {
                write_entry(to, &m->log[k]);
            }
            fputc('\n', to);
        }
        fclose(to);
    }
    sessions[MODEL_SESSIONS + 1] = NULL;
}
