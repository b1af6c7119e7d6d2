/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No mutants of the reference but a real driver made unsafe: by its own
 * settings, or by a disk that says that it has synced and has not.
 */
#include "mutant.h"

#define STORE "sqlite:///{dir}/x.db"

static const struct mutant mutants[] = {
    { "R01", "sqlite-on-a-disk-that-lies",
      "disks and virtual machines that acknowledge a flush and drop it",
      "V3.power-cut-at-every-sync", .uri = STORE, .sound_uri = STORE,
      .variable = "QUIPU_FAULT_LIE" },
    { "R02", "sqlite-relaxed-for-full",
      "NATS 2.12.1 (Jepsen): synced now and then by default",
      "V3.power-cut-at-every-sync", .uri = STORE "?durability=relaxed",
      .sound_uri = STORE },
    { "R03", "sqlite-deaf-to-failed-syncs",
      "PostgreSQL before 12: a failed fsync is tried again, and then succeeds",
      "V5.sync-fails-unheeded", .uri = STORE, .sound_uri = STORE,
      .variable = "QUIPU_FAULT_HIDE" },
    { "R04", "sqlite-deaf-to-failed-writes",
      "writes whose result nobody looks at: many a journal of one's own",
      "V5.write-fails", .uri = STORE, .sound_uri = STORE,
      .variable = "QUIPU_FAULT_HIDE" },
};
MUTANT_FAMILY(unsafe);
