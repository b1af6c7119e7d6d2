/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses the values of options in URIs and settings, by their type (enum
 * quipu_option_type of <quipu/driver.h>).
 *
 * Each function sets *value, or returns INVALID with a message that names the
 * option and the accepted values.  No message shows the rejected text: the
 * value may be a password that the user gave under the wrong name.  Any thread.
 */
#ifndef QUIPU_CORE_BASE_OPTION_H
#define QUIPU_CORE_BASE_OPTION_H

#include <quipu/driver.h>

/* "1", "true", "yes", "on" or "0", "false", "no", "off"; lower case only. */
int quipu_option_bool(const char *name, const char *text, bool *value,
                      quipu_error *error);

/* A number of bytes below 2^64: decimal digits, then nothing or one of "k",
 * "m", "g", "t" for a factor of 2^10, 2^20, 2^30, 2^40. */
int quipu_option_size(const char *name, const char *text, uint64_t *value,
                      quipu_error *error);

/* A number from 0 to 2^64 - 1 in decimal digits. */
int quipu_option_count(const char *name, const char *text, uint64_t *value,
                       quipu_error *error);

/* Checks that `text` is a value of the type of the option `info`.  A type that
 * this version does not know accepts any text, since the driver parses the
 * value again. */
int quipu_option_check(const quipu_option_info *info, const char *text,
                       quipu_error *error);

#endif
