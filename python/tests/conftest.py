# SPDX-License-Identifier: Apache-2.0
import pytest
import stores

import quipu


@pytest.fixture
def uri():
    return stores.new_uri()


@pytest.fixture
def store(uri):
    with quipu.open(uri) as opened:
        yield opened


@pytest.fixture
def records(store):
    store.setup(quipu.Schema())
    return store.records(quipu.Schema())
