/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options of a URI.
 *
 * Readers do not map the file by default. Measured: a map makes the replay of a
 * single sequence a tenth faster, but a scan of the log a quarter slower; each
 * commit invalidates it; and an I/O error on a mapped page raises SIGBUS. */
#include "sqlite.h"

#include <string.h>

const quipu_option_info quipu_sqlite_options_table[OPTION_COUNT] = {
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
      .help =
          "with readonly: no process changes the file; read it without locks" },
    { .name = "mmap",
      .fallback = "0",
      .type = QUIPU_OPTION_SIZE,
      .help = "bytes of the file that a reader maps into memory, at most" },
    { .name = "readers",
      .fallback = "16",
      .type = QUIPU_OPTION_COUNT,
      .help = "connections that read at the same time, 1 to 1000" },
    { .name = "trusted",
      .fallback = "no",
      .type = QUIPU_OPTION_BOOL,
      .help = "triggers and views of the file may call any SQL function" },
};

static void set(const quipu_host *host, struct options *options,
                const char *name, const char *value)
{
    if (strcmp(name, "adopt") == 0) {
        options->adopt = host->option_bool(value);
    } else if (strcmp(name, "checkpoint") == 0) {
        options->checkpoint = host->option_number(value);
    } else if (strcmp(name, "immutable") == 0) {
        options->immutable = host->option_bool(value);
    } else if (strcmp(name, "mmap") == 0) {
        options->mmap = host->option_number(value);
    } else if (strcmp(name, "readers") == 0) {
        options->readers = host->option_number(value);
    } else if (strcmp(name, "trusted") == 0) {
        options->trusted = host->option_bool(value);
    }
}

void quipu_sqlite_options_read(const quipu_host *host, const quipu_open *how,
                               struct options *options)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        set(host, options, quipu_sqlite_options_table[i].name,
            quipu_sqlite_options_table[i].fallback);
    }
    for (size_t i = 0; i < how->option_count; i++) {
        set(host, options, how->options[i].name, how->options[i].value);
    }
    options->readers = options->readers < 1             ? 1
                       : options->readers > READERS_MAX ? READERS_MAX
                                                        : options->readers;
}
