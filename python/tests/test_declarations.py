# SPDX-License-Identifier: Apache-2.0
"""The declarations of the package are those of the headers: a compiler
compares each struct, number and function."""

import pathlib
import re
import shutil
import subprocess

import pytest
from cffi import FFI
from stores import skip

from quipu._api import DECLARATIONS

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"

COMPILER = shutil.which("cc")
if COMPILER is None:
    skip("needs a C compiler, to check declarations")
    pytest.skip("needs a C compiler", allow_module_level=True)


def assertions(ffi, declarations):
    """Lines of C that fail to compile if cffi sees another layout or number."""
    for name in re.findall(r"^enum (\w+)", declarations, re.M):
        for constant, number in ffi.typeof("enum " + name).relements.items():
            yield f"{constant} == {number}"
    for name in ffi.list_types()[0]:
        type_ = ffi.typeof(name)
        if type_.kind != "struct" or type_.fields is None:
            continue
        yield f"sizeof({name}) == {ffi.sizeof(type_)}"
        for field, info in type_.fields:
            member = f"(({name} *)0)->{field}"
            yield f"offsetof({name}, {field}) == {info.offset}"
            yield f"sizeof({member}) == {ffi.sizeof(info.type)}"


def compile_declarations(declarations):
    """Returns the compiler's complaints, and how much it compared."""
    ffi = FFI()
    ffi.cdef(declarations)
    lines = [
        f'_Static_assert({each}, "{each}");'
        for each in assertions(ffi, declarations)
    ]
    # A prototype that differs from that of the header is an error of C.
    prototypes = declarations[
        declarations.index("const char *quipu_status_name") :
    ]
    program = "\n".join(
        ["#include <quipu/quipu.h>", "#include <stddef.h>", *lines, prototypes]
    )
    out = subprocess.run(
        [COMPILER, "-std=c11", "-fsyntax-only", f"-I{INCLUDE}", "-xc", "-"],
        input=program,
        stderr=subprocess.PIPE,
        text=True,
    )
    return out.stderr, len(lines) + prototypes.count(";")


def test_declarations_are_those_of_the_headers():
    complaints, count = compile_declarations(DECLARATIONS)
    assert complaints == ""
    assert count > 250


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("int32_t native;", "int64_t native;"),
        ("QUIPU_IO = 9,", "QUIPU_IO = 8,"),
        ("int64_t gt, gte,", "int64_t gte, gt,"),
        ("int64_t after,\n", "int32_t after,\n"),
    ],
)
def test_a_wrong_declaration_is_found(right, wrong):
    assert right in DECLARATIONS
    complaints, _ = compile_declarations(DECLARATIONS.replace(right, wrong))
    assert complaints != ""
