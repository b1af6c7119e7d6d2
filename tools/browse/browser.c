/* SPDX-License-Identifier: Apache-2.0 */
/* The answers to the requests of the page, and the refusal of others. */
#include "browser.h"

#include "browse/items.h"
#include "browse/page.h"
#include "consumers/description.h"
#include "info.h"
#include "output/jsonl.h"

#include <stdlib.h>
#include <string.h>

#define CONSUMERS_MAX 1000

/* ---------------------------------------------------------------- answers */

int browser_store(struct browser *browser, const struct request *request,
                  struct text *body, quipu_error *error)
{
    json_t *object = NULL;
    int status = info_json(browser->store, &object, error);

    (void)request;
    if (status == QUIPU_OK) {
        jsonl_set(object, "keys", json_boolean(browser->has_keys));
        items_add_value(body, object);
    }
    return status;
}

int browser_consumers(struct browser *browser, const struct request *request,
                      struct text *body, quipu_error *error)
{
    const quipu_consumer *consumer = NULL;
    quipu_consumers *consumers = NULL;
    struct items items;
    bool fits = true;
    int status = quipu_consumers_open(browser->store->datastore, NULL,
                                      &consumers, error);

    (void)request;
    items_begin(&items, body);
    if (status == QUIPU_OK) {
        status = quipu_consumers_next(consumers, &consumer, error);
    }
    while (status == QUIPU_OK && consumer && fits) {
        fits = items_add(&items, CONSUMERS_MAX,
                         consumers_description_json(consumer));
        status = quipu_consumers_next(consumers, &consumer, error);
    }
    quipu_consumers_close(consumers);
    items_end(&items, json_pack("{s:b}", "more", !fits));
    return status;
}

/* --------------------------------------------------------------- requests */

static const struct {
    const char *path;
    int (*answer)(struct browser *browser, const struct request *request,
                  struct text *body, quipu_error *error);
} answers[] = {
    { "/api/store", browser_store },
    { "/api/sequences", sequences_list },
    { "/api/sequence", events_sequence },
    { "/api/log", events_log },
    { "/api/item", events_item },
    { "/api/consumers", browser_consumers },
};

#define ANSWER_COUNT (sizeof(answers) / sizeof(*answers))

/* Returns true for a request that a page of another site makes in a browser.
 * It could not read the answer; but it need not keep the store busy either. */
static bool is_foreign(const struct request *request)
{
    const char *site = request_header(request, "Sec-Fetch-Site");

    return site && strcmp(site, "same-origin") != 0 &&
           strcmp(site, "none") != 0;
}

static void refuse(const quipu_error *error, struct answer *answer)
{
    if (error->code == QUIPU_INVALID) {
        answer_refuse(400, error->code, error->message, answer);
    } else if (error->code == QUIPU_UNSUPPORTED) {
        answer_refuse(501, error->code, error->message, answer);
    } else {
        answer_failure(error, answer);
    }
}

static void answer_api(struct browser *browser, size_t number,
                       const struct request *request, struct answer *answer)
{
    struct text body = { 0 };
    quipu_error error;

    if (is_foreign(request)) {
        answer_refuse(403, QUIPU_DENIED,
                      "the request comes from a page of another site", answer);
        return;
    }
    if (answers[number].answer(browser, request, &body, &error) != QUIPU_OK) {
        text_free(&body);
        refuse(&error, answer);
        return;
    }
    answer_success();
    *answer = (struct answer){ .status = 200, .body = body };
}

void browser_answer(void *context, const struct request *request,
                    struct answer *answer)
{
    const struct page_file *file = page_find(request->path);

    if (file) {
        *answer = (struct answer){ .status = 200, .type = file->type };
        text_add(&answer->body, file->data, *file->size);
        return;
    }
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        if (strcmp(request->path, answers[i].path) == 0) {
            answer_api(context, i, request, answer);
            return;
        }
    }
    answer_refuse(404, QUIPU_NOT_FOUND,
                  "there is no such resource; the page is /", answer);
}

void browser_hurry(void *context)
{
    struct browser *browser = context;

    atomic_store(&browser->ending, true);
}
