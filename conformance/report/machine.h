/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine on which a run takes place, for reports: a guarantee that holds
 * on one file system or kernel need not hold on another.  Names that the system
 * does not tell are empty, or "unknown".
 */
#ifndef QUIPU_REPORT_MACHINE_H
#define QUIPU_REPORT_MACHINE_H

struct quipu_machine {
    char quipu[32];       /* version of the suite: "0.1.0" */
    char kernel[200];     /* as uname: "Linux 6.1.0-18-amd64 x86_64" */
    char libc[64];        /* "glibc 2.36", or "" if it does not say */
    char file_system[64]; /* that of the folders for {dir}: "ext4" */
    char folder[200];     /* their parent: "/tmp" */
};

/* Describes this machine. */
void quipu_machine_describe(struct quipu_machine *machine);

/*
 * Stores the type of the file system that contains `path`, which is absolute
 * and has no symbolic links, from text in the format of /proc/self/mountinfo:
 * that of the longest mount point above it, of several the last one, which
 * covers the others.  "unknown" if there is none.
 */
void quipu_machine_file_system(const char *mounts, const char *path,
                               char type[static 64]);

#endif
