#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run-suite.sh QUIPU-CONFORMANCE ARGUMENT...: runs the suite, inside
# with-cluster, with the commands that crash and start its server.
exec "$@" --stop "$QUIPU_TEST_POSTGRES_STOP" \
    --start "$QUIPU_TEST_POSTGRES_START"
