/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a consumer by `quipu consumers`: --reset and --remove.
 *
 * The consumer is listed, the user is asked, and the change is made only if the
 * tracking record is still where it was listed, so that the user has agreed to
 * what happens.
 *
 * A listing is given with its stores open, the one of the consumers for writing
 * (consumers_listing_open).
 */
#ifndef QUIPU_TOOLS_CONSUMERS_CHANGE_H
#define QUIPU_TOOLS_CONSUMERS_CHANGE_H

#include "consumers/listing.h"

/*
 * Moves the tracking record of the consumer that --reset names to the
 * notification id that --after gives, or removes the record if that is 0.
 * Asks before, and prints the change.  FINDING, after a message: there is no
 * such consumer or notification, or it is running; USAGE: it is a projection,
 * or --yes is missing.
 */
enum outcome consumers_change_reset(struct listing *listing);

/* Removes the consumer that --remove names, with its parked events and other
 * entries.  Asks before; outcomes as above. */
enum outcome consumers_change_remove(struct listing *listing);

#endif
