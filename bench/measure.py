# SPDX-License-Identifier: BSL-1.0
"""measure.py BUILD_DIR [--quick] [--json FILE] [--markdown]: runs the programs that bench/run has built.

The machine may be busy with other things. So a round is made of many short runs in random order, and those in
which a thread was preempted are left out; ratios are taken within a round; and what is shown is the median of
the rounds, each of which starts the programs anew."""
import argparse
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile

import figures
import server

ROOT = pathlib.Path(__file__).resolve().parent.parent
FEWEST = 5          # undisturbed runs below which the disturbed ones count too


class Skipped(Exception):
    """Why something could not be measured."""


def say(what):
    print(what, file=sys.stderr, flush=True)


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{pathlib.Path(command[0]).name} failed: {(done.stderr.strip() or 'no reason given')[-300:]}")
    return done.stdout + done.stderr if "valgrind" in command[0] else done.stdout


def typical(runs):
    """Of the runs of one benchmark. Other work on the machine only ever adds, on some days to nearly all of the
    runs, so one thread is taken at its best; of two, which get in each other's way, the lower quartile."""
    quiet = sorted(run["ns"] for run in runs if run["preempted"] == 0)
    if len(quiet) < FEWEST:
        quiet = sorted(run["ns"] for run in runs)
    return quiet[0 if runs[0]["threads"] == 1 else len(quiet) // 4]


def timings(program, repetitions):
    """One round of a program: its benchmarks in random order, repeated."""
    report = json.loads(output_of(
        str(program), "--benchmark_format=json", "--benchmark_min_time=0.002",
        f"--benchmark_repetitions={repetitions}", "--benchmark_enable_random_interleaving=true",
        *([] if cpu_count() > 1 else ["--benchmark_filter=-threads:2$"])))
    runs = {}
    for run in report["benchmarks"]:
        if run.get("run_type") == "iteration":
            name = run["run_name"].split("/")[0]
            runs.setdefault(name if run["threads"] == 1 else f"{name}:{run['threads']}", []).append(run)
    found = {name: typical(of_name) for name, of_name in runs.items()}
    for name, of_name in runs.items():
        if "allocations" in of_name[0]:
            found["allocations_" + name] = max(run["allocations"] for run in of_name)
    return found


def instructions(program, subject):
    """A call's instructions: what ten thousand more calls add."""
    def counted(times):
        try:
            said = output_of(shutil.which("valgrind"), "--tool=callgrind", "--callgrind-out-file=/dev/null",
                             str(program), subject, str(times))
        except OSError as problem:     # it may not know this processor: nobody's fault
            raise Skipped(problem) from problem
        return int(re.search(r"Collected : (\d+)", said)[1])
    return round((counted(11_000) - counted(1_000)) / 10_000, 1)


def timers_set(program, calls):
    """System calls that set a timer, for each call."""
    if shutil.which("strace") is None:
        raise Skipped("strace is not installed")
    with tempfile.NamedTemporaryFile("r") as told:
        command = [shutil.which("strace"), "-f", "-e", "trace=timerfd_settime", "-o", told.name]
        # It needs leave to trace, which a container may not give: nobody's fault.
        if subprocess.run(command + ["true"], capture_output=True).returncode != 0:
            raise Skipped("strace may not trace here")
        output_of(*command, str(program), str(calls))
        return {"async_timerfd": sum("timerfd_settime(" in line for line in told) / calls}


def compile_times(compiler, pairs):
    """User seconds for the includes alone: outlast, and what anybody needs for times and results."""
    command = shlex.split(compiler) + ["-std=c++20", "-O2", "-DNDEBUG", f"-I{ROOT / 'include'}"]
    boost = os.environ.get("BOOST_ROOT")
    command += [f"-I{boost}", f"-I{boost}/include"] if boost else []
    base = "#include <chrono>\n#include <boost/outcome/std_result.hpp>\n"
    sources = {"compile_outlast": "#include <outlast/outlast.hpp>\n",
               "compile_base": base,
               # No way around them: threads, mutexes and stop tokens are what a blocking call waits with,
               # tuples what a pipeline is.
               "compile_standard": base + "".join(
                   f"#include <{name}>\n" for name in
                   "array atomic condition_variable mutex optional stop_token thread tuple".split()),
               # An umbrella that had only these would cost so much.
               "compile_least": "".join(
                   f"#include <outlast/{name}.hpp>\n" for name in "run pipeline retry timeout".split())}
    spent = {name: [] for name in sources}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(pairs + 1):      # the first brings the files into memory
            for name, text in sources.items():
                source = pathlib.Path(folder, name + ".cpp")
                source.write_text(text)
                before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
                done = subprocess.run(command + ["-c", str(source), "-o", "/dev/null"], capture_output=True,
                                      text=True, env={**os.environ, "CCACHE_DISABLE": "1"})
                if done.returncode != 0:
                    raise OSError(f"{compiler} could not compile the headers: {done.stderr[-300:]}")
                if turn > 0:
                    spent[name].append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return {name: min(times) for name, times in spent.items()}      # other work only ever adds


def cpu_count():
    return len(os.sched_getaffinity(0))


class Measurements:
    """All rounds, and why some things are not in them."""

    def __init__(self):
        self.rounds = []
        self.skipped = []          # (what, reason)
        self.failed = False        # something was there, and did not work

    def attempt(self, what, into, measure, *arguments):
        try:
            into.update(measure(*arguments))
        except (Skipped, OSError, ValueError, KeyError, TypeError) as problem:
            self.failed = self.failed or not isinstance(problem, Skipped)
            if what not in [name for name, _ in self.skipped]:
                self.skipped.append((what, str(problem)))
                say(f"SKIPPED {what}: {problem}")

    def spread(self, formula):
        """The values of a formula over the rounds; none where something was not measured."""
        found = []
        for one in self.rounds:
            try:
                found.append(formula(one))
            except KeyError:
                pass
        return found


def take_all(build, quick):
    all_of_it = Measurements()
    counts = {}
    say("counting allocations and bytes ...")
    all_of_it.attempt("allocations and bytes", counts,
                      lambda: json.loads(output_of(str(build / "bench_allocations"))))
    say("calling a server that never answers ...")
    all_of_it.attempt("calls to a server that never answers", counts,
                      lambda: json.loads(output_of(str(build / "bench_hung"))))
    say("bringing made-up tokens ...")
    all_of_it.attempt("made-up tokens", counts, lambda: json.loads(output_of(str(build / "bench_flood"))))
    if shutil.which("valgrind") is None:
        all_of_it.attempt("instructions", counts, no_valgrind)
    else:
        say("counting instructions ...")
        for subject in ["call", "composed", "composed_window", "composed_timeless", "rejected"]:
            all_of_it.attempt("instructions", counts, lambda: {
                "instructions_" + subject: instructions(build / "bench_instructions", subject)})
    say("counting system calls ...")
    all_of_it.attempt("system calls", counts, timers_set, build / "bench_async_calls", 20_000)
    say("compiling the headers ...")
    all_of_it.attempt("compile times", counts, compile_times, os.environ.get("CXX") or "g++", 5 if quick else 9)
    rounds, repetitions = (3, 15) if quick else (7, 31)
    for number in range(rounds):
        say(f"measuring: round {number + 1} of {rounds} ...")
        one = dict(counts)
        for program in ["calls", "async", "cache"]:
            all_of_it.attempt(f"bench_{program}", one, timings, build / f"bench_{program}", repetitions)
        if shutil.which("wrk") is None:
            all_of_it.attempt("the server", one, no_wrk)
        else:
            all_of_it.attempt("the server", one, server.round_of, build / "bench_server", 2 if quick else 4)
        all_of_it.rounds.append(one)
    if cpu_count() < 2:
        all_of_it.skipped.append(("two threads", "there is one processor here"))
        say("SKIPPED two threads: there is one processor here")
    return all_of_it


def no_valgrind():
    raise Skipped("valgrind is not installed")


def no_wrk():
    raise Skipped("wrk is not installed")


# ---- what is shown ------------------------------------------------------------------------------------------


def shown(value, unit=""):
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:.{digits}f}" + (f" {unit}" if unit and unit != "×" else unit)


def judged(figure, taken):
    """One row: what it is, the median, least and most of the rounds, the bar, whether it is kept."""
    values = taken.spread(figure.value)
    if not values:
        return [figure.text, "skipped", "", "", ""]
    value = statistics.median(values)
    least, most = shown(min(values)), shown(max(values))
    row = [figure.text, shown(value, figure.unit), "" if least == most else f"{least} – {most}", "", ""]
    if figure.bar is not None:
        bar = statistics.median(taken.spread(figure.bar))
        row[3] = ("≥ " if figure.at_least else "≤ ") + shown(bar, figure.unit)
        row[4] = "ok" if (value >= bar if figure.at_least else value <= bar) else \
            "under" if figure.at_least else "over"
    return row


def costs(taken):
    for name, text in figures.COSTS:
        row = [text]
        for key in (name, name + ":2"):
            values = taken.spread(lambda one: one[key])
            row.append(shown(statistics.median(values)) if values else "")
        if row[1]:
            yield row


def as_text(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    line = lambda row: "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                                 for i, (cell, w) in enumerate(zip(row, widths))).rstrip()
    return "\n".join([line(head), line(["-" * w for w in widths]), *map(line, rows)])


def as_markdown(head, rows):
    line = lambda row: "| " + " | ".join(row) + " |"
    return "\n".join([line(head), line(["---"] + ["---:"] * (len(head) - 1)), *map(line, rows)])


def machine():
    """What was measured on, in a line."""
    model = "an unknown processor"
    try:
        model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        pass
    compiler = subprocess.run(shlex.split(os.environ.get("CXX") or "g++") + ["--version"],
                              capture_output=True, text=True).stdout.splitlines()[:1]
    return f"{cpu_count()} × {model}, {''.join(compiler)}, -O2 -DNDEBUG"


def show_table(taken, of, markdown, further=()):
    """The figures with their bars, further tables, what was skipped, how many bars were kept."""
    table = as_markdown if markdown else as_text
    print(machine() + ("\n" if markdown else ""))
    rows = [judged(figure, taken) for figure in of]
    print(table(["figure", "median", "over the rounds", "bar", ""], rows))
    for head, lines in further:
        print("\n" + table(head, lines))
    for what, why in taken.skipped:
        print(f"\nSKIPPED {what}: {why}")
    verdicts = [row[4] for row in rows]
    print(f"\n{verdicts.count('ok')} bars kept, {verdicts.count('over') + verdicts.count('under')} missed")


def middle(taken, formula):
    values = taken.spread(formula)
    return round(statistics.median(values), 4) if values else None


def tables(taken):
    return [(["ns a call", "1 thread", "2 threads, each"], list(costs(taken)))]


def details_of(taken):
    found = {}
    for name, _ in figures.COSTS:
        found[name + "_ns"] = middle(taken, lambda one: one[name])
        both = middle(taken, lambda one: one[name + ":2"])
        if both is not None:
            found[name + "_2t_ns"] = both
    for name in figures.COUNTED:
        found[name] = middle(taken, lambda one: one[name])
    return found


def program(take, of, further=lambda taken: (), details=lambda taken: {}):
    """What a program of this folder does with its arguments. \return its exit code
    \param take    measures: (build folder, whether few rounds will do)
    \param further tables besides that of the figures; `details`: numbers for the JSON file"""
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    taken = take(asked.build.resolve(), asked.quick)
    show_table(taken, of, asked.markdown, further(taken))
    if asked.json:
        found = {figure.name: middle(taken, figure.value) for figure in of} | details(taken)
        found["skipped"] = [f"{what}: {why}" for what, why in taken.skipped]
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    return 1 if taken.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(program(take_all, figures.FIGURES, tables, details_of))
    except KeyboardInterrupt:
        sys.exit(130)
