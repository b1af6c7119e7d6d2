/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumers that a command lists or changes, and the stores in which they
 * and their logs are.
 */
#ifndef QUIPU_TOOLS_CONSUMERS_LISTING_H
#define QUIPU_TOOLS_CONSUMERS_LISTING_H

#include "args.h"
#include "output/memory.h"

#include <quipu/quipu.h>

struct listing {
    const struct args *args;
    quipu_datastore *tracking; /* that of the URI: records, parked events */
    quipu_datastore *logs;     /* that of --logs, or the same one */
    quipu_consumer *items;     /* point into `copies` */
    size_t count;
    struct arena copies;
};

/* Opens the stores.  Returns DONE, or the outcome to exit with after a message;
 * then nothing is open. */
enum outcome consumers_listing_open(struct listing *listing,
                                    const struct args *args, bool writable);

/* Closes the stores and frees the consumers. */
void consumers_listing_close(struct listing *listing);

/* Reads the consumers; if --schema was given, those of these logs.  May be
 * called again, which frees those read before. */
int consumers_listing_read(struct listing *listing, quipu_error *error);

/* Sets *consumer to the one of a name.  NOT_FOUND: there is none, and the
 * message names the others; INVALID: it reads several logs. */
int consumers_listing_find(const struct listing *listing, const char *name,
                           const quipu_consumer **consumer, quipu_error *error);

#endif
