#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""headers.py [COMPILER...]: each header under include/outlast compiles, without a warning, as the only include
of a file, and included twice; and all of them together under each compiler, without exceptions where they do not
need them."""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = "-std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only".split()

# Path below include/outlast, or the start of one: why it may need exceptions.
NEEDS_EXCEPTIONS = {
    "asio": "an operation reports what it throws, and coroutines do so in no other way",
    "http/": "Beast and the TLS streams of Asio throw",
    "oauth2/": "stands on http/ and Boost.JSON, which throw",
}


def checks(compilers):
    """(what, headers, compiler, more flags)"""
    headers = sorted(h.relative_to(ROOT / "include" / "outlast").as_posix()
                     for h in ROOT.glob("include/outlast/**/*.hpp"))
    without = [h for h in headers if not any(h.startswith(start) for start in NEEDS_EXCEPTIONS)]
    for compiler in compilers:  # the longest first
        yield "all together", headers, compiler, []
        yield "all that need no exceptions", without, compiler, ["-fno-exceptions"]
    for header in headers:
        # One compiler is enough: what is missing is missing from the one standard library.
        yield header, [header], compilers[-1], []


def check(what, headers, compiler, extra):
    """None when they compile, else what the compiler said."""
    boost = os.environ.get("BOOST_ROOT")
    boost = ["-isystem", boost + "/include", "-isystem", boost] if boost else []
    command = [compiler, *FLAGS, *extra, "-I", "include", *boost, "-x", "c++", "-"]
    text = "".join(f"#include <outlast/{header}>\n" for header in headers)
    run = subprocess.run(command, input=text + text, capture_output=True, text=True, cwd=ROOT)
    return None if run.returncode == 0 else f"--- {what}: {' '.join(command)}\n{run.stderr}"


def main():
    compilers = sys.argv[1:] or [c for c in ("g++", "clang++-19") if shutil.which(c)]
    jobs = int(os.environ.get("OUTLAST_JOBS") or len(os.sched_getaffinity(0)))
    work = list(checks(compilers))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        said = list(pool.map(lambda item: check(*item), work))
    failures = [text for text in said if text]
    for text in failures:
        print(text)
    for start, reason in NEEDS_EXCEPTIONS.items():
        print(f"not asked to compile with -fno-exceptions: {start} ({reason})")
    print(f"headers: {len(work) - len(failures)} passed, {len(failures)} failed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
