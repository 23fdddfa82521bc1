#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""doc_examples.py: what the documentation shows compiles, and prints what it says.

In a header that is each block

    /// **Example**
    ///
    ///     code, as in a function body
    ///     std::cout << 6 * 7;   // 42

or a line `/// **Example** `a/file/of/ours``, which must exist; in README.md each ```cpp block with a
main(). What is printed stands behind a line with std::cout, or in comment lines below the first such
line; line breaks and blanks count as one blank, so that a long line may be broken."""
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
AT = ROOT / ".build" / "docs"
COMPILER = shlex.split(os.environ.get("CXX") or "g++")
FLAGS = "-std=c++20 -Wall -Wextra -Werror -pthread -I include".split()
BEFORE = """\
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/describe.hpp>
#include <outlast/event_text.hpp>
#include <outlast/failover.hpp>
#include <outlast/failure_memo.hpp>
#include <outlast/hedge.hpp>
#include <outlast/keyed.hpp>
#include <outlast/late_value.hpp>
#include <outlast/loses_nothing.hpp>
#include <outlast/simulate.hpp>

#include <iostream>
#include <string>
#include <thread>
using namespace std::chrono_literals;
using namespace outlast::literals;
"""


class Example:
    def __init__(self, path, line, code):
        self.place = f"{path.relative_to(ROOT)}:{line}"
        # The compiler then speaks of the place in the documentation.
        self.code = f'#line {line} "{path.relative_to(ROOT)}"\n' + "\n".join(code) + "\n"
        expected, printing = [], False
        for text in code:
            prints = "std::cout" in text
            printing |= prints
            comment = re.search(r"(^|\s)//(.*)", text)
            if comment and (prints or (printing and text.lstrip().startswith("//"))):
                expected.append(comment[2])
        self.expected = " ".join(" ".join(expected).split())

    def complaint(self, command):
        """What is wrong with it, or None."""
        if not self.expected:
            return "it does not say what it prints: write that behind its std::cout as a comment"
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return "it did not end within a minute"
        printed = " ".join(done.stdout.split())
        if done.returncode != 0 or printed != self.expected:
            return f"says  `{self.expected}`\nprints `{printed}`; exit code {done.returncode} {done.stderr}"
        return None


def of_header(path, complaints):
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        marker = re.match(r"\s*/// \*\*Example\*\*(?: `([^`]+)`\.?$)?", line)
        if not marker:
            continue
        # Behind an empty line, as far as it is indented.
        code = []
        for text in lines[number + 2:]:
            if not re.match(r"\s*///(     |$)", text):
                break
            code.append(re.sub(r"^\s*///( {5})?", "", text))
        if any(code):
            yield Example(path, number + 3, code)
        elif not (marker[1] and (ROOT / marker[1]).is_file()):
            complaints.append(f"{path.relative_to(ROOT)}:{number + 1}: no code follows, and no file of that name exists")


def of_readme(path):
    text = path.read_text()
    for block in re.finditer(r"^```cpp\n(.*?)^```", text, re.M | re.S):
        if "int main(" in block[1]:
            yield Example(path, text.count("\n", 0, block.start(1)) + 1, block[1].splitlines())


def compile_to(program, source):
    """What the compiler said, or None."""
    boost = os.environ.get("BOOST_ROOT")
    boost = ["-isystem", boost + "/include", "-isystem", boost] if boost else []
    program.with_suffix(".cpp").write_text(source)
    command = [*COMPILER, *FLAGS, *boost, str(program.with_suffix(".cpp")), "-o", str(program)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
    return None if done.returncode == 0 else f"$ {shlex.join(command)}\n{done.stderr}"


def main():
    AT.mkdir(parents=True, exist_ok=True)
    complaints, passed = [], 0
    in_headers = [example for path in sorted(ROOT.glob("include/outlast/**/*.hpp"))
                  for example in of_header(path, complaints)]
    bodies = "".join(f"static void example_{i}() {{\n{e.code}}}\n" for i, e in enumerate(in_headers))
    cases = "".join(f"    if (which == {i}) example_{i}();\n" for i in range(len(in_headers)))
    # One program for all headers: most of the time goes into the includes.
    programs = [("headers", BEFORE + bodies + f"int main(int, char** arguments) {{\n"
                 f"    const int which = std::stoi(arguments[1]);\n{cases}}}\n", in_headers)]
    for i, example in enumerate(of_readme(ROOT / "README.md")):
        programs.append((f"readme_{i}", example.code, [example]))
    jobs = int(os.environ.get("OUTLAST_JOBS") or len(os.sched_getaffinity(0)))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        compiled = list(pool.map(lambda program: compile_to(AT / program[0], program[1]), programs))
    for (name, _, examples), said in zip(programs, compiled):
        if said:
            complaints.append(f"the examples of {name} do not compile:\n{said}")
            continue
        for i, example in enumerate(examples):
            complaint = example.complaint([str(AT / name), str(i)])
            passed += complaint is None
            if complaint:
                complaints.append(f"{example.place}: {complaint}")
    for complaint in complaints:
        print(complaint)
    print(f"docs: {passed} passed, {len(complaints)} failed")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
