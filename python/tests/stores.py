# SPDX-License-Identifier: Apache-2.0
"""Stores of the tests: each is new, in the current folder or, with
QUIPU_TEST_STORE=postgres, in a namespace of the server."""

import os
from uuid import uuid4

DRIVER = os.environ.get("QUIPU_TEST_STORE", "sqlite")


def new_uri(options: str = "") -> str:
    name = f"s{uuid4().hex[:20]}"
    if DRIVER == "postgres":
        server = os.environ["QUIPU_TEST_POSTGRES"]
        return f"{server}&namespace={name}" + (options and f"&{options}")
    path = name + (".db" if DRIVER == "sqlite" else "")
    return f"{DRIVER}:///{path}" + (options and f"?{options}")


def skip(reason: str) -> None:
    """Notes a test that is skipped where ./dev check counts them."""
    path = os.environ.get("QUIPU_TEST_SKIPPED")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(reason + "\n")
