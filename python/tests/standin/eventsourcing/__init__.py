# SPDX-License-Identifier: Apache-2.0
"""Stands in for the library `eventsourcing`: the names of its version 9.5 that
quipu.eventsourcing uses, and no more."""
