/* SPDX-License-Identifier: Apache-2.0 */
/* The values of options, whose form the core has checked. */
#ifndef SHARED_DRIVER_OPTION_H
#define SHARED_DRIVER_OPTION_H

#include <stdbool.h>
#include <stdint.h>

/* Of QUIPU_OPTION_BOOL. */
bool quipu_common_option_truth(const char *value);

/* Of QUIPU_OPTION_SIZE and QUIPU_OPTION_COUNT; INT64_MAX for what is larger. */
int64_t quipu_common_option_number(const char *value);

#endif
