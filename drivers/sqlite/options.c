/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options in a URI. */
#include "options.h"

#include "common/text.h"

#include <string.h>

/*
 * Readers do not map the file by default: replaying single sequences gains a
 * tenth, but a scan of the log loses a quarter, each commit undoes the map, and
 * an error of the disk would end the process with SIGBUS.
 */
const quipu_option_info quipu_sqlite_option_table[OPTION_COUNT] = {
    { .name = "adopt",
      .fallback = "no",
      .type = QUIPU_OPTION_BOOL,
      .help = "add quipu's tables to an SQLite database that has others" },
    { .name = "checkpoint",
      .fallback = "1000",
      .type = QUIPU_OPTION_COUNT,
      .help = "pages of the write-ahead log that start a checkpoint" },
    { .name = "immutable",
      .fallback = "no",
      .type = QUIPU_OPTION_BOOL,
      .help = "with readonly: nobody changes the file, read it without locks" },
    { .name = "mmap",
      .fallback = "0",
      .type = QUIPU_OPTION_SIZE,
      .help = "how much of the file readers map into memory, at most" },
};

static void set(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "adopt") == 0) {
        options->adopt = quipu_common_text_to_bool(value);
    } else if (strcmp(name, "checkpoint") == 0) {
        options->checkpoint = quipu_common_text_to_number(value);
    } else if (strcmp(name, "immutable") == 0) {
        options->immutable = quipu_common_text_to_bool(value);
    } else if (strcmp(name, "mmap") == 0) {
        options->mmap = quipu_common_text_to_number(value);
    }
}

void quipu_sqlite_options_read(const quipu_open *how, struct options *options)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        set(options, quipu_sqlite_option_table[i].name,
            quipu_sqlite_option_table[i].fallback);
    }
    for (size_t i = 0; i < how->option_count; i++) {
        set(options, how->options[i].name, how->options[i].value);
    }
}
