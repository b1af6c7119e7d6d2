/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real drivers that are made unsafe, in place of a wrapped one: by their own
 * settings, or by quipu-faults.so, which drops syncs or hides that they failed.
 * Each must fail on its unsafe URI, or with its environment variable, and pass
 * without.
 */
#include "mutant.h"

#define SQLITE "sqlite:///{dir}/x.db"
#define LMDB "lmdb:///{dir}/x"

static const struct mutant sqlite[] = {
    { "R01", "sqlite-on-a-disk-that-drops-flushes",
      "disks and virtual machines that acknowledge a flush and drop it",
      "V3.power-cut-at-every-sync", .uri = SQLITE, .sound_uri = SQLITE,
      .variable = "QUIPU_FAULT_LIE" },
    { "R02", "sqlite-relaxed-instead-of-full",
      "NATS 2.12.1 (Jepsen): synced every two minutes by default",
      "V3.power-cut-at-every-sync", .uri = SQLITE "?durability=relaxed",
      .sound_uri = SQLITE },
    { "R03", "sqlite-ignores-failed-syncs",
      "PostgreSQL before 12: a failed fsync is repeated, and succeeds",
      "V5.sync-fails-and-store-stays-open", .uri = SQLITE, .sound_uri = SQLITE,
      .variable = "QUIPU_FAULT_HIDE" },
    { "R04", "sqlite-ignores-failed-writes",
      "journals whose writes are not checked for errors", "V5.write-fails",
      .uri = SQLITE, .sound_uri = SQLITE, .variable = "QUIPU_FAULT_HIDE" },
};

const struct mutant_family mutant_family_unsafe_sqlite = {
    sqlite, sizeof(sqlite) / sizeof(*sqlite)
};

static const struct mutant lmdb[] = {
    { "R05", "lmdb-on-a-disk-that-drops-flushes",
      "disks and virtual machines that acknowledge a flush and drop it",
      "V3.power-cut-at-every-sync", .uri = LMDB, .sound_uri = LMDB,
      .variable = "QUIPU_FAULT_LIE" },
    { "R06", "lmdb-relaxed-instead-of-full",
      "NATS 2.12.1 (Jepsen): synced every two minutes by default",
      "V3.power-cut-with-four-processes", .uri = LMDB "?durability=relaxed",
      .sound_uri = LMDB },
    { "R07", "lmdb-ignores-failed-syncs",
      "PostgreSQL before 12: a failed fsync is repeated, and succeeds",
      "V5.sync-fails", .uri = LMDB, .sound_uri = LMDB,
      .variable = "QUIPU_FAULT_HIDE" },
};

const struct mutant_family mutant_family_unsafe_lmdb = {
    lmdb, sizeof(lmdb) / sizeof(*lmdb)
};
