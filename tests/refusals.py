#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""refusals.py [COMPILER...]: what the library refuses at compile time is refused, in its own words.

Each tests/refusals/*.cpp starts, below its licence line, with one or more lines

    // refused: <regular expression that the compiler's output must match>

It must not compile as it is, must say what those lines promise, and must compile with
-DOUTLAST_REFUSAL_FIXED, which selects the correct form: so it fails for the reason it names.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
AT = ROOT / ".build" / "refusals"
FLAGS = "-std=c++20 -Wall -Wextra -fdiagnostics-color=never -I include -I tests".split()
# What most of them include, compiled once a compiler.
COMMON = """\
#include <outlast/outlast.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/hedge.hpp>
#include <outlast/simulate.hpp>
"""


def run_it(compiler, *arguments):
    boost = os.environ.get("BOOST_ROOT")
    boost = ["-isystem", boost + "/include", "-isystem", boost] if boost else []
    return subprocess.run([compiler, *FLAGS, *boost, *arguments], cwd=ROOT, capture_output=True,
                          text=True, errors="replace", env={**os.environ, "LC_ALL": "C"})


def precompile(compiler):
    """The arguments that put COMMON, compiled, before a file."""
    folder = AT / compiler
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    header = folder / "common.hpp"
    header.write_text(COMMON)
    compiled = f"{header}.{'pch' if 'clang' in compiler else 'gch'}"
    made = run_it(compiler, "-x", "c++-header", str(header), "-o", compiled)
    if made.returncode != 0:
        sys.exit(f"{compiler}: what the refusals include does not compile:\n{made.stderr}")
    return ["-include-pch", compiled] if "clang" in compiler else ["-include", str(header)]


def compile_it(compiler, before, file, *defines):
    return run_it(compiler, *before, "-fsyntax-only", *defines, file)


def check(compiler, before, file):
    """The complaint about one file under one compiler, or None."""
    promised = []
    for line in (ROOT / file).read_text().splitlines():
        if not line.startswith("//"):
            break
        if line.startswith("// refused:"):
            promised.append(line.removeprefix("// refused:").strip())
    if not promised or not all(promised):
        return "its first comment lines hold no `// refused: <regex>`: write what the compiler must say"
    if "OUTLAST_REFUSAL_FIXED" not in (ROOT / file).read_text():
        return "it has no `#ifdef OUTLAST_REFUSAL_FIXED` with the correct form: add it"
    refused = compile_it(compiler, before, file)
    if refused.returncode == 0:
        return "it compiles, but must be refused"
    # A line that only echoes this file (its comments, its code) promises nothing.
    said = "\n".join(line for line in refused.stderr.splitlines() if "refused:" not in line)
    for pattern in promised:
        try:
            found = re.search(pattern, said)
        except re.error as error:
            return f"`{pattern}` is not a regular expression: {error}"
        if not found:
            return f"it is refused, but not with /{pattern}/:\n{refused.stderr}"
    fixed = compile_it(compiler, before, file, "-DOUTLAST_REFUSAL_FIXED")
    if fixed.returncode != 0:
        return f"its correct form (-DOUTLAST_REFUSAL_FIXED) does not compile:\n{fixed.stderr}"
    return None


def main():
    compilers = sys.argv[1:] or [c for c in ("g++", "clang++-19") if shutil.which(c)]
    files = [f.relative_to(ROOT).as_posix() for f in sorted(ROOT.glob("tests/refusals/*.cpp"))]
    jobs = int(os.environ.get("OUTLAST_JOBS") or len(os.sched_getaffinity(0)))
    before = {compiler: precompile(compiler) for compiler in compilers}
    work = [(compiler, before[compiler], file) for file in files for compiler in compilers]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        said = list(pool.map(lambda item: check(*item), work))
    for (compiler, _, file), complaint in zip(work, said):
        if complaint:
            print(f"{file} ({compiler}): {complaint}")
    failed = sum(complaint is not None for complaint in said)
    skipped = ", 0 skipped"
    if not files:
        print("SKIPPED refusals: tests/refusals holds no *.cpp")
        skipped = ", 1 skipped"
    print(f"refusals: {len(work) - failed} passed, {failed} failed{skipped}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
