/* SPDX-License-Identifier: Apache-2.0 */
/* LMDB's driver made unsafe, as unsafe.c does with SQLite's. */
#include "mutant.h"

#define STORE "lmdb:///{dir}/x"

static const struct mutant mutants[] = {
    { "R05", "lmdb-on-a-disk-that-lies",
      "disks and virtual machines that acknowledge a flush and drop it",
      "V3.power-cut-at-every-sync", .uri = STORE, .sound_uri = STORE,
      .variable = "QUIPU_FAULT_LIE" },
    { "R06", "lmdb-relaxed-for-full",
      "NATS 2.12.1 (Jepsen): synced now and then by default",
      "V3.power-cut-under-four-processes", .uri = STORE "?durability=relaxed",
      .sound_uri = STORE },
    { "R07", "lmdb-deaf-to-failed-syncs",
      "PostgreSQL before 12: a failed fsync is tried again, and then succeeds",
      "V5.sync-fails", .uri = STORE, .sound_uri = STORE,
      .variable = "QUIPU_FAULT_HIDE" },
};
MUTANT_FAMILY(unsafe_lmdb);
