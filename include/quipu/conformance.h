/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance suite: what runs the cases of every guarantee against a URI.
 */
#ifndef QUIPU_CONFORMANCE_H
#define QUIPU_CONFORMANCE_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much work a run may be. */
enum quipu_profile {
    QUIPU_PROFILE_QUICK = 0, /* a minute: for every change */
    QUIPU_PROFILE_FULL = 1,  /* ten minutes: before a release */
    QUIPU_PROFILE_SOAK = 2   /* a night: for what is rare */
};

#ifdef __cplusplus
}
#endif

#endif
