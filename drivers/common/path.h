/* SPDX-License-Identifier: Apache-2.0 */
/* The percent-encoding of URIs. */
#ifndef SHARED_DRIVER_PATH_H
#define SHARED_DRIVER_PATH_H

#include <stdbool.h>

/* Decodes in place; false for a '%' without two digits, or %00. */
bool quipu_common_path_decode(char *text);

#endif
