/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spy between the core and the driver, in every process of every case: it
 * ends the case when an operation answers a code that <quipu/driver.h> does
 * not list for it, or breaks what that header says of all answers.
 */
#ifndef QUIPU_CONTRACT_PROXY_H
#define QUIPU_CONTRACT_PROXY_H

#include <stdint.h>

/*
 * The URI by which the store is opened past the spy; NULL if the driver of the
 * URI cannot be found, or there is no memory.  The caller frees it.  A process
 * has one spy, for the driver of the first URI; URIs of others stay as they
 * are.
 */
char *quipu_contract_proxy_uri(const char *uri);

/* What an operation of the driver's table may answer, a bit for each code; 0:
 * there is no such operation. */
uint32_t quipu_contract_proxy_codes(const char *operation);

#endif
