# SPDX-License-Identifier: Apache-2.0
"""The commands and the program of docs/python.md, as they stand there."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import stores

import quipu

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def block_after(text, language):
    found = re.search(
        re.escape(text) + rf"\n.*?```{language}\n(.*?)```", PAGE, re.S
    )
    assert found, f"docs/python.md has no block after {text}"
    return found[1]


def test_the_page_names_all_classes_of_errors():
    for each in quipu.Error.__subclasses__():
        assert f"`{each.__name__}`" in PAGE


@pytest.mark.skipif(
    not os.environ.get("QUIPU_TEST_EVENTSOURCING"),
    reason="QUIPU_TEST_EVENTSOURCING names no checkout of eventsourcing",
)
def test_program_of_eventsourcing():
    program = block_after("nothing in it is about the store:", "python")
    checkout = os.environ["QUIPU_TEST_EVENTSOURCING"]
    uri = stores.new_uri()
    out = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "PYTHONPATH": f"{os.environ['PYTHONPATH']}:{checkout}",
            "PERSISTENCE_MODULE": "quipu.eventsourcing",
            "QUIPU_URI": uri,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert out.stdout == block_after(
        "nothing in it is about the store:", "text"
    )
    with quipu.open(uri) as store:
        schema = quipu.Schema(
            "dogschool_snapshots",
            "notification_id",
            "originator_id",
            "originator_version",
            "topic",
            sparse=True,
        )
        (snapshot,) = store.records(schema).read_log()
        assert snapshot.position == 2


@pytest.mark.skipif(stores.DRIVER != "sqlite", reason="one driver is enough")
def test_install_and_program(tmp_path):
    # pip builds beside the sources, which stay as they are.
    shutil.copytree(
        ROOT / "python",
        tmp_path / "python",
        ignore=shutil.ignore_patterns("tests", "build", "*.egg-info"),
    )
    (tmp_path / "account.py").write_text(
        block_after("`account.py`:", "python"), encoding="utf-8"
    )
    install = block_after("## Install it", "sh")
    assert install.count("pip install") == 1
    run = block_after("log.acknowledge()", "sh")
    environment = {
        **os.environ,
        # The interpreter of the tests, which has the packages.
        "PATH": f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin",
        # No index of packages can be asked.
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "LIBRARY": os.environ["LD_LIBRARY_PATH"],
        "URI": stores.new_uri(),
    }
    environment.pop("PYTHONPATH", None)
    script = install + run
    # The build is elsewhere than in build/prefix, and the store may be another.
    script = re.sub(r'"\$PWD/build/prefix/lib"', '"$LIBRARY"', script)
    script = re.sub(r"QUIPU_URI=\S+", 'QUIPU_URI="$URI"', script)
    out = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert out.returncode == 0, out.stdout
    assert out.stdout.endswith(block_after("It prints", "text")), out.stdout
    # The package that was installed is used, not that of the sources.
    used = subprocess.run(
        [
            "environment/bin/python",
            "-c",
            "import quipu; print(quipu.__file__)",
        ],
        cwd=tmp_path,
        env={**environment, "LD_LIBRARY_PATH": environment["LIBRARY"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert used.stdout.startswith(str(tmp_path / "environment"))
