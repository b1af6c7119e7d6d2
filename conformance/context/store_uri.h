/* SPDX-License-Identifier: Apache-2.0 */
/* Where a case's store is: its URI, and the folder that it may have. */
#ifndef QUIPU_STORE_URI_H
#define QUIPU_STORE_URI_H

#include <stdbool.h>

/* A URI with {dir} replaced by a new folder, and {name} by a new name. */
struct quipu_store_uri {
    char *uri;
    char *directory; /* NULL if the URI has no {dir} */
    int lock;        /* of the folder: see folder.h */
};

bool quipu_store_uri_create(struct quipu_store_uri *place, const char *uri);
/* Removes the folder with all that is in it. */
void quipu_store_uri_destroy(struct quipu_store_uri *place);
/* Removes the folders of runs that were killed. */
void quipu_store_uri_sweep(void);

#endif
