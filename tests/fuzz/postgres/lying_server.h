/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq without a server: its functions, as the driver calls them, with the
 * answers of a recording (recorder.c), changed by the bytes of a fuzz input.
 *
 * A statement gets the next answer that the current session of the recording
 * has for its text, or the last one, or that of another session; so a session
 * that takes another course than the recorded one still gets answers that fit.
 * Once lying has begun, each answer takes bytes of the input:
 *
 *     00 .. bf   leaves this answer and the n % 64 next ones as they are
 *     c0 .. ff   changes it: the lower bits say how, further bytes say where
 *
 * When the input has ended, the server tells the truth.
 */
#ifndef FUZZ_POSTGRES_LYING_SERVER_H
#define FUZZ_POSTGRES_LYING_SERVER_H

#include <stddef.h>
#include <stdint.h>

/* Begins a session of the recording with the truth. */
void lying_server_start(int session);
/* From here on answers are changed. */
void lying_server_lie(const uint8_t *input, size_t size);
/* The number of answers since then. */
unsigned lying_server_answers(void);

#endif
