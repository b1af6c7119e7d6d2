/* SPDX-License-Identifier: Apache-2.0 */
/* The random numbers of a session, and the statuses that it tolerates. */
#include "session.h"

#include <time.h>

/* splitmix64 */
uint64_t quipu_session_random(struct quipu_session *s, uint64_t n)
{
    uint64_t z = (s->random += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

unsigned quipu_session_random_log(struct quipu_session *s)
{
    return (unsigned)quipu_session_random(s, s->log_count);
}

struct quipu_identity_sequence quipu_session_random_sequence(
    struct quipu_session *s)
{
    return (struct quipu_identity_sequence){
        'h', (uint32_t)quipu_session_random(s, s->shared), 0
    };
}

bool quipu_session_tolerates(const struct quipu_session *s, int status)
{
    const struct timespec span = { .tv_nsec = 5000000 };

    if (!s->tolerates_outage ||
        (status != QUIPU_IO && status != QUIPU_DENIED)) {
        return false;
    }
    nanosleep(&span, NULL);
    return true;
}
