/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a struct something is wrong, as "lines[3].what". */
#ifndef QUIPU_CORE_EVENT_PATH_H
#define QUIPU_CORE_EVENT_PATH_H

#include <quipu/types.h>

/* One step of a path, on the stack of the function that takes it. */
typedef struct quipu_path {
    const struct quipu_path *up; /* NULL: a member of the outermost struct */
    const char *name;
    size_t index;
    bool indexed;
} quipu_path;

#define QUIPU_PATH_SIZE 400

/* Writes a path as text, cut to what there is room for; returns `text`. */
const char *quipu_path_format(const quipu_path *path,
                              char text[QUIPU_PATH_SIZE]);

#endif
