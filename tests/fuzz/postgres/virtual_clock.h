/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monotonic clock that moves when it is read and when somebody waits by it,
 * so that no execution of a fuzz target spends real time waiting, and all of
 * them take the same course.
 *
 * The linker (--wrap) puts it in the place of clock_gettime, clock_nanosleep
 * and ppoll, in the program and its static libraries.  Other clocks are real:
 * libFuzzer measures its own time with them.  One thread uses it.
 */
#ifndef FUZZ_POSTGRES_VIRTUAL_CLOCK_H
#define FUZZ_POSTGRES_VIRTUAL_CLOCK_H

/* Sets the clock to a fixed time. */
void virtual_clock_start(void);

#endif
