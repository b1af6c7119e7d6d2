/* SPDX-License-Identifier: Apache-2.0 */
/* A libFuzzer target in which a PostgreSQL server lies: the first byte chooses
 * a session and a part of it (postgres/tour.h), the others change its answers
 * (postgres/lying_server.h).  The driver may fail, but it stays sound. */
#include "postgres/lying_server.h"
#include "postgres/recording.h"
#include "postgres/tour.h"
#include "postgres/virtual_clock.h"

#include <stdbool.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TIME INT64_C(2000000) /* of a call, in nanoseconds of the clock */

static const uint8_t *lies;
static size_t lie_count;

static void begin(void)
{
    lying_server_lie(lies, lie_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool loaded;
    if (!loaded) {
        recording_load(RECORDING);
        virtual_clock_start();
        lying_server_start(SESSION_SETUP);
        tour_share_store(TIME);
        loaded = true;
    }
    if (size > 0) {
        enum tour_session session = data[0] % SESSION_COUNT;
        lies = data + 1;
        lie_count = size - 1;
        virtual_clock_start();
        lying_server_start((int)session);
        tour_run(session, data[0] / SESSION_COUNT % TOUR_PARTS, TIME, begin);
    }
    return 0;
}
