/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmarks run in a child process.  Whether a signal ends it, or an error
 * in the middle of several threads, the parent remains and removes the stores.
 *
 * Only if the parent itself is killed, nothing removes them; the next run does
 * (workspace.h).
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

/*
 * Blocks SIGINT, SIGTERM and SIGHUP until bench_child_run handles them.  Call
 * it before anything is made that has to be removed: a signal that arrives in
 * between would leave it behind.
 */
void bench_child_block_signals(void);

/*
 * Runs `work` in a child process, waits for it, and calls `clean_up` in this
 * process.  SIGINT, SIGTERM or SIGHUP kills the child; after the cleanup this
 * process ends by the same signal, as its parent expects.  If this process is
 * killed, the kernel kills the child.
 *
 * Returns the exit status of the child, EXIT_FAILURE if a signal ended it.
 */
int bench_child_run(void (*work)(void *context), void *context,
                    void (*clean_up)(void *context));

#endif
