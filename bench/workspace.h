/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a run makes its stores: a folder of its own, and schemas of its own on
 * a server.  Both have names that identify the run.  The run holds a lock on a
 * file in the folder and an advisory lock on the server until it ends; a later
 * run removes the folders and schemas whose locks are free, since the run that
 * made them was killed.
 */
#ifndef BENCH_WORKSPACE_H
#define BENCH_WORKSPACE_H

struct bench_workspace {
    char folder[512];
    const char *server; /* a libpq URI, or NULL */
    char run[9];        /* identifies the run's schemas on the server */
    int lock;           /* descriptor of the locked file in the folder */
    void *server_lock;  /* connection that holds the advisory lock, or NULL */
};

/* Removes what killed runs have left, and makes a workspace in the folder
 * `parent` and, unless it is NULL, on the server. */
void bench_workspace_make(struct bench_workspace *workspace, const char *parent,
                          const char *server);

/* Removes all stores of the run and its workspace. */
void bench_workspace_remove(struct bench_workspace *workspace);

/* Returns the free bytes of the folder's file system. */
double bench_workspace_free_bytes(const struct bench_workspace *workspace);

#endif
