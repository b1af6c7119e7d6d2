/* SPDX-License-Identifier: Apache-2.0 */
/* Where a case's store is: its URI, and the folder that it may have. */
#ifndef QUIPU_PLACE_H
#define QUIPU_PLACE_H

#include <stdbool.h>

/* A URI with {dir} replaced by a new folder, and {name} by a new name. */
struct quipu_place {
    char *uri;
    char *directory; /* NULL if the URI has no {dir} */
    int lock;        /* of the folder: see folder.h */
};

bool quipu_place_make(struct quipu_place *place, const char *uri);
/* Removes the folder with all that is in it. */
void quipu_place_remove(struct quipu_place *place);
/* Removes the folders of runs that were killed. */
void quipu_place_sweep(void);

#endif
