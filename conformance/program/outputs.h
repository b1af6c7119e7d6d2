/* SPDX-License-Identifier: Apache-2.0 */
/* Where the reports of a run go. */
#ifndef QUIPU_OUTPUTS_H
#define QUIPU_OUTPUTS_H

#include "report/report.h"

#define QUIPU_OUTPUTS 16

struct quipu_outputs {
    struct {
        const struct quipu_report *report;
        const char *name; /* of the file, or NULL: standard output */
        FILE *file;
    } at[QUIPU_OUTPUTS];
    size_t count;
};

/* Opens the files; false: one cannot be, and standard error says why. */
bool quipu_outputs_open(struct quipu_outputs *outputs, const char *format,
                        const char *const *files);
/* False: something could not be written, and standard error says what. */
bool quipu_outputs_close(struct quipu_outputs *outputs);

/* Tells all of them, as struct quipu_report says; of the last sheet. */
void quipu_outputs_begin(struct quipu_outputs *outputs);
void quipu_outputs_open_sheet(struct quipu_outputs *outputs,
                              const struct quipu_results *results);
void quipu_outputs_hear(struct quipu_outputs *outputs,
                        const struct quipu_results *results,
                        const struct quipu_entry *entry);
void quipu_outputs_close_sheet(struct quipu_outputs *outputs,
                               const struct quipu_results *results);
void quipu_outputs_end(struct quipu_outputs *outputs,
                       const struct quipu_results *results);

#endif
