/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which a run is told. */
#ifndef QUIPU_REPORT_REPORT_H
#define QUIPU_REPORT_REPORT_H

#include "results.h"

#include <stdio.h>

/* What a form does when something has come to pass; members may be NULL. */
struct quipu_report {
    const char *name;
    void (*begin)(FILE *to);
    /* The store of the last sheet is known, or could not be opened. */
    void (*open)(FILE *to, const struct quipu_sheet *sheet);
    /* A case has ended; it is in the last sheet. */
    void (*hear)(FILE *to, const struct quipu_results *results,
                 const struct quipu_entry *entry);
    /* Its last case has. */
    void (*close)(FILE *to, const struct quipu_sheet *sheet);
    /* All is over; the entries are in the order of the suite. */
    void (*end)(FILE *to, const struct quipu_results *results);
};

extern const struct quipu_report quipu_report_tap;
extern const struct quipu_report quipu_report_junit;
extern const struct quipu_report quipu_report_json;
extern const struct quipu_report quipu_report_html;

/* The form of that name, or NULL. */
const struct quipu_report *quipu_report_find(const char *name);

#endif
