# SPDX-License-Identifier: Apache-2.0
import importlib


class Environment(dict):
    def __init__(self, name="", env=None):
        super().__init__(env or {})
        self.name = name

    def create_keys(self, key):
        named = [f"{self.name.upper()}_{key}"] if self.name else []
        return [*named, key]

    def get(self, key, default=None):
        for each in self.create_keys(key):
            if each in self:
                return self[each]
        return default


def strtobool(text):
    return text.lower() in ("y", "yes", "t", "true", "on", "1")


def resolve_topic(topic):
    module, _, name = topic.partition(":")
    resolved = importlib.import_module(module)
    return getattr(resolved, name) if name else resolved
