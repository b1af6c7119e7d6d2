/* SPDX-License-Identifier: Apache-2.0 */
#include "mapper/cast.h"

#include <stdio.h>

#include "base/error.h"
#include "base/status.h"
#include "mapper/rewrite_tree.h"

/* Room for a reason, without the item. */
#define WHY_SIZE 800

static int refuse_newer(const quipu_decoder *decoder,
                        const quipu_event_traits *traits, uint32_t version)
{
    char why[WHY_SIZE];

    (void)snprintf(why, sizeof(why),
                   "it is of version %lu, and its event type in this program "
                   "is of version %lu; read it with a program that knows "
                   "version %lu",
                   (unsigned long)version, (unsigned long)traits->version,
                   (unsigned long)version);
    return quipu_decoder_refuse_item(decoder, QUIPU_UNSUPPORTED, why);
}

/* Reports a failure of the cast from that version. */
static int explain(const quipu_decoder *decoder, uint32_t version, int status,
                   const quipu_error *cause)
{
    char why[WHY_SIZE];

    if (status == QUIPU_NO_MEMORY) {
        return quipu_error_no_memory(decoder->error);
    }
    (void)snprintf(why, sizeof(why), "the cast from version %lu: %.700s",
                   (unsigned long)version,
                   quipu_status_explained(cause) ? cause->message
                                                 : "it has set no error");
    return quipu_decoder_refuse_item(
        decoder,
        status == QUIPU_UNSUPPORTED ? QUIPU_UNSUPPORTED : QUIPU_CORRUPT, why);
}

static int run_one(struct quipu_rewrite_tree *tree,
                   const quipu_decoder *decoder,
                   const quipu_event_traits *traits, uint32_t version)
{
    quipu_error cause;

    quipu_status_begin(&cause);
    int status = quipu_traits_cast(traits, version)(&tree->root, &cause);

    if (status != QUIPU_OK) {
        return explain(decoder, version, status, &cause);
    }
    return tree->failure.code == QUIPU_OK
               ? QUIPU_OK
               : explain(decoder, version, tree->failure.code, &tree->failure);
}

static int run_all(struct quipu_rewrite_tree *tree, quipu_decoder *decoder,
                   const quipu_event_traits *traits, uint32_t version)
{
    const quipu_bytes members = {
        decoder->reader.at, (size_t)(decoder->reader.end - decoder->reader.at)
    };
    quipu_bytes result = { 0 };
    int status = quipu_rewrite_tree_begin(tree, decoder->arena, members);

    if (status != QUIPU_OK) {
        return explain(decoder, version, status, &tree->failure);
    }
    for (; version < traits->version && status == QUIPU_OK; version++) {
        status = run_one(tree, decoder, traits, version);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_rewrite_tree_encode(tree, &result);
    if (status != QUIPU_OK) {
        return explain(decoder, version - 1, status, &tree->failure);
    }
    decoder->reader = quipu_reader_of(result);
    return QUIPU_OK;
}

int quipu_cast_run(quipu_decoder *decoder, const quipu_event_traits *traits,
                   uint32_t version)
{
    struct quipu_rewrite_tree tree;
    int status;

    if (version == traits->version) {
        return QUIPU_OK;
    }
    if (version > traits->version) {
        return refuse_newer(decoder, traits, version);
    }
    status = run_all(&tree, decoder, traits, version);
    quipu_rewrite_tree_end(&tree);
    return status;
}
