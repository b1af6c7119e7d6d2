/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options in a URI. */
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static bool truth(const char *value)
{
    static const char *const yes[] = { "1", "true", "yes", "on" };
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (strcasecmp(value, yes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Numbers beyond what SQLite can use are as good as its largest. */
static int64_t number(const char *value)
{
    static const char suffixes[] = "kmgt";
    char *end = NULL;
    unsigned long long n = strtoull(value, &end, 10);
    const char *suffix = *end != 0 ? strchr(suffixes, *end | 0x20) : NULL;
    unsigned shift =
        suffix != NULL ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
    if (n > (unsigned long long)INT64_MAX >> shift) {
        return INT64_MAX;
    }
    return (int64_t)(n << shift);
}

static void set(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "adopt") == 0) {
        options->adopt = truth(value);
    } else if (strcmp(name, "checkpoint") == 0) {
        options->checkpoint = number(value);
    } else if (strcmp(name, "immutable") == 0) {
        options->immutable = truth(value);
    } else if (strcmp(name, "mmap") == 0) {
        options->mmap = number(value);
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
