/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of a database without its write-ahead log (WAL), and databases beside
 * the WAL of another state. */
#include "fixture.h"

#include "drivers/common/processes.h"
#include "shim.h"

#include <sys/stat.h>

#include "sqlite.h"

static const char *const suffixes[] = { "", "-wal", "-shm", "-quipu" };

static const struct opening readonly = { .flags = QUIPU_OPEN_READONLY };
static const struct opening often = { .option = "checkpoint", .value = "8" };

struct place {
    char file[32];
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

static void open_place(struct place *place, const struct opening *how)
{
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_error error = { 0 };

    assert_ok(fixture_try_open(place->file, how, &place->datastore, &error),
              &error);
    place->bound = fixture_bind(place->datastore, &schema);
}

static void begin(struct place *place, const struct opening *how)
{
    (void)snprintf(place->file, sizeof(place->file), "%s", fixture_file());
    open_place(place, how);
}

static void append(struct place *place, int count)
{
    for (int i = 0; i < count; i++) {
        fixture_append(place->datastore, place->bound, (uint32_t)(i % 5) + 1);
    }
}

static void end(struct place *place)
{
    fixture_driver()->unbind(place->datastore, place->bound);
    fixture_close(place->datastore);
}

/* Copies a file in another process: SQLite's locks on a file vanish when this
 * process closes it. A missing one is removed at its destination. */
static void copy(const char *from, const char *to)
{
    struct stat info;

    (void)remove(to);
    if (stat(from, &info) != 0) {
        return;
    }
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)execlp("cp", "cp", from, to, NULL);
        _exit(1);
    }
    expect_success(child);
}

static void copy_part(const char *from, const char *to, const char *suffix)
{
    char source[64];
    char target[64];

    (void)snprintf(source, sizeof(source), "%s%s", from, suffix);
    (void)snprintf(target, sizeof(target), "%s%s", to, suffix);
    copy(source, target);
}

static void remove_all(const char *file)
{
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "%s%s", file, suffixes[i]);
        (void)remove(name);
    }
}

/* Returns the number of items of a sound store; -1: opening it is refused. */
static int64_t count_of(const char *file, const struct opening *how)
{
    struct place place = { .datastore = NULL };
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_error error = { 0 };
    int status = fixture_try_open(file, how, &place.datastore, &error);

    if (status != QUIPU_OK) {
        assert_status(status, QUIPU_CORRUPT);
        assert_non_null(strstr(error.message, "write-ahead log"));
        assert_non_null(strstr(error.message, "quipu restore FILE URI"));
        return -1;
    }
    status = fixture_driver()->bind(place.datastore, &schema, FOREVER,
                                    &place.bound, &error);
    if (status == QUIPU_NOT_FOUND) {
        fixture_close(place.datastore);
        return 0;
    }
    assert_ok(status, &error);
    int64_t count = (int64_t)fixture_count(place.datastore, place.bound);
    assert_int_equal(fixture_head(place.datastore, place.bound), count);
    end(&place);
    assert_int_equal(fixture_ask(file, "SELECT integrity_check = 'ok' "
                                       "FROM pragma_integrity_check"),
                     1);
    return count;
}

/* ------------------------------------------- a copy of the database file */

static void file_is_complete_after_a_reader_closed_last(void **state)
{
    (void)state;
    struct place writer = { 0 };
    struct place reader = { 0 };

    begin(&writer, NULL);
    append(&writer, 10);
    end(&writer);
    open_place(&writer, NULL);
    reader = writer;
    assert_ok(fixture_try_open(reader.file, &readonly, &reader.datastore, NULL),
              NULL);
    quipu_schema schema = fixture_schema("stored_events", 0);
    reader.bound = fixture_bind(reader.datastore, &schema);
    append(&writer, 100);
    assert_int_equal(fixture_count(reader.datastore, reader.bound), 110);
    end(&writer);
    assert_int_equal(fixture_count(reader.datastore, reader.bound), 110);
    end(&reader);
    copy(writer.file, "copy.db");
    assert_int_equal(count_of("copy.db", NULL), 110);
}

/* A copy after each of many appends, between which checkpoints run. */
static void copy_of_an_open_store_is_refused(void **state)
{
    (void)state;
    struct place place = { 0 };

    begin(&place, &often);
    for (int i = 1; i <= 30; i++) {
        append(&place, 1);
        copy(place.file, "alone.db");
        fixture_refuses_untouched("alone.db", NULL, QUIPU_CORRUPT,
                                  "write-ahead log");
        fixture_refuses_untouched("alone.db", &readonly, QUIPU_CORRUPT,
                                  "write-ahead log");
        for (int k = 0; k < 2; k++) {
            copy_part(place.file, "pair.db", suffixes[k]);
        }
        assert_int_equal(count_of("pair.db", NULL), i);
        remove_all("pair.db");
    }
    end(&place);
    copy(place.file, "alone.db");
    assert_int_equal(count_of("alone.db", NULL), 30);
    assert_int_equal(count_of(place.file, NULL), 30);
}

static void refused_copy_can_be_accepted_by_hand(void **state)
{
    (void)state;
    struct place place = { 0 };

    begin(&place, NULL);
    append(&place, 10);
    end(&place);
    open_place(&place, NULL);
    append(&place, 5);
    copy(place.file, "accepted.db");
    assert_int_equal(count_of("accepted.db", NULL), -1);
    fixture_sql("accepted.db", "UPDATE quipu_wal SET complete = 1");
    assert_int_equal(count_of("accepted.db", NULL), 10);
    end(&place);
}

/* Such a reader would leave the commits of the WAL out without a word. */
static void immutable_reader_misses_no_wal(void **state)
{
    (void)state;
    const struct opening immutable = { .flags = QUIPU_OPEN_READONLY,
                                       .option = "immutable",
                                       .value = "yes" };
    struct place place = { 0 };

    begin(&place, NULL);
    append(&place, 3);
    assert_int_equal(count_of(place.file, &immutable), -1);
    end(&place);
    assert_int_equal(count_of(place.file, &immutable), 3);
}

/* As `.backup` of SQLite's shell does: into a new file, or over a database. */
static void back_up(const char *from, const char *to)
{
    sqlite3 *source = NULL;
    sqlite3 *target = NULL;

    assert_int_equal(sqlite3_open(from, &source), SQLITE_OK);
    assert_int_equal(sqlite3_open(to, &target), SQLITE_OK);
    sqlite3_backup *backup =
        sqlite3_backup_init(target, "main", source, "main");
    assert_non_null(backup);
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    assert_int_equal(sqlite3_close(target), SQLITE_OK);
    assert_int_equal(sqlite3_close(source), SQLITE_OK);
}

/* Also while a checkpoint is under way, when the mark says that the database
 * file is incomplete. */
static void backups_by_sqlite_are_complete(void **state)
{
    (void)state;
    struct place place = { 0 };

    begin(&place, &often);
    for (int i = 1; i <= 20; i++) {
        append(&place, 1);
        for (int announced = 0; announced < 2; announced++) {
            if (announced == 1) {
                assert_int_equal(
                    quipu_sqlite_wal_mark_announce(&place.datastore->writer),
                    SQLITE_OK);
            }
            remove_all("backup.db");
            back_up(place.file, "backup.db");
            assert_int_equal(count_of("backup.db", &readonly), i);
            assert_int_equal(count_of("backup.db", NULL), i);
            remove_all("backup.db");
            fixture_sql(place.file, "VACUUM INTO 'vacuumed.db'");
            assert_int_equal(count_of("vacuumed.db", NULL), i);
            remove_all("vacuumed.db");
        }
        assert_int_equal(
            quipu_sqlite_wal_mark_complete(&place.datastore->writer, false),
            SQLITE_OK);
    }
    end(&place);
}

/* Backs a store up while its mark says that the file is incomplete. */
static void back_up_announced(const struct place *place, const char *to)
{
    const struct connection *writer = &place->datastore->writer;

    assert_int_equal(quipu_sqlite_wal_mark_announce(writer), SQLITE_OK);
    back_up(place->file, to);
    assert_int_equal(quipu_sqlite_wal_mark_complete(writer, false), SQLITE_OK);
}

/* sqlite3_backup gives each new file the same schema version: the store, which
 * is such a backup, and the backup of that. */
static void backup_of_a_restored_store_is_complete(void **state)
{
    (void)state;
    struct place place = { 0 };

    begin(&place, NULL);
    append(&place, 3);
    end(&place);
    remove_all("restored.db");
    remove_all("backup.db");
    back_up(place.file, "restored.db");
    (void)snprintf(place.file, sizeof(place.file), "restored.db");
    open_place(&place, NULL);
    append(&place, 4);
    back_up_announced(&place, "backup.db");
    assert_int_equal(count_of("backup.db", &readonly), 7);
    assert_int_equal(count_of("backup.db", NULL), 7);
    end(&place);
}

/* sqlite3_backup counts the schema version of its target up, and each change of
 * the schema counts that of the store up: from the same number, if the target
 * is an earlier copy of the store. */
static void backup_over_an_earlier_copy_is_complete(void **state)
{
    (void)state;
    struct place place = { 0 };

    begin(&place, NULL);
    append(&place, 3);
    end(&place);
    for (int changes = 0; changes < 4; changes++) {
        copy(place.file, "backup.db");
        open_place(&place, NULL);
        append(&place, 1);
        for (int i = 0; i < changes; i++) {
            char sql[64];

            (void)snprintf(sql, sizeof(sql), "CREATE TABLE other%d_%d (x)",
                           changes, i);
            fixture_sql(place.file, sql);
        }
        back_up_announced(&place, "backup.db");
        assert_int_equal(count_of("backup.db", NULL), 4 + changes);
        remove_all("backup.db");
        end(&place);
    }
}

/* ------------------------------------ a database beside another one's WAL */

/* States of stores: copies of a database and its WAL at one instant. */
#define STATES 12
#define STORES 2

struct state {
    int64_t count;
    int store;
};

static const char *state_file(int number)
{
    static char name[32];

    (void)snprintf(name, sizeof(name), "state%d.db", number);
    return name;
}

static void keep_state(struct state *states, int number, const char *file)
{
    states[number].count = -1;
    for (int k = 0; k < 2; k++) {
        copy_part(file, state_file(number), suffixes[k]);
    }
}

struct life {
    struct state *states;
    int number;
    unsigned seed;
    const char *file;
};

/* Appends, keeps a state, appends again, and closes the store or dies. */
static void live(void *context)
{
    struct life *life = context;
    unsigned seed = life->seed;
    struct place place = { 0 };

    (void)snprintf(place.file, sizeof(place.file), "%s", life->file);
    open_place(&place, rand_r(&seed) % 2 == 0 ? &often : NULL);
    append(&place, rand_r(&seed) % 12);
    keep_state(life->states, life->number, life->file);
    life->states[life->number].count =
        (int64_t)fixture_count(place.datastore, place.bound);
    append(&place, rand_r(&seed) % 12);
    if (rand_r(&seed) % 3 != 0) {
        if (rand_r(&seed) % 3 == 0) {
            (void)quipu_sqlite_wal_mark_announce(&place.datastore->writer);
        }
        (void)raise(SIGKILL);
    }
    end(&place);
}

static void make_states(struct state *states, unsigned seed)
{
    char files[STORES][32];

    for (int i = 0; i < STORES; i++) {
        (void)snprintf(files[i], sizeof(files[i]), "%s", fixture_file());
    }
    for (int i = 0; i < STATES; i += 2) {
        int store = i / 2 % STORES;
        struct life life = { states, i, seed + (unsigned)i, files[store] };
        int status = 0;

        pid_t child = start_child(live, &life);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(status == 0 || WTERMSIG(status) == SIGKILL);
        keep_state(states, i + 1, files[store]);
        states[i].store = states[i + 1].store = store;
        /* Opening it for the count recovers it; the next life goes on. */
        states[i + 1].count = count_of(files[store], NULL);
        assert_true(states[i + 1].count >= states[i].count);
    }
}

/* Opens the database of one state beside the WAL of another one. A pair that is
 * not refused must be a sound store, in a state that was acknowledged. */
static void mix(const struct state *states, int database, int wal, int *refused)
{
    copy_part(state_file(database), "mixed.db", suffixes[0]);
    copy_part(state_file(wal), "mixed.db", suffixes[1]);
    int64_t count = count_of("mixed.db", wal % 2 == 0 ? NULL : &readonly);
    if (database == wal) {
        assert_int_equal(count, states[database].count);
    } else if (count < 0) {
        ++*refused;
    } else {
        assert_true(count == states[database].count ||
                    count == states[wal].count);
    }
    remove_all("mixed.db");
}

static void mixtures_are_refused_or_sound(void **state)
{
    (void)state;
    struct state *states = share_memory(STATES * sizeof(*states));
    unsigned seed = (unsigned)getpid();
    int refused = 0;
    int alone = 0;

    print_message("seed %u\n", seed);
    make_states(states, seed);
    for (int i = 0; i < STATES; i++) {
        for (int k = 0; k < STATES; k++) {
            mix(states, i, k, &refused);
        }
        copy_part(state_file(i), "mixed.db", suffixes[0]);
        int64_t count = count_of("mixed.db", NULL);
        assert_true(count == -1 || count == states[i].count);
        alone += count == -1;
        remove_all("mixed.db");
    }
    print_message("%d mixtures and %d copies refused, of %d and %d\n", refused,
                  alone, STATES * (STATES - 1), STATES);
    assert_true(refused > STATES);
}

/* ----------------------------------- processes killed at a checkpoint */

struct killed {
    const char *file;
    enum shim_call call;
    int n;
    _Atomic int64_t acknowledged;
};

/* Appends, with many checkpoints, and is killed at the n-th call, if there are
 * so many. */
static void append_until_killed(void *context)
{
    struct killed *killed = context;
    struct place place = { 0 };

    (void)snprintf(place.file, sizeof(place.file), "%s", killed->file);
    shim_install();
    shim_kill(killed->call, SHIM_ANY, killed->n);
    open_place(&place, &often);
    for (int i = 0; i < 12; i++) {
        append(&place, 1);
        killed->acknowledged++; /* an append has one item */
    }
    end(&place);
}

/* Returns false if the process has ended before its n-th call. */
static bool kill_at(struct killed *killed, enum shim_call call, int n)
{
    int status = 0;

    killed->call = call;
    killed->n = n;
    pid_t child = start_child(append_until_killed, killed);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(status == 0 || WTERMSIG(status) == SIGKILL);
    return status != 0;
}

/* SQLite's shell, or a reader of a read model: it is the first to open the
 * database after a process was killed, and copies and removes the WAL. */
static void recover_by_another_program(const char *file)
{
    char wal[64];

    (void)snprintf(wal, sizeof(wal), "%s-wal", file);
    (void)fixture_ask(file, "SELECT count(*) FROM quipu_store");
    assert_int_equal(access(wal, F_OK), -1);
}

/* At each call of an appending process; half of the times a second process is
 * killed before quipu recovers the store. */
static void another_program_may_recover_a_killed_checkpoint(void **state)
{
    (void)state;
    static const enum shim_call calls[] = { SHIM_WRITE, SHIM_SYNC };
    struct killed *killed = share_memory(sizeof(*killed));
    unsigned seed = (unsigned)getpid();
    char file[32];
    int kills = 0;

    print_message("seed %u\n", seed);
    (void)snprintf(file, sizeof(file), "%s", fixture_file());
    killed->file = file;
    struct place place = { 0 };
    (void)snprintf(place.file, sizeof(place.file), "%s", file);
    open_place(&place, NULL);
    end(&place);
    for (int i = 0; i < 2; i++) {
        for (int n = 1; kill_at(killed, calls[i], n); n++) {
            kills++;
            recover_by_another_program(file);
            if (n % 2 == 0) {
                kills += kill_at(killed, calls[rand_r(&seed) % 2],
                                 (int)(rand_r(&seed) % 40) + 1);
                recover_by_another_program(file);
            }
            assert_true(count_of(file, NULL) >= killed->acknowledged);
        }
    }
    print_message("%d kills, %lld items\n", kills,
                  (long long)killed->acknowledged);
    assert_true(kills > 100);
}

struct beside {
    const char *file;
    atomic_bool is_open, is_killed;
};

/* Appends what is in the WAL alone, and dies. */
static void append_after_the_kill(void *context)
{
    struct beside *beside = context;
    struct place place = { 0 };

    (void)snprintf(place.file, sizeof(place.file), "%s", beside->file);
    open_place(&place, NULL);
    atomic_store(&beside->is_open, true);
    while (!atomic_load(&beside->is_killed)) {
        (void)usleep(1000);
    }
    append(&place, 3);
    (void)raise(SIGKILL);
}

static void die_in_a_checkpoint(void *context)
{
    struct beside *beside = context;
    struct place place = { 0 };

    (void)snprintf(place.file, sizeof(place.file), "%s", beside->file);
    open_place(&place, NULL);
    append(&place, 3);
    sqlite3 *writer = place.datastore->writer.db;
    (void)quipu_sqlite_wal_mark_announce(&place.datastore->writer);
    (void)sqlite3_wal_checkpoint_v2(writer, "main", SQLITE_CHECKPOINT_FULL,
                                    NULL, NULL);
    (void)raise(SIGKILL);
}

static void expect_kill(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The second process appends after the first was killed at a checkpoint. A WAL
 * with these items that is removed by hand is missed. */
static void appends_after_a_killed_checkpoint_are_missed(void **state)
{
    (void)state;
    struct beside *beside = share_memory(sizeof(*beside));
    struct place place = { 0 };
    char wal[64];

    begin(&place, NULL);
    append(&place, 4);
    end(&place);
    beside->file = place.file;
    pid_t second = start_child(append_after_the_kill, beside);
    while (!atomic_load(&beside->is_open)) {
        (void)usleep(1000);
    }
    expect_kill(start_child(die_in_a_checkpoint, beside));
    atomic_store(&beside->is_killed, true);
    expect_kill(second);
    (void)snprintf(wal, sizeof(wal), "%s-wal", place.file);
    assert_int_equal(remove(wal), 0);
    assert_int_equal(count_of(place.file, NULL), -1);
}

/* The way out that the message names. */
static void backup_beside_a_left_wal_is_refused_untouched(void **state)
{
    (void)state;
    struct state *states = share_memory(2 * sizeof(*states));
    struct place place = { 0 };
    size_t before = 0;
    size_t after = 0;

    begin(&place, NULL);
    append(&place, 10);
    end(&place);
    (void)remove("backup.db");
    back_up(place.file, "backup.db");
    struct life life = { states, 0, 0, place.file };
    for (int status = 0; status == 0; life.seed++) {
        pid_t child = start_child(live, &life);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    copy("backup.db", place.file);
    char wal[64];
    (void)snprintf(wal, sizeof(wal), "%s-wal", place.file);
    unsigned char *old = fixture_bytes(wal, &before);
    fixture_refuses_untouched(place.file, NULL, QUIPU_CORRUPT,
                              "do not belong together");
    fixture_refuses_untouched(place.file, &readonly, QUIPU_CORRUPT,
                              "do not belong together");
    unsigned char *now = fixture_bytes(wal, &after);
    assert_bytes(now, after, old, before);
    free(old);
    free(now);
    (void)remove(wal);
    assert_int_equal(count_of(place.file, NULL), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_is_complete_after_a_reader_closed_last),
        cmocka_unit_test(copy_of_an_open_store_is_refused),
        cmocka_unit_test(refused_copy_can_be_accepted_by_hand),
        cmocka_unit_test(immutable_reader_misses_no_wal),
        cmocka_unit_test(backups_by_sqlite_are_complete),
        cmocka_unit_test(backup_of_a_restored_store_is_complete),
        cmocka_unit_test(backup_over_an_earlier_copy_is_complete),
        cmocka_unit_test(backup_beside_a_left_wal_is_refused_untouched),
        cmocka_unit_test(another_program_may_recover_a_killed_checkpoint),
        cmocka_unit_test(appends_after_a_killed_checkpoint_are_missed),
        cmocka_unit_test(mixtures_are_refused_or_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
