/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes the running program again.
 *
 * /proc/self/exe and /proc/self/cmdline give the program and its arguments, so
 * that this works in programs that link the suite and have a main of their own.
 */
#include "reexec.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "QUIPU_CONFORMANCE_WORKER"
#define SEPARATOR '\x1f' /* ASCII unit separator, between words */
#define MAX_ARGUMENTS 1000

/* Returns the arguments of this process, NULL-terminated, or NULL. */
static char **read_arguments(void)
{
    FILE *file = fopen("/proc/self/cmdline", "re");
    char **arguments = calloc(MAX_ARGUMENTS + 1, sizeof(*arguments));
    size_t room = 0, count = 0;

    while (file && arguments && count < MAX_ARGUMENTS &&
           getdelim(&arguments[count], &room, '\0', file) > 0) {
        room = 0;
        count++;
    }
    if (arguments &&
        arguments[count]) { /* getdelim allocated it at the end of the file */
        free(arguments[count]);
        arguments[count] = NULL;
    }
    if (file) {
        (void)fclose(file);
    }
    return arguments;
}

static char *join(const char *const *words, size_t count)
{
    size_t size = 1;
    char *text, *end;

    for (size_t i = 0; i < count; i++) {
        size += strlen(words[i]) + 1;
    }
    text = end = malloc(size);
    for (size_t i = 0; text && i < count; i++) {
        end = stpcpy(end, words[i]);
        *end++ = i + 1 < count ? SEPARATOR : '\0';
    }
    return text;
}

void quipu_reexec_run(const char *const *words, size_t count)
{
    char **arguments = read_arguments();
    char *text = join(words, count);
    int null_device = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (arguments && text && null_device >= 0) {
        dup2(null_device, STDOUT_FILENO);
        setenv(VARIABLE, text, 1);
        execv("/proc/self/exe", arguments);
    }
    free(text);
    free(arguments);
}

bool quipu_reexec_words(const char *words[static QUIPU_REEXEC_WORDS],
                        size_t *count)
{
    static char *kept;
    const char *text = getenv(VARIABLE);

    *count = 0;
    if (!text || kept || !(kept = strdup(text))) {
        return false;
    }
    unsetenv(VARIABLE);
    for (char *word = kept; word && *count < QUIPU_REEXEC_WORDS; ++*count) {
        char *end = strchr(word, SEPARATOR);

        words[*count] = word;
        word = end ? end + 1 : NULL;
        if (end) {
            *end = '\0';
        }
    }
    return true;
}
