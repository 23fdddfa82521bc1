#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""headers.py [COMPILER...]: each header under include/outlast compiles as the only include of a file,
and included twice, without a warning; and without exceptions where it does not need them."""
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
    for header in sorted(ROOT.glob("include/outlast/**/*.hpp")):
        name = header.relative_to(ROOT / "include" / "outlast").as_posix()
        for compiler in compilers:
            yield name, compiler, []
            # One compiler is enough for what only the language says.
            if compiler == compilers[0] and not any(
                    name.startswith(start) for start in NEEDS_EXCEPTIONS):
                yield name, compiler, ["-fno-exceptions"]


def check(name, compiler, extra):
    """None when it compiles, else what the compiler said."""
    boost = os.environ.get("BOOST_ROOT")
    boost = ["-isystem", boost + "/include", "-isystem", boost] if boost else []
    command = [compiler, *FLAGS, *extra, "-I", "include", *boost, "-x", "c++", "-"]
    twice = f"#include <outlast/{name}>\n#include <outlast/{name}>\n"
    run = subprocess.run(command, input=twice, capture_output=True, text=True, cwd=ROOT)
    return None if run.returncode == 0 else f"--- {name}: {' '.join(command)}\n{run.stderr}"


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
        if any(name.startswith(start) for name, _, _ in work):
            print(f"not asked to compile with -fno-exceptions: {start} ({reason})")
    print(f"headers: {len(work) - len(failures)} passed, {len(failures)} failed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
