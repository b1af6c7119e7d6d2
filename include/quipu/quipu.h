/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All public headers of quipu for applications.
 *
 * Authors of drivers include <quipu/driver.h> instead, and nothing else.
 */
#ifndef QUIPU_QUIPU_H
#define QUIPU_QUIPU_H

#include <quipu/aggregate.h>
#include <quipu/application.h>
#include <quipu/bucket.h>
#include <quipu/bus.h>
#include <quipu/consumer.h>
#include <quipu/datastore.h>
#include <quipu/declare.h>
#include <quipu/drivers.h>
#include <quipu/entries.h>
#include <quipu/environment.h>
#include <quipu/erasure.h>
#include <quipu/error.h>
#include <quipu/event.h>
#include <quipu/evolve.h>
#include <quipu/group.h>
#include <quipu/id.h>
#include <quipu/mapper.h>
#include <quipu/memory.h>
#include <quipu/metadata.h>
#include <quipu/observe.h>
#include <quipu/outbox.h>
#include <quipu/process.h>
#include <quipu/projection.h>
#include <quipu/records.h>
#include <quipu/repository.h>
#include <quipu/scenario.h>
#include <quipu/schema.h>
#include <quipu/sealing.h>
#include <quipu/section.h>
#include <quipu/snapshot.h>
#include <quipu/state.h>
#include <quipu/store.h>
#include <quipu/subscription.h>
#include <quipu/timer.h>
#include <quipu/types.h>
#include <quipu/unit.h>
#include <quipu/vault.h>

#endif
