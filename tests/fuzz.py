#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""fuzz.py FOLDER [--seconds N]: each fuzzer built in FOLDER tries its seeds, and then for N seconds (3) whatever it
makes of them. What breaks one is shown, and kept in FOLDER."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEEDS = ROOT / "tests" / "fuzz" / "seeds"
LIMITS = ["-max_len=70000", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]


def run(program, seconds):
    """What is wrong, or nothing; and how many inputs were tried."""
    name = program.name.removeprefix("fuzz_")
    seeds = SEEDS / name
    if not any(seeds.glob("*")):
        return f"there are no seeds in {seeds.relative_to(ROOT)}", 0
    with tempfile.TemporaryDirectory() as found:  # what it finds worth keeping goes there, not to the seeds
        done = subprocess.run(
            [program, *LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={program.parent}/{name}-", found, seeds],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=seconds + 120)
    tried = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stdout)
    if done.returncode == 0 and tried:
        return None, int(tried[1])
    return done.stdout[-6000:], 0  # with the input, as base64


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=3)
    asked = parser.parse_args()
    programs = sorted(p for p in asked.folder.resolve().glob("fuzz_*") if p.is_file() and os.access(p, os.X_OK))
    jobs = int(os.environ.get("OUTLAST_JOBS") or len(os.sched_getaffinity(0)))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(lambda p: run(p, asked.seconds), programs))
    for program, (wrong, tried) in zip(programs, outcomes):
        print(f"{program.name}: {wrong or f'{tried} inputs'}")
    failed = sum(wrong is not None for wrong, _ in outcomes)
    if not programs:
        print(f"there is no fuzzer in {asked.folder}")
    print(f"fuzz: {len(programs) - failed} passed, {failed + (not programs)} failed")
    return failed > 0 or not programs


if __name__ == "__main__":
    sys.exit(main())
