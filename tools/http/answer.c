/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to HTTP requests: refusals, and failures of the store. */
#include "answer.h"

#include "output/jsonl.h"
#include "output/output.h"

#include <stdatomic.h>
#include <string.h>

/* Code of the last request that read the store, to report a failure once. */
static atomic_int last_code;

void answer_refuse(unsigned status, int code, const char *message,
                   struct answer *answer)
{
    json_t *object = json_object();

    memset(answer, 0, sizeof(*answer));
    answer->status = status;
    jsonl_set(object, "error", jsonl_string(quipu_status_name(code)));
    jsonl_set(object, "message", jsonl_string(message));
    jsonl_add(&answer->body, object);
    text_add(&answer->body, "\n", 1);
}

static bool is_temporary(int code)
{
    return code == QUIPU_BUSY || code == QUIPU_TIMEOUT || code == QUIPU_IO ||
           code == QUIPU_NO_MEMORY;
}

void answer_failure(const quipu_error *error, struct answer *answer)
{
    if (error->code == QUIPU_INVALID || error->code == QUIPU_NOT_FOUND) {
        answer_refuse(404, error->code, error->message, answer);
        return;
    }
    if (atomic_exchange(&last_code, error->code) != error->code) {
        (void)output_error(error);
    }
    if (is_temporary(error->code)) {
        answer_refuse(503, error->code,
                      "the store cannot be read at present; try again", answer);
        answer->repeat = true;
    } else {
        answer_refuse(500, error->code,
                      "the store cannot be read; see the messages of the "
                      "server",
                      answer);
    }
}

void answer_success(void)
{
    atomic_store(&last_code, QUIPU_OK);
}

void answer_finish(struct answer *answer)
{
    text_free(&answer->body);
}
