# SPDX-License-Identifier: Apache-2.0
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from eventsourcing.utils import Environment, resolve_topic


@dataclass(frozen=True)
class StoredEvent:
    originator_id: Any
    originator_version: int
    topic: str
    state: bytes


@dataclass(frozen=True)
class Notification(StoredEvent):
    id: int


@dataclass(frozen=True)
class Tracking:
    application_name: str
    notification_id: int


class PersistenceError(Exception):
    pass


class InterfaceError(PersistenceError):
    pass


class DatabaseError(PersistenceError):
    pass


class DataError(DatabaseError):
    pass


class OperationalError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


class InternalError(DatabaseError):
    pass


class ProgrammingError(DatabaseError):
    pass


class NotSupportedError(DatabaseError):
    pass


class AggregateRecorder(ABC):
    @abstractmethod
    def insert_events(self, stored_events, **kwargs):
        pass

    @abstractmethod
    def select_events(
        self, originator_id, *, gt=None, lte=None, desc=False, limit=None
    ):
        pass


class ApplicationRecorder(AggregateRecorder):
    @abstractmethod
    def select_notifications(
        self, start, limit, stop=None, topics=(), *, inclusive_of_start=True
    ):
        pass

    @abstractmethod
    def max_notification_id(self):
        pass

    @abstractmethod
    def subscribe(self, gt=None, topics=()):
        pass


class TrackingRecorder(ABC):
    @abstractmethod
    def insert_tracking(self, tracking):
        pass

    @abstractmethod
    def max_tracking_id(self, application_name):
        pass


class ProcessRecorder(TrackingRecorder, ApplicationRecorder, ABC):
    pass


class Subscription:
    def __init__(self, recorder, gt=None, topics=()):
        self._has_been_entered = False
        self._has_been_stopped = False

    def __enter__(self):
        self._has_been_entered = True
        return self

    def __exit__(self, *args, **kwargs):
        self.stop()

    def stop(self):
        self._has_been_stopped = True

    def __iter__(self):
        return self


class InfrastructureFactory(ABC):
    def __init__(self, env):
        self.env = (
            env if isinstance(env, Environment) else Environment(env=env)
        )

    @classmethod
    def construct(cls, env):
        module = resolve_topic(env.get("PERSISTENCE_MODULE"))
        (factory,) = [
            each
            for each in vars(module).values()
            if isinstance(each, type) and issubclass(each, cls)
        ]
        return factory(env)
