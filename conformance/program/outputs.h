/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs: the files to which the reports of a run are written. */
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

/* Opens the files; `format` goes to standard output.  Returns false if one
 * cannot be opened, and standard error says why. */
bool quipu_outputs_open(struct quipu_outputs *outputs, const char *format,
                        const char *const *files);

/* Returns false if something could not be written, and standard error says
 * what. */
bool quipu_outputs_close(struct quipu_outputs *outputs);

/* Pass the events of a run to all reports (struct quipu_report); an event of a
 * URI concerns the last scorecard. */
void quipu_outputs_begin(struct quipu_outputs *outputs,
                         const struct quipu_results *results);
void quipu_outputs_open_card(struct quipu_outputs *outputs,
                             const struct quipu_results *results);
void quipu_outputs_case_end(struct quipu_outputs *outputs,
                            const struct quipu_results *results,
                            const struct quipu_case_result *result);
void quipu_outputs_close_card(struct quipu_outputs *outputs,
                              const struct quipu_results *results);
void quipu_outputs_end(struct quipu_outputs *outputs,
                       const struct quipu_results *results);

#endif
