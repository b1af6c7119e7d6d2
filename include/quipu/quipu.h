/* SPDX-License-Identifier: Apache-2.0 */
/* All of quipu's public headers but driver.h's implementers' part. */
#ifndef QUIPU_QUIPU_H
#define QUIPU_QUIPU_H

#include <quipu/datastore.h>
#include <quipu/drivers.h>
#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/memory.h>
#include <quipu/records.h>
#include <quipu/schema.h>
#include <quipu/types.h>

#endif
