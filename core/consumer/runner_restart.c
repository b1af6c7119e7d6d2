/* SPDX-License-Identifier: Apache-2.0 */
/* Where a runner goes on after others have changed its record, or it has got or
 * lost partitions of a group. */
#include "consumer/runner.h"

int quipu_runner_restart_here(struct quipu_runner *runner, quipu_error *error)
{
    struct quipu_tracker *tracker = &runner->tracker;
    struct quipu_follower *follower = &runner->follower;
    quipu_position highest = quipu_tracker_highest(tracker);
    int status = QUIPU_OK;

    runner->is_parked_stale = true;
    quipu_batch_clear(&runner->batch);
    runner->refusals = 0;
    /* The log may have been set back behind a partition that is further on. */
    if (highest.notification_id != tracker->recorded.notification_id) {
        quipu_follower_reset(follower);
        follower->examined = highest;
        status = quipu_follower_check(follower, error);
    }
    quipu_follower_move(follower, &tracker->recorded,
                        tracker->group && tracker->group->held
                            ? tracker->group->state.partition_count
                            : 0,
                        tracker->group ? tracker->group->held : 0);
    if (tracker->group && status == QUIPU_OK) {
        tracker->group->is_changed = false;
    }
    quipu_runner_show(runner);
    return status;
}

/* If `refresh` fails, the old record stays in memory, with which no commit
 * succeeds. */
int quipu_runner_restart(struct quipu_runner *runner, quipu_error *error)
{
    int status = runner->type->refresh
                     ? runner->type->refresh(runner->owner, error)
                     : QUIPU_OK;

    if (status == QUIPU_OK) {
        status = quipu_tracker_refresh(&runner->tracker, error);
    }
    return status == QUIPU_OK ? quipu_runner_restart_here(runner, error)
                              : status;
}
