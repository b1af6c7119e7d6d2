/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URI of a case's own store: the user's URI with {dir} replaced by a new
 * folder, and {name} by a new name.  Without these marks all cases share one
 * store.
 *
 * The path of the folder is percent-encoded in the URI.  Names have the form
 * "conformance_" and twelve hexadecimal digits.  They do not depend on the
 * seed, because the database of a server outlives a run.
 */
#ifndef QUIPU_STORE_URI_H
#define QUIPU_STORE_URI_H

#include <stdbool.h>

struct quipu_store_uri {
    char *uri;
    char *directory; /* NULL if the URI has no {dir} */
    int lock;        /* of the folder: see folder.h */
};

/* Replaces the marks in `uri` and creates the folder.  Returns false, and
 * leaves nothing behind, if the folder or memory cannot be had. */
bool quipu_store_uri_create(struct quipu_store_uri *store, const char *uri);
/* Removes the folder with all its content, and frees the strings. */
void quipu_store_uri_destroy(struct quipu_store_uri *store);
/* Removes the folders that killed runs have left behind. */
void quipu_store_uri_sweep(void);

#endif
