/* SPDX-License-Identifier: Apache-2.0 */
/* The identity of a store and namespace: 16 random bytes, in which version and
 * variant of RFC 9562 are set. */
#include "store_identity.h"

#include "safeguard.h"

#include <sys/random.h>

bool quipu_common_store_identity_make(quipu_uuid *identity)
{
    *identity = (quipu_uuid){ 0 };
    SAFEGUARD("L5.identity-of-its-own")
    if (getrandom(identity->bytes, sizeof(identity->bytes), 0) !=
        sizeof(identity->bytes)) {
        return false;
    }
    identity->bytes[6] = (uint8_t)((identity->bytes[6] & 0x0f) | 0x40);
    identity->bytes[8] = (uint8_t)((identity->bytes[8] & 0x3f) | 0x80);
    return true;
}
