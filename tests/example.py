#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""example.py PROGRAM SOURCE: runs an example and compares what it prints with its last comment."""
import difflib
import subprocess
import sys

program, source = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    lines = file.read().rstrip().split("\n")
expected = []
while lines and lines[-1].startswith("//"):
    expected.insert(0, lines.pop()[2:].removeprefix(" "))
if not expected:
    sys.exit(f"{source}: the last comment, which holds the output, is missing.")
run = subprocess.run([program], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
printed = run.stdout.rstrip("\n").split("\n")
if run.returncode != 0 or printed != expected:
    print("\n".join(difflib.unified_diff(expected, printed, "its last comment", "its output", lineterm="")))
    sys.exit(f"{program}: exit code {run.returncode}; {run.stderr}")
