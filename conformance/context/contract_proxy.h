/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver that stands between the core and the driver under test, in each
 * process of each case: it passes every call on, and ends the case if the
 * answer breaks the contract of <quipu/driver.h>.  The head of
 * contract_proxy.c lists the rules.
 *
 * The core checks some of them too, and turns a wrong answer into INTERNAL; the
 * proxy shows the driver's own answer, and which operation gave it.  It adds
 * one indirect call to each operation.
 */
#ifndef QUIPU_CONTRACT_PROXY_H
#define QUIPU_CONTRACT_PROXY_H

#include <stdint.h>

/*
 * Returns the URI with the proxy's scheme in place of the driver's, to be
 * freed; NULL if there is no driver for the scheme, or no memory.  The first
 * call installs the proxy for the driver of that URI: a process has one proxy,
 * and URIs of other schemes are returned unchanged.  Not thread-safe.
 */
char *quipu_contract_proxy_uri(const char *uri);

/* Returns the statuses that an operation of the driver's table ("append") may
 * return, one bit for each; 0 if there is no such operation.  For the test that
 * compares them with the comments of <quipu/driver.h>. */
uint32_t quipu_contract_proxy_codes(const char *operation);

#endif
