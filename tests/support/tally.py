#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""tally.py BUILD TALLY: the test cases of the last `meson test` in BUILD, counted.

TALLY is the folder where catch_main.cpp noted each Catch2 case. A program that noted nothing is one
test. A program that failed although none of its cases did (a sanitizer's report at exit, a time
limit) is one failure. The output of each failed program is printed in full.
"""
import json
import pathlib
import sys


def cases_of(tally, program):
    """(passed, names of the failed, names and reasons of the skipped) of a program; None if it noted none."""
    files = list(tally.glob(program + ".*"))
    if not files:
        return None
    passed, failed, skipped = 0, [], []
    for file in files:
        running = None
        for line in file.read_text(errors="replace").splitlines():
            what, _, name = line.partition(" ")
            if what == "start":
                running = name
                continue
            running = None
            passed += what == "pass"
            if what == "fail":
                failed.append(name)
            if what == "skip":
                skipped.append(name)
        if running is not None:
            failed.append(running + " (the program ended in it)")
    return passed, failed, skipped


def main():
    build, tally = map(pathlib.Path, sys.argv[1:])
    log = build / "meson-logs" / "testlog.json"
    runs = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    by_program = {}
    for run in runs:
        by_program.setdefault(pathlib.Path(run["command"][0]).name, []).append(run)

    passed = failed = skipped = 0
    for program, program_runs in sorted(by_program.items()):
        bad = [run for run in program_runs if run["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")]
        for run in bad:
            print(f"--- {run['name']}: {run['result']} (exit {run['returncode']})")
            print(run.get("stdout") or "", run.get("stderr") or "", sep="")
        cases = cases_of(tally, program)
        if cases is None:
            left_out = [run for run in program_runs if run["result"] == "SKIP"]
            for run in left_out:
                print(f"SKIPPED {run['name']}: {(run.get('stdout') or 'it gave no reason').strip()}")
            failed += len(bad)
            skipped += len(left_out)
            passed += len(program_runs) - len(bad) - len(left_out)
            continue
        for name in cases[1]:
            print(f"failed: {program}: {name}")
        for name in cases[2]:
            print(f"SKIPPED {program}: {name}")
        passed += cases[0]
        failed += len(cases[1]) or len(bad)
        skipped += len(cases[2])
    print(f"tests: {passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
