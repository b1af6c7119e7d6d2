/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All families of cases, in the order in which they run, and the entry points
 * of the subprocesses that cases start.  A new family is declared and listed
 * here.  The test program of the suite (tests/conformance/suite/sample_suite.c)
 * has lists of its own in place of this file.
 */
#include "case.h"

#include "context/subprocess.h"

extern const struct quipu_family quipu_family_uniqueness, quipu_family_repeats,
    quipu_family_tracking, quipu_family_sequencing, quipu_family_guards,
    quipu_family_reading, quipu_family_log_log, quipu_family_log_wait,
    quipu_family_visibility, quipu_family_fidelity, quipu_family_columns,
    quipu_family_texts, quipu_family_names, quipu_family_schemas,
    quipu_family_setup, quipu_family_options, quipu_family_contract,
    quipu_family_forks, quipu_family_races_cancelled, quipu_family_crash_moved,
    quipu_family_transact, quipu_family_races_threads,
    quipu_family_races_readers, quipu_family_races_processes,
    quipu_family_races_history, quipu_family_crash_durability,
    quipu_family_crash_power, quipu_family_crash_calls,
    quipu_family_memory_writes, quipu_family_memory_reads,
    quipu_family_crash_kills, quipu_family_crash_stops,
    quipu_family_log_long_reads, quipu_family_leaks, quipu_family_crash_damage,
    quipu_family_crash_blocks, quipu_family_crash_reads, quipu_family_backup,
    quipu_family_crash_backups, quipu_family_entries_writes,
    quipu_family_entries_contents, quipu_family_entries_checks,
    quipu_family_entries_positions, quipu_family_races_entries,
    quipu_family_crash_entries, quipu_family_log_filters,
    quipu_family_log_find_event;

const struct quipu_family *const quipu_families[] = {
    &quipu_family_uniqueness,
    &quipu_family_repeats,
    &quipu_family_tracking,
    &quipu_family_entries_writes,
    &quipu_family_entries_contents,
    &quipu_family_entries_checks,
    &quipu_family_entries_positions,
    &quipu_family_sequencing,
    &quipu_family_guards,
    &quipu_family_reading,
    &quipu_family_log_filters,
    &quipu_family_log_find_event,
    &quipu_family_log_log,
    &quipu_family_log_wait,
    &quipu_family_visibility,
    &quipu_family_fidelity,
    &quipu_family_columns,
    &quipu_family_texts,
    &quipu_family_names,
    &quipu_family_schemas,
    &quipu_family_setup,
    &quipu_family_options,
    &quipu_family_contract,
    &quipu_family_forks,
    &quipu_family_transact,
    &quipu_family_races_threads,
    &quipu_family_races_readers,
    &quipu_family_races_entries,
    &quipu_family_races_processes,
    &quipu_family_races_history,
    &quipu_family_races_cancelled,
    &quipu_family_crash_durability,
    &quipu_family_crash_power,
    &quipu_family_crash_calls,
    &quipu_family_crash_reads,
    &quipu_family_crash_entries,
    &quipu_family_memory_writes,
    &quipu_family_memory_reads,
    &quipu_family_crash_kills,
    &quipu_family_crash_stops,
    &quipu_family_log_long_reads,
    &quipu_family_leaks,
    &quipu_family_crash_moved,
    &quipu_family_crash_damage,
    &quipu_family_crash_blocks,
    &quipu_family_backup,
    &quipu_family_crash_backups,
    NULL,
};

extern const struct quipu_subprocess_job quipu_subprocess_job_power,
    quipu_subprocess_job_power_cuts, quipu_subprocess_job_calls,
    quipu_subprocess_job_calls_fail, quipu_subprocess_job_kills,
    quipu_subprocess_job_reads, quipu_subprocess_job_backup,
    quipu_subprocess_job_backup_dies, quipu_subprocess_job_entries;

const struct quipu_subprocess_job *const quipu_subprocess_jobs[] = {
    &quipu_subprocess_job_power,   &quipu_subprocess_job_power_cuts,
    &quipu_subprocess_job_calls,   &quipu_subprocess_job_calls_fail,
    &quipu_subprocess_job_kills,   &quipu_subprocess_job_reads,
    &quipu_subprocess_job_backup,  &quipu_subprocess_job_backup_dies,
    &quipu_subprocess_job_entries, NULL,
};
