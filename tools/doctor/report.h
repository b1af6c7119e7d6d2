/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The findings of quipu doctor.
 *
 * Each check reports one finding or more: a subject, how it is, and a sentence
 * that names the thing and, unless it is well, the way out.  Nothing is
 * changed.
 */
#ifndef QUIPU_TOOLS_REPORT_H
#define QUIPU_TOOLS_REPORT_H

#include <quipu/quipu.h>

#include <stdbool.h>

struct report {
    bool json;
    bool fault; /* one was added */
};

enum report_state {
    REPORT_GOOD,
    REPORT_NOTE,    /* to be known, not wrong */
    REPORT_WARNING, /* may become a fault */
    REPORT_FAULT    /* does not work */
};

/* Prints a finding. */
void report_add(struct report *report, enum report_state state,
                const char *subject, const char *format, ...)
    QUIPU_PRINTF(4, 5);

/*
 * Checks the files of a store whose path is known: a database of SQLite or an
 * environment of LMDB (files.c).  Permissions, files beside it, file system,
 * free space, and the processes that have it open.
 */
void files_check(struct report *report, const char *path, bool is_lmdb);

#endif
