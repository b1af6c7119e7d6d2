/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of all commands: one table, from which the command line is
 * parsed, the help is printed and the shells complete.
 */
#ifndef QUIPU_TOOLS_OPTIONS_H
#define QUIPU_TOOLS_OPTIONS_H

#include "args.h"

#include <stddef.h>
#include <stdint.h>

/* How the value of an option is read, and the type of its member of args. */
enum option_kind {
    KIND_SEEN,    /* no value and no member: only its bit in args.given */
    KIND_FLAG,    /* no value; bool */
    KIND_TEXT,    /* const char * */
    KIND_TEXTS,   /* const char *[REPETITIONS_MAX], and the size_t behind it */
    KIND_NUMBER,  /* int64_t */
    KIND_NATURAL, /* int64_t that is not negative */
    KIND_SECONDS, /* double, above 0 and up to a day */
    KIND_HELP     /* prints the help and ends the program */
};

struct option_row {
    uint64_t bit;
    const char *name;
    const char *value; /* name of its value in the help, or NULL; "=X": the
                          value is optional; "a|b|c": one of these words */
    const char *help;
    enum option_kind kind;
    size_t member; /* its offset in struct args */
    char letter;   /* its short form, or 0 */
};

extern const struct option_row options[];

extern const size_t option_count; /* at most OPTIONS_MAX */
#define OPTIONS_MAX 64

#endif
