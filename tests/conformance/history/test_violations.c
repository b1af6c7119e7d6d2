/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of violation.  Times are nanoseconds; a wait may be late by one
 * second. */
#include "quipu_test.h"

#include "history_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two appends of one item each, one after the other, and the final read. */
#define FIRST "10 1 append a h@0/1.1.0/aa\n20 1 OK ids=1 at=0\n"
#define SECOND "30 2 append a h@1/1.2.0/bb\n40 2 OK ids=2 at=1\n"
#define BOTH "1/h@0/1.1.0/aa 2/h@1/1.2.0/bb\n"
#define FINAL(entries) ("9000 1 log a final\n9001 1 OK opened=9000 " entries)

static void lost_append(void **state)
{
    (void)state;
    assert_violates(QUIPU_LOST_APPEND, "acknowledged with id 2", FIRST SECOND,
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(QUIPU_LOST_APPEND, "acknowledged with id 1", FIRST,
                    FINAL("\n"));
}

static void failed_append_visible(void **state)
{
    (void)state;
    assert_violates(QUIPU_FAILED_VISIBLE, "an append that failed is in the log",
                    FIRST "30 2 append a h@1/1.2.0/bb\n40 2 BUSY\n",
                    FINAL(BOTH));
    assert_violates(QUIPU_FAILED_VISIBLE, "no session of this history", FIRST,
                    FINAL("1/h@0/1.1.0/aa 2/h@1/?beef/bb\n"));
    assert_violates(QUIPU_FAILED_VISIBLE, "no session of this history", FIRST,
                    FINAL("1/h@0/1.1.0/aa 2/h@1/1.2.0/bb\n"));
}

static void vanished(void **state)
{
    (void)state;
    assert_violates(QUIPU_VANISHED, "id 2 was read",
                    FIRST "30 2 append a h@1/1.2.0/bb\n40 2 UNKNOWN_OUTCOME\n",
                    FINAL("1/h@0/1.1.0/aa\n"),
                    "50 1 log a\n60 1 OK opened=55 " BOTH);
    assert_violates(QUIPU_VANISHED, "has another item there",
                    "10 1 append a h@+/1.1.0/aa\n20 1 UNKNOWN_OUTCOME\n",
                    "30 1 append a h@+/2.1.0/bb\n60 1 OK ids=1 at=0\n",
                    FINAL("1/h@0/2.1.0/bb\n"),
                    "25 1 log a\n28 1 OK opened=26 1/h@0/1.1.0/aa\n");
    assert_violates(QUIPU_VANISHED, "the last position of h was read as 1",
                    FIRST, FINAL("1/h@0/1.1.0/aa\n"),
                    "50 1 last a h\n60 1 OK last=1\n");
    assert_violates(QUIPU_VANISHED, "the head of the log was read as 2", FIRST,
                    FINAL("1/h@0/1.1.0/aa\n"), "50 1 head a\n60 1 OK head=2\n");
}

#define PAIR                                                     \
    "10 1 append a h@0/1.1.0/aa g@0/1.1.1/bb\n20 1 OK ids=1 at=" \
    "0,0\n"
#define PAIR_FINAL FINAL("1/h@0/1.1.0/aa 2/g@0/1.1.1/bb\n")

static void torn_append(void **state)
{
    (void)state;
    assert_violates(QUIPU_TORN_APPEND,
                    "item 1 of the 2 items of one append is not at id 2",
                    "10 1 append a h@0/1.1.0/aa g@0/1.1.1/bb\n"
                    "20 1 UNKNOWN_OUTCOME\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(
        QUIPU_TORN_APPEND, "item 0 of the 2 items of one append is not at id 1",
        "10 1 append a h@0/1.1.0/aa g@0/1.1.1/bb\n", FINAL("1/g@0/1.1.1/bb\n"));
    /* Half of an append is visible, in one read and in two reads. */
    assert_violates(QUIPU_TORN_APPEND, "between ids 1 and 2", PAIR, PAIR_FINAL,
                    "12 1 log a\n14 1 OK opened=13 1/h@0/1.1.0/aa\n");
    assert_violates(QUIPU_TORN_APPEND, "", PAIR, PAIR_FINAL,
                    "12 1 read a h\n14 1 OK opened=13 1/h@0/1.1.0/aa\n"
                    "15 2 last a g\n16 2 NOT_FOUND\n");
    assert_violates(QUIPU_TORN_APPEND, "", PAIR, PAIR_FINAL,
                    "12 1 head a\n14 1 OK head=1\n");
}

static void append_torn_by_another(void **state)
{
    (void)state;
    assert_violates(QUIPU_TORN_APPEND,
                    "item 1 of the 2 items of one append is not at id 2",
                    "10 1 append a h@0/1.1.0/aa h@+/1.1.1/bb\n"
                    "20 1 UNKNOWN_OUTCOME\n",
                    "10 1 append a g@0/2.1.0/cc\n20 1 OK ids=2 at=0\n",
                    FINAL("1/h@0/1.1.0/aa 2/g@0/2.1.0/cc 3/h@1/1.1.1/bb\n"));
}

static void duplicate(void **state)
{
    (void)state;
    assert_violates(QUIPU_DUPLICATE, "twice, with the ids 1 and 2",
                    "10 1 append a h@+/1.1.0/aa\n20 1 OK ids=1 at=0\n",
                    FINAL("1/h@0/1.1.0/aa 2/h@1/1.1.0/aa\n"));
    assert_violates(QUIPU_DUPLICATE, "which an earlier item has",
                    FIRST "30 2 append a h@0/1.2.0/bb\n40 2 OK ids=2 at=0\n",
                    FINAL("1/h@0/1.1.0/aa 2/h@0/1.2.0/bb\n"));
    assert_violates(QUIPU_DUPLICATE, "where 2 was expected", FIRST SECOND,
                    FINAL(BOTH),
                    "50 1 log a\n"
                    "60 1 OK opened=55 1/h@0/1.1.0/aa 1/h@0/1.1.0/aa\n");
}

static void gap(void **state)
{
    (void)state;
    assert_violates(QUIPU_GAP, "no item has the ids 2 to 3",
                    FIRST "30 2 append a h@1/1.2.0/bb\n40 2 OK ids=4 at=1\n",
                    FINAL("1/h@0/1.1.0/aa 4/h@1/1.2.0/bb\n"));
    assert_violates(QUIPU_GAP, "no item has position 1",
                    FIRST "30 2 append a h@+/1.2.0/bb\n40 2 OK ids=2 at=2\n",
                    FINAL("1/h@0/1.1.0/aa 2/h@2/1.2.0/bb\n"));
    assert_violates(QUIPU_GAP, "returned position 1 but not 0", FIRST SECOND,
                    FINAL(BOTH),
                    "50 1 read a h\n60 1 OK opened=55 2/h@1/1.2.0/bb\n");
    assert_violates(QUIPU_GAP, "returned position 1 but not 0", FIRST SECOND,
                    FINAL(BOTH),
                    "50 1 read a h desc\n60 1 OK opened=55 2/h@1/1.2.0/bb\n");
}

static void late_arrival(void **state)
{
    (void)state;
    assert_violates(QUIPU_LATE_ARRIVAL, "returned id 2 but not 1",
                    "10 1 append a h@0/1.1.0/aa\n90 1 OK ids=1 at=0\n",
                    "11 1 append a g@0/2.1.0/bb\n80 1 OK ids=2 at=0\n",
                    FINAL("1/h@0/1.1.0/aa 2/g@0/2.1.0/bb\n"),
                    "20 1 log a from=1\n30 1 OK opened=25 2/g@0/2.1.0/bb\n");
    assert_violates(QUIPU_LATE_ARRIVAL, "returned id 2 but not 1",
                    "10 1 append a h@0/1.1.0/aa\n90 1 OK ids=1 at=0\n",
                    "11 1 append a g@0/2.1.0/bb\n80 1 OK ids=2 at=0\n",
                    FINAL("1/h@0/1.1.0/aa 2/g@0/2.1.0/bb\n"),
                    "20 1 log a desc\n30 1 OK opened=25 2/g@0/2.1.0/bb\n");
}

static void reordered(void **state)
{
    (void)state;
    assert_violates(QUIPU_REORDERED,
                    "append 1.1 was acknowledged before append 2.1 began",
                    "10 1 append a h@0/1.1.0/aa\n20 1 OK ids=2 at=0\n",
                    "30 1 append a g@0/2.1.0/bb\n40 1 OK ids=1 at=0\n",
                    FINAL("1/g@0/2.1.0/bb 2/h@0/1.1.0/aa\n"));
}

static void stale_read(void **state)
{
    (void)state;
    assert_violates(QUIPU_STALE_READ, "1.2 was acknowledged before 3.1 began",
                    FIRST SECOND, FINAL(BOTH),
                    "50 1 read a h\n60 1 OK opened=55 1/h@0/1.1.0/aa\n");
    assert_violates(QUIPU_STALE_READ, "without id 2", FIRST SECOND, FINAL(BOTH),
                    "50 1 read a h from=1 to=1 limit=1\n60 1 OK opened=55\n");
    assert_violates(QUIPU_STALE_READ, "without id 2", FIRST SECOND, FINAL(BOTH),
                    "50 1 read a h desc limit=1\n"
                    "60 1 OK opened=55 1/h@0/1.1.0/aa\n");
    assert_violates(QUIPU_STALE_READ, "without id 2", FIRST SECOND, FINAL(BOTH),
                    "50 1 log a from=2\n60 1 OK opened=55\n");
    assert_violates(QUIPU_STALE_READ, "without id 2", FIRST SECOND, FINAL(BOTH),
                    "50 1 last a h\n60 1 OK last=0\n");
    assert_violates(QUIPU_STALE_READ, "without id 1", FIRST SECOND, FINAL(BOTH),
                    "25 1 last a h\n26 1 NOT_FOUND\n");
    assert_violates(QUIPU_STALE_READ, "without id 2", FIRST SECOND, FINAL(BOTH),
                    "50 1 head a\n60 1 OK head=1\n");
}

static void stale_tracking(void **state)
{
    (void)state;
    assert_violates(QUIPU_STALE_READ, "without id 1",
                    "10 1 append a h@0/1.1.0/aa track:c=5\n"
                    "20 1 OK ids=1 at=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"),
                    "50 1 track a c\n60 1 NOT_FOUND\n");
    assert_violates(QUIPU_VANISHED, "read as 7, which no append stored",
                    "10 1 append a h@0/1.1.0/aa track:c=5\n"
                    "20 1 OK ids=1 at=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"),
                    "50 1 track a c\n60 1 OK at=7\n");
}

static void non_monotonic_read(void **state)
{
    (void)state;
    assert_violates(QUIPU_NON_MONOTONIC, "2.1 shows the log beyond id 0, but 3",
                    "10 1 append a h@0/1.1.0/aa\n90 1 OK ids=1 at=0\n",
                    "20 1 last a h\n30 1 OK last=0\n",
                    "40 1 read a h\n50 1 OK opened=45\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    /* In one session, for an append without response. */
    assert_violates(QUIPU_NON_MONOTONIC, "2.1 shows the log beyond id 0, but 2",
                    "10 1 append a h@0/1.1.0/aa\n",
                    "20 1 log a\n30 1 OK opened=25 1/h@0/1.1.0/aa\n"
                    "40 2 head a\n50 2 OK head=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
}

static void too_early(void **state)
{
    (void)state;
    assert_violates(QUIPU_TOO_EARLY, "2.1 shows id 1, which 1.1 began",
                    "40 1 append a h@0/1.1.0/aa\n50 1 OK ids=1 at=0\n",
                    "10 1 log a\n90 1 OK opened=30 1/h@0/1.1.0/aa\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
}

static void unjustified_conflict(void **state)
{
    (void)state;
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT,
                    "requested the position after the last",
                    FIRST "30 2 append a h@1/1.2.0/bb\n"
                          "40 2 CONFLICT cause=position index=0 last=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT,
                    "left the position to the store",
                    FIRST "30 2 append a h@+/1.2.0/bb\n"
                          "40 2 CONFLICT cause=position index=0 last=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT, "reports that h ends at 5",
                    FIRST "30 2 append a h@1/1.2.0/bb\n"
                          "40 2 CONFLICT cause=position index=0 last=5\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    /* The reported last position was true before the call, or after it. */
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT, "without id 2",
                    FIRST SECOND
                    "50 3 append a h@5/1.3.0/bb\n"
                    "60 3 CONFLICT cause=position index=0 last=0\n",
                    FINAL(BOTH));
    assert_violates(QUIPU_TOO_EARLY, "1.1 shows id 1",
                    "10 1 append a h@5/1.1.0/bb\n"
                    "15 1 CONFLICT cause=position index=0 last=0\n",
                    "20 1 append a h@0/2.1.0/aa\n30 1 OK ids=1 at=0\n",
                    FINAL("1/h@0/2.1.0/aa\n"));
}

static void unjustified_conflict_over_guard(void **state)
{
    (void)state;
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT, "the guard holds",
                    FIRST "30 2 append a g@0/1.2.0/bb guard:h=0\n"
                          "40 2 CONFLICT cause=guard index=0 last=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT, "without id 1",
                    FIRST "30 2 append a g@0/1.2.0/bb guard:h=filled\n"
                          "40 2 CONFLICT cause=guard index=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    /* With a position as the cause the guard must have held. */
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT, "no instant fits",
                    FIRST SECOND
                    "50 3 append a h@5/1.3.0/bb guard:h=0\n"
                    "60 3 CONFLICT cause=position index=0 last=1\n",
                    FINAL(BOTH));
}

static void unjustified_conflict_over_event_id(void **state)
{
    (void)state;
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT, "no item in the log has",
                    FIRST "30 2 append a h@1/1.2.0/bb\n"
                          "40 2 CONFLICT cause=event-id index=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT, "repeats one that is stored",
                    FIRST "30 2 append a h@0/1.1.0/aa\n"
                          "40 2 CONFLICT cause=event-id index=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(QUIPU_UNJUSTIFIED_CONFLICT, "never reached the tracked id",
                    FIRST "30 2 append a h@1/1.2.0/bb track:c=4\n"
                          "40 2 ALREADY\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
}

static void unjustified_success(void **state)
{
    (void)state;
    assert_violates(QUIPU_UNJUSTIFIED_SUCCESS,
                    "at id 1 the sequence had 1 items",
                    FIRST "30 2 append a g@0/1.2.0/bb guard:h=empty\n"
                          "40 2 OK ids=2 at=0\n",
                    FINAL("1/h@0/1.1.0/aa 2/g@0/1.2.0/bb\n"));
    assert_violates(QUIPU_UNJUSTIFIED_SUCCESS, "a guard on h",
                    FIRST "30 2 append a g@0/1.2.0/bb guard:h=5\n"
                          "40 2 OK ids=2 at=0\n",
                    FINAL("1/h@0/1.1.0/aa 2/g@0/1.2.0/bb\n"));
    assert_violates(QUIPU_UNJUSTIFIED_SUCCESS, "without id 1",
                    FIRST "30 2 append a guard:h=empty\n40 2 OK\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(QUIPU_UNJUSTIFIED_SUCCESS,
                    "although the consumer's record was 5",
                    "10 1 append a h@0/1.1.0/aa track:c=5\n"
                    "20 1 OK ids=1 at=0\n"
                    "30 2 append a h@1/1.2.0/bb track:c=5\n"
                    "40 2 OK ids=2 at=1\n",
                    FINAL(BOTH));
}

static void wrong_result(void **state)
{
    (void)state;
    assert_violates(QUIPU_WRONG_RESULT,
                    "for item 0 the id 2, but the log has it with id 1",
                    "10 1 append a h@0/1.1.0/aa\n20 1 OK ids=2 at=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(
        QUIPU_WRONG_RESULT,
        "for item 0 the position 3, but the log has it at position 0",
        "10 1 append a h@+/1.1.0/aa\n20 1 OK ids=1 at=3\n",
        FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(QUIPU_WRONG_RESULT, "acknowledged twice",
                    FIRST "30 2 append a h@0/1.1.0/aa\n40 2 OK ids=1 at=0\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
    assert_violates(
        QUIPU_WRONG_RESULT, "for an id above 1 returned with the head", FIRST,
        FINAL("1/h@0/1.1.0/aa\n"), "50 1 wait a after=1\n60 1 OK head=1\n");
}

static void wrong_read(void **state)
{
    (void)state;
    assert_violates(QUIPU_WRONG_READ, "outside its bounds", FIRST SECOND,
                    FINAL(BOTH),
                    "50 1 read a h to=0\n"
                    "60 1 OK opened=55 1/h@0/1.1.0/aa 2/h@1/1.2.0/bb\n");
    assert_violates(QUIPU_WRONG_READ, "its limit is 1", FIRST SECOND,
                    FINAL(BOTH),
                    "50 1 log a limit=1\n"
                    "60 1 OK opened=55 1/h@0/1.1.0/aa 2/h@1/1.2.0/bb\n");
    assert_violates(QUIPU_GAP, "", FIRST SECOND, FINAL(BOTH),
                    "50 1 read a h\n"
                    "60 1 OK opened=55 2/h@1/1.2.0/bb 1/h@0/1.1.0/aa\n");
    assert_violates(QUIPU_WRONG_READ, "an item of h", FIRST SECOND, FINAL(BOTH),
                    "50 1 read a g\n60 1 OK opened=55 1/h@0/1.1.0/aa\n");
}

static void altered_item(void **state)
{
    (void)state;
    assert_violates(QUIPU_ALTERED_ITEM, "other bytes", FIRST,
                    FINAL("1/h@0/1.1.0/ab\n"));
    assert_violates(QUIPU_ALTERED_ITEM, "other bytes", FIRST,
                    FINAL("1/h@0/1.1.0/aa\n"),
                    "50 1 log a\n60 1 OK opened=55 1/h@0/1.1.0/ab\n");
    assert_violates(QUIPU_ALTERED_ITEM, "appended to h and is in g",
                    "10 1 append a h@0/1.1.0/aa\n20 1 OK ids=1 at=0\n",
                    FINAL("1/g@0/1.1.0/aa\n"));
    assert_violates(QUIPU_ALTERED_ITEM, "at position 1 and is at 0",
                    "10 1 append a h@1/1.1.0/aa\n20 1 UNKNOWN_OUTCOME\n",
                    FINAL("1/h@0/1.1.0/aa\n"));
}

static void late_wake(void **state)
{
    (void)state;
    assert_violates(QUIPU_LATE_WAKE, "a wait for id 1 timed out long after",
                    "10 1 append a h@0/1.1.0/aa\n20 1 OK ids=1 at=0\n",
                    "9000000000 1 log a final\n"
                    "9000000001 1 OK opened=9000000000 1/h@0/1.1.0/aa\n",
                    "5 1 wait a after=0\n1500000000 1 TIMEOUT\n");
    assert_violates(QUIPU_LATE_WAKE, "for 1499 ms after the log had grown",
                    "10 1 append a h@0/1.1.0/aa\n20 1 OK ids=1 at=0\n",
                    "9000000000 1 log a final\n"
                    "9000000001 1 OK opened=9000000000 1/h@0/1.1.0/aa\n",
                    "5 1 wait a after=0\n1500000000 1 OK head=1\n");
}

/* Asserts which guarantees a history shows to be broken: "L2 V1". */
static void assert_breaks(const char *broken, const char *const sessions[])
{
    struct quipu_violations *violations = calloc(1, sizeof(*violations));
    const char *guarantee;
    char found[64] = "";

    assert_non_null(violations);
    history_check(sessions, violations);
    for (size_t i = 0;
         (guarantee = quipu_history_violations_broken(violations, i)); i++) {
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
                 i > 0 ? " " : "", guarantee);
    }
    assert_string_equal(found, broken);
    free(violations);
}

/* The guarantee follows from what the violation is about. */
static void guarantees_of_violations(void **state)
{
    (void)state;
    assert_breaks("", SESSIONS(FIRST SECOND, FINAL(BOTH)));
    assert_breaks("V3", SESSIONS(FIRST SECOND, FINAL("1/h@0/1.1.0/aa\n")));
    assert_breaks("L2",
                  SESSIONS("10 1 append a h@0/1.1.0/aa\n90 1 OK ids=1 at=0\n",
                           "11 1 append a g@0/2.1.0/bb\n80 1 OK ids=2 at=0\n",
                           FINAL("1/h@0/1.1.0/aa 2/g@0/2.1.0/bb\n"),
                           "20 1 log a\n30 1 OK opened=25 2/g@0/2.1.0/bb\n"));
}

static void guarantees_of_ids_and_positions(void **state)
{
    (void)state;
    assert_breaks("L1", SESSIONS(FIRST "30 2 append a h@1/1.2.0/bb\n"
                                       "40 2 OK ids=4 at=1\n",
                                 FINAL("1/h@0/1.1.0/aa 4/h@1/1.2.0/bb\n")));
    assert_breaks("S1", SESSIONS(FIRST "30 2 append a h@+/1.2.0/bb\n"
                                       "40 2 OK ids=2 at=2\n",
                                 FINAL("1/h@0/1.1.0/aa 2/h@2/1.2.0/bb\n")));
    assert_breaks("U1", SESSIONS(FIRST "30 2 append a h@0/1.2.0/bb\n"
                                       "40 2 OK ids=2 at=0\n",
                                 FINAL("1/h@0/1.1.0/aa 2/h@0/1.2.0/bb\n")));
    assert_breaks("U3", SESSIONS("10 1 append a h@+/1.1.0/aa\n"
                                 "20 1 OK ids=1 at=0\n",
                                 FINAL("1/h@0/1.1.0/aa 2/h@1/1.1.0/aa\n")));
    assert_breaks("S4", SESSIONS(FIRST SECOND, FINAL(BOTH),
                                 "50 1 read a h\n"
                                 "60 1 OK opened=55 2/h@1/1.2.0/bb\n"));
}

/* An append was refused, or stored, against its preconditions. */
static void guarantees_of_preconditions(void **state)
{
    (void)state;
    assert_breaks("U1", SESSIONS(FIRST "30 2 append a h@1/1.2.0/bb\n40 2 "
                                       "CONFLICT cause=position index=0 "
                                       "last=0\n",
                                 FINAL("1/h@0/1.1.0/aa\n")));
    assert_breaks("S3",
                  SESSIONS(FIRST "30 2 append a g@0/1.2.0/bb guard:h=filled\n"
                                 "40 2 CONFLICT cause=guard index=0\n",
                           FINAL("1/h@0/1.1.0/aa\n")));
    assert_breaks("U3", SESSIONS(FIRST "30 2 append a h@1/1.2.0/bb\n"
                                       "40 2 CONFLICT cause=event-id "
                                       "index=0\n",
                                 FINAL("1/h@0/1.1.0/aa\n")));
    assert_breaks("U4", SESSIONS(FIRST "30 2 append a h@1/1.2.0/bb track:c=4\n"
                                       "40 2 ALREADY\n",
                                 FINAL("1/h@0/1.1.0/aa\n")));
    assert_breaks("S3", SESSIONS(FIRST "30 2 append a guard:h=empty\n"
                                       "40 2 OK\n",
                                 FINAL("1/h@0/1.1.0/aa\n")));
    assert_breaks("U4", SESSIONS("10 1 append a h@0/1.1.0/aa track:c=5\n"
                                 "20 1 OK ids=1 at=0\n"
                                 "30 2 append a h@1/1.2.0/bb track:c=5\n"
                                 "40 2 OK ids=2 at=1\n",
                                 FINAL(BOTH)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_append),
        cmocka_unit_test(failed_append_visible),
        cmocka_unit_test(vanished),
        cmocka_unit_test(torn_append),
        cmocka_unit_test(append_torn_by_another),
        cmocka_unit_test(duplicate),
        cmocka_unit_test(gap),
        cmocka_unit_test(late_arrival),
        cmocka_unit_test(reordered),
        cmocka_unit_test(stale_read),
        cmocka_unit_test(stale_tracking),
        cmocka_unit_test(non_monotonic_read),
        cmocka_unit_test(too_early),
        cmocka_unit_test(unjustified_conflict),
        cmocka_unit_test(unjustified_conflict_over_guard),
        cmocka_unit_test(unjustified_conflict_over_event_id),
        cmocka_unit_test(unjustified_success),
        cmocka_unit_test(wrong_result),
        cmocka_unit_test(wrong_read),
        cmocka_unit_test(altered_item),
        cmocka_unit_test(late_wake),
        cmocka_unit_test(guarantees_of_violations),
        cmocka_unit_test(guarantees_of_ids_and_positions),
        cmocka_unit_test(guarantees_of_preconditions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
