/* SPDX-License-Identifier: Apache-2.0 */
/* The table of options, and how their values are read. */
#include "options.h"

#include <string.h>

#define READERS_MIN 8
#define READERS_MAX 100000
#define SCHEMAS_MIN 8
#define SCHEMAS_MAX 10000

/* A map costs nothing but addresses, of which a process has 128 TiB; under
 * ThreadSanitizer 1.5 TiB for all maps. */
#if defined(__SANITIZE_THREAD__)
#define MAPSIZE "16g"
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MAPSIZE "16g"
#endif
#endif
#ifndef MAPSIZE
#define MAPSIZE "1t"
#endif

const quipu_option_info quipu_lmdb_options[OPTION_COUNT] = {
    { .name = "immutable",
      .fallback = "no",
      .type = QUIPU_OPTION_BOOL,
      .help = "with readonly: nobody changes the file, read it without locks" },
    { .name = "mapsize",
      .fallback = MAPSIZE,
      .type = QUIPU_OPTION_SIZE,
      .help = "addresses to set aside for the file at first; it may grow on" },
    { .name = "maxreaders",
      .fallback = "1000",
      .type = QUIPU_OPTION_COUNT,
      .help = "calls of all processes that may read at once" },
    { .name = "maxschemas",
      .fallback = "400",
      .type = QUIPU_OPTION_COUNT,
      .help = "schemas of all namespaces that this process can use" },
    { .name = "mdbcursor",
      .fallback = "no",
      .type = QUIPU_OPTION_BOOL,
      .help = "read with LMDB's own cursors, which trust every page" },
};

/* Returns the number, or the limit that it exceeds. */
static unsigned within(int64_t number, unsigned least, unsigned most)
{
    if (number < (int64_t)least) {
        return least;
    }
    return number > (int64_t)most ? most : (unsigned)number;
}

static void set(const quipu_host *host, struct options *options,
                const char *name, const char *value)
{
    if (strcmp(name, "immutable") == 0) {
        options->immutable = host->option_bool(value);
    } else if (strcmp(name, "mapsize") == 0) {
        options->mapsize = (uint64_t)host->option_number(value);
    } else if (strcmp(name, "maxreaders") == 0) {
        options->maxreaders =
            within(host->option_number(value), READERS_MIN, READERS_MAX);
    } else if (strcmp(name, "maxschemas") == 0) {
        options->maxschemas =
            within(host->option_number(value), SCHEMAS_MIN, SCHEMAS_MAX);
    } else if (strcmp(name, "mdbcursor") == 0) {
        options->mdb_cursor = host->option_bool(value);
    }
}

void quipu_lmdb_options_read(const quipu_host *host, const quipu_open *how,
                             struct options *options)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        set(host, options, quipu_lmdb_options[i].name,
            quipu_lmdb_options[i].fallback);
    }
    for (size_t i = 0; i < how->option_count; i++) {
        set(host, options, how->options[i].name, how->options[i].value);
    }
}
