#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run-suite.sh QUIPU-CONFORMANCE ARGUMENT...: runs the suite beside a server,
# called by with-cluster, which says how that is crashed and started.
exec "$@" --stop "$QUIPU_TEST_POSTGRES_STOP" \
    --start "$QUIPU_TEST_POSTGRES_START"
