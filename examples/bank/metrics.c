/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a page of metrics in a file, as Prometheus reads it: by the textfile
 * collector of its node exporter, or through any web server. */
#include "bank.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int put(void *page, const char *text, size_t size, quipu_error *error)
{
    return fwrite(text, 1, size, page) == size
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_IO, "writing the metrics failed");
}

/* A reader finds the old page or the new one, never a part. */
static void write_page(const char *file)
{
    char name[4096];

    (void)snprintf(name, sizeof(name), "%s.%d", file, (int)getpid());
    FILE *page = fopen(name, "w");

    if (!page) {
        return; /* it is tried again */
    }
    int status = quipu_metrics_write(put, page, NULL);

    if (fclose(page) != 0 || status != QUIPU_OK || rename(name, file) != 0) {
        (void)remove(name);
    }
}

static void *keep_page(void *file)
{
    for (;;) {
        write_page(file);
        (void)sleep(1);
    }
    return NULL;
}

int metrics_keep(char *file, quipu_error *error)
{
    pthread_t thread;

    quipu_metrics_enable(true);
    return pthread_create(&thread, NULL, keep_page, file) == 0 &&
                   pthread_detach(thread) == 0
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_NO_MEMORY,
                                 "starting a thread for the metrics failed");
}
