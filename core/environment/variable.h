/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment variables of an application.
 *
 * A setting "URI" of the application "BANK" is read from BANK_QUIPU_URI, or if
 * that is not set, from QUIPU_URI.  The table of settings is the one place that
 * knows which exist, what values they take, and how they are explained.
 *
 * In a program that has more rights than its user (AT_SECURE, as secure_getenv
 * of the C library) no variable is set.
 *
 * No function of this file puts a value into a message: it may be a password in
 * the wrong variable.
 *
 * The environment must not change while a function runs.
 */
#ifndef QUIPU_CORE_ENVIRONMENT_VARIABLE_H
#define QUIPU_CORE_ENVIRONMENT_VARIABLE_H

#include <stdbool.h>

#include <quipu/types.h>

enum quipu_setting {
    QUIPU_SETTING_CACHE_BYTES,
    QUIPU_SETTING_CACHE_TRUSTED,
    QUIPU_SETTING_SCHEMES,
    QUIPU_SETTING_SETUP,
    QUIPU_SETTING_SNAPSHOT_EVERY,
    QUIPU_SETTING_URI,
    QUIPU_SETTING_COUNT
};

/* The longest name of an application, and room for that of a variable. */
#define QUIPU_ENVIRONMENT_NAME_MAX 63
#define QUIPU_VARIABLE_SIZE 96

/* A setting of an application, and the variable that it is read from. */
struct quipu_variable {
    char name[QUIPU_VARIABLE_SIZE]; /* <NAME>_QUIPU_X if none is set */
    const char *value;              /* borrowed from the environment, or NULL */
    const char *help;
    bool is_secret; /* the value is a URI, which may contain a password */
};

/* Returns INVALID if a text is no name of an application. */
int quipu_variable_check_name(const char *application, quipu_error *error);

/* Looks a setting up; `application` is a valid name. */
void quipu_variable_find(const char *application, enum quipu_setting setting,
                         struct quipu_variable *variable);

/* Returns INVALID if a variable is set to a value that its setting does not
 * take. */
int quipu_variable_check(enum quipu_setting setting,
                         const struct quipu_variable *variable,
                         quipu_error *error);

/* Returns INVALID if the environment has a variable that begins as those of the
 * application, and is none. */
int quipu_variable_check_unknown(const char *application, quipu_error *error);

#endif
