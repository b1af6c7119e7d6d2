/* SPDX-License-Identifier: Apache-2.0 */
/* The values of options, by enum quipu_option_type. */
#ifndef QUIPU_CORE_BASE_OPTION_H
#define QUIPU_CORE_BASE_OPTION_H

#include <quipu/driver.h>

/* Each sets *value, or answers INVALID with a message that names the option
 * and what it may be, but does not show the text. */
int quipu_option_bool(const char *name, const char *text, bool *value,
                      quipu_error *error);
int quipu_option_size(const char *name, const char *text, uint64_t *value,
                      quipu_error *error);
int quipu_option_count(const char *name, const char *text, uint64_t *value,
                       quipu_error *error);

/* Whether the text is a value of the option's type; any text is one of a type
 * not known here.  INVALID. */
int quipu_option_check(const quipu_option_info *info, const char *text,
                       quipu_error *error);

#endif
