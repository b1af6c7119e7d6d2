/* SPDX-License-Identifier: Apache-2.0 */
/* Notices operations that a driver does not have yet. */
#include "unwritten.h"

#include "assertion.h"

#include <quipu/drivers.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VARIABLE "QUIPU_CONFORMANCE_UNWRITTEN"

static int report_file = -1;
static bool accepted;

static void end_case(const char *what)
{
    size_t size = strlen(what) + 1;

    if (report_file < 0) {
        quipu_assertion_skip("the driver does not have %s yet", what);
    }
    if (pwrite(report_file, what, size, 0) == (ssize_t)size) {
        kill(0, SIGKILL);
    }
    quipu_assertion_fail(__FILE__, __LINE__,
                         "cannot report that the driver does not have %s yet",
                         what);
}

int quipu_unwritten_create(void)
{
    return memfd_create("unwritten", 0);
}

void quipu_unwritten_destroy(int file)
{
    if (file >= 0) {
        close(file);
    }
}

void quipu_unwritten_accept(int file)
{
    char text[20];

    report_file = file;
    accepted = true;
    snprintf(text, sizeof(text), "%d", file);
    setenv(VARIABLE, text, 1);
    quipu_drivers_accept_unfinished(end_case);
}

void quipu_unwritten_enter(void)
{
    const char *text = getenv(VARIABLE);

    if (text) {
        quipu_unwritten_accept((int)strtol(text, NULL, 10));
    }
}

bool quipu_unwritten_is_accepted(void)
{
    return accepted;
}

bool quipu_unwritten_called(int file, char *name, size_t size)
{
    ssize_t got = file >= 0 ? pread(file, name, size - 1, 0) : 0;

    name[got > 0 ? got : 0] = '\0';
    return got > 0;
}
