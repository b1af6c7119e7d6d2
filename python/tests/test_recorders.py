# SPDX-License-Identifier: Apache-2.0
"""The recorder test suites of the library `eventsourcing`, on quipu.

QUIPU_TEST_EVENTSOURCING names a checkout of the library; without it they are
skipped. Versions 9.2 to 9.5 have the suites; what a version lacks is left out.
"""

import os
import sys
import types

import pytest
from stores import new_uri, skip

CHECKOUT = os.environ.get("QUIPU_TEST_EVENTSOURCING")
if not CHECKOUT:
    reason = "QUIPU_TEST_EVENTSOURCING names no checkout of eventsourcing"
    skip(reason)
    pytest.skip(reason, allow_module_level=True)
sys.path.insert(0, CHECKOUT)

try:
    import Crypto  # noqa: F401
except ImportError:
    # The suites import the ciphers. Debian names this package differently.
    try:
        import Cryptodome.Cipher.AES as aes
    except ImportError as error:
        raise ImportError(
            "the suites of eventsourcing need python3-pycryptodome"
        ) from error
    sys.modules["Crypto"] = types.ModuleType("Crypto")
    sys.modules["Crypto.Cipher"] = types.ModuleType("Crypto.Cipher")
    sys.modules["Crypto.Cipher"].AES = aes
    sys.modules["Crypto.Cipher.AES"] = aes
    sys.modules["Crypto.Cipher._mode_gcm"] = types.ModuleType("_mode_gcm")
    sys.modules["Crypto.Cipher._mode_gcm"].GcmMode = object

from eventsourcing.persistence import InfrastructureFactory  # noqa: E402
from eventsourcing.tests import persistence as suites  # noqa: E402
from eventsourcing.utils import Environment  # noqa: E402

import quipu.eventsourcing as module  # noqa: E402


class Maker:
    """A recorder of a new store; a factory closes its stores."""

    def make(self, kind: str, **variables: str):
        environment = {
            "PERSISTENCE_MODULE": "quipu.eventsourcing",
            "QUIPU_URI": new_uri(),
            **variables,
        }
        factory = InfrastructureFactory.construct(Environment("", environment))
        self.addCleanup(factory.close)
        return getattr(factory, kind)()


class TestAggregateRecorder(Maker, suites.AggregateRecorderTestCase):
    def create_recorder(self):
        return self.make("aggregate_recorder")


class TestApplicationRecorder(Maker, suites.ApplicationRecorderTestCase):
    def create_recorder(self):
        return self.make("application_recorder")

    if hasattr(
        suites.ApplicationRecorderTestCase, "optional_test_insert_subscribe"
    ):

        def test_insert_subscribe(self):
            self.optional_test_insert_subscribe()


class TestProcessRecorder(Maker, suites.ProcessRecorderTestCase):
    def create_recorder(self):
        return self.make("process_recorder")


class TestNotificationsDoNotInterleave(
    Maker, suites.NonInterleavingNotificationIDsBaseCase
):
    def create_recorder(self):
        return self.make("application_recorder")


if hasattr(suites, "TrackingRecorderTestCase"):

    class TestTrackingRecorder(Maker, suites.TrackingRecorderTestCase):
        def create_recorder(self):
            return self.make("tracking_recorder")


class TestFactory(suites.InfrastructureFactoryTestCase):
    def setUp(self):
        self.env = Environment(
            "TestCase",
            {
                "PERSISTENCE_MODULE": "quipu.eventsourcing",
                "TESTCASE_QUIPU_URI": new_uri(),
            },
        )
        super().setUp()
        self.addCleanup(self.factory.close)

    def expected_factory_class(self):
        return module.QuipuFactory

    def expected_aggregate_recorder_class(self):
        return module.QuipuAggregateRecorder

    def expected_application_recorder_class(self):
        return module.QuipuApplicationRecorder

    def expected_tracking_recorder_class(self):
        return module.QuipuTrackingRecorder

    def expected_process_recorder_class(self):
        return module.QuipuProcessRecorder
