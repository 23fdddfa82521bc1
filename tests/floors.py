#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""floors.py: holds the tree to its floors. A header includes only lower ones, never its own floor and
never upwards; and a few rules of the house that a reader would otherwise have to check by eye."""
import pathlib
import re
import statistics
import subprocess
import sys

# Headers of the core, by floor, as paths below include/outlast without ".hpp". A fraction is a step
# inside a floor: 6.1 may include 6. Rows for headers not written yet do no harm.
FLOORS = {
    0: "config lesser heap_array",
    0.1: "invoke",
    1: "time ratio label callback refusal",
    1.1: "random counter",
    2: "latencies step backoff tally freshness lru text ramp running_calls circuit_control",
    2.1: "count_window time_window exact_window probes open_time event report",
    2.2: "window counts",
    2.3: "circuit_facts",
    2.4: "circuit_options circuit_log",
    2.5: "circuit_watch circuit_trial",
    3: "guarded permit error store success_lines cache_options",
    3.05: "shared_word atomic_word counter_lines cache_later",
    3.1: "machine flights permits circuit budget refresh",
    3.12: "cache_access cache_asking",
    3.15: "circuit_gate cache_run hedge_options",
    3.2: "names",
    3.25: "circuit_telling circuit_run event_text",
    4: "retry timeout late_value loses_nothing circuit_breaker cache_aside fallback basic_keyed basic_failure_memo bulkhead hedge",
    5: "nest fan order",
    5.1: "pipeline worst_case notes",
    5.2: "describe failover",
    6: "failure call slot",
    6.1: "result",
    6.2: "outcome make",
    6.25: "fallback_answer judged",
    6.3: "hand",
    7: "run virtual_time thread_lock",
    7.05: "threads",
    7.1: "simulated_run keyed failure_memo",
    7.2: "world",
    7.3: "simulate",
}
BESIDE_UMBRELLAS = {"asio"}            # headers of the folder beside that bears their name
UMBRELLA = "outlast"                   # includes every header above, and nobody includes it back
NOT_IN_UMBRELLA = {"virtual_time", "simulated_run", "world", "simulate", "describe", "notes", "event_text",
                   # what only these need: keyed, failure_memo, failover, bulkhead, hedge, late_value, loses_nothing
                   "basic_keyed", "keyed", "lru", "failover", "basic_failure_memo", "failure_memo",
                   "bulkhead", "permits", "atomic_word", "hedge", "hedge_options", "latencies", "late_value",
                   "loses_nothing"}
BESIDE = {"cache", "asio", "oauth2", "http", "metrics", "redis"}  # folders on top of the core, free among themselves

TOP_LEVEL = {"include", "tests", "bench", "examples", "meson.build", "README.md", "LICENSE"}
LONGEST, LONGEST_MEDIAN = 400, 150     # lines of a header
IN_FLOORS_0_TO_5 = [r"::now\s*\(", r"\bstd::mutex\b", r"<mutex>", r"<thread>", r"\bstd::j?thread\b",
                    r"boost/asio", r"sleep"]
NO_SPDX = {".json", ".pem", ".md", ".txt", ".csv", ".svg", ".png", ".http"}  # no place for a comment
# Pieces, so that this file does not find itself.
MACHINE = [r"(?<![\w.])/" + r"work(?![\w-])", r"\.\./" + r"shared\b", r"\bregistry\." + r"npmjs\b",
           r"\bpypi\." + r"org\b", r"\bproxy\." + r"golang\b"]

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "outlast"
FLOOR_OF = {name: floor for floor, names in FLOORS.items() for name in names.split()}


def files(which="-zco"):
    """Every file of the tree that git does not ignore, as a path relative to the root."""
    try:
        listed = subprocess.run(["git", "ls-files", which, "--exclude-standard"], cwd=ROOT, check=True,
                                capture_output=True, text=True).stdout.split("\0")
        found = {pathlib.Path(name) for name in listed if name}
    except (OSError, subprocess.CalledProcessError):  # no git, or an unpacked archive
        away = {".git", ".build", "__pycache__", "node_modules"}
        found = {path.relative_to(ROOT) for path in ROOT.rglob("*")}
        found = {path for path in found if not away & set(path.parts)}
    return sorted(path for path in found if (ROOT / path).is_file())


def text_of(path):
    return (ROOT / path).read_text(errors="replace")


def code_of(text):
    """The text without comments and without the insides of string literals (an include keeps its name)."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|(?P<inc>^[ \t]*#[ \t]*include[^\n]*)|"(?:\\.|[^"\\\n])*"'
                       r"|'(?:\\.|[^'\\\n])'", re.S | re.M)
    return token.sub(lambda m: re.sub(r"/[/*].*", "", m["inc"]) if m["inc"] else
                     '""' if m[0][0] in "'\"" else "\n" * m[0].count("\n"), text)


class Header:
    def __init__(self, path):
        self.path = path
        self.name = path.relative_to("include/outlast").with_suffix("").as_posix()
        self.folder = self.name.split("/")[0] if "/" in self.name else ""
        self.text = text_of(path)
        self.code = code_of(self.text)
        self.floor = FLOOR_OF.get(self.name)
        self.beside = self.folder in BESIDE or self.name in BESIDE_UMBRELLAS
        self.includes = []
        for quote, target in re.findall(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', self.code, re.M):
            inside = quote == '"' and (ROOT / path.parent / target)
            if target.startswith("outlast/"):
                self.includes.append(target.removeprefix("outlast/").removesuffix(".hpp"))
            elif inside and inside.resolve().is_relative_to(INCLUDE):
                self.includes.append(
                    inside.resolve().relative_to(INCLUDE).as_posix().removesuffix(".hpp"))


TREE = files()
HEADERS = [Header(path) for path in TREE if path.is_relative_to("include/outlast")
           and path.suffix == ".hpp"]
CORE = [header for header in HEADERS if header.floor is not None]


def has_a_floor():
    for h in HEADERS:
        if h.floor is None and not h.beside and h.name != UMBRELLA:
            yield f"{h.path} stands on no floor: give it one in FLOORS of tests/floors.py."


def includes_go_down():
    for h in CORE:
        for name in h.includes:
            if name in FLOOR_OF and FLOOR_OF[name] >= h.floor:
                yield (f"{h.path} (floor {h.floor}) includes outlast/{name}.hpp (floor {FLOOR_OF[name]}): "
                       f"what both need goes to a floor below {min(h.floor, FLOOR_OF[name])}.")


def core_knows_no_neighbour():
    for h in CORE:
        for name in h.includes:
            if name in {UMBRELLA, *BESIDE_UMBRELLAS} or name.split("/")[0] in BESIDE and "/" in name:
                yield f"{h.path} is core and includes outlast/{name}.hpp: turn the dependency round."


def low_floors_know_no_clock_thread_or_mutex():
    for h in CORE:
        for pattern in IN_FLOORS_0_TO_5 if h.floor < 6 else []:
            for hit in re.finditer(pattern, h.code):
                line = h.code.count("\n", 0, hit.start()) + 1
                yield (f"{h.path}:{line} names `{hit[0]}` on floor {h.floor}: a policy is told the time "
                       "and never waits; move it to a driver (floor 7).")


def core_knows_no_asio():
    for h in CORE:
        if re.search(r"boost/(asio|beast)", h.code):
            yield f"{h.path} includes Asio, which the core does not know: move it below asio/."


def umbrella_covers_the_core():
    umbrella = next((h for h in HEADERS if h.name == UMBRELLA), None)
    if umbrella is None:
        yield f"include/outlast/{UMBRELLA}.hpp is missing: write it, including every header of the core."
        return
    for h in CORE:
        if h.name not in umbrella.includes and h.name not in NOT_IN_UMBRELLA:
            yield f"{umbrella.path} leaves out outlast/{h.name}.hpp: include it."
    for name in umbrella.includes:
        if name not in FLOOR_OF or name in NOT_IN_UMBRELLA:
            yield f"{umbrella.path} includes outlast/{name}.hpp, which users ask for by name: take it out."


def each_header_has_a_test():
    for h in HEADERS:
        test = pathlib.Path("tests", h.name + ".cpp")
        if test not in TREE:
            yield f"{h.path} has no test: write {test}."


def each_test_is_built():
    """A test that no meson.build names never runs."""
    for path in TREE:
        if path.parts[0] != "tests" or path.suffix != ".cpp" or path.is_relative_to("tests/refusals"):
            continue
        builds = [folder / "meson.build" for folder in path.parents if (folder / "meson.build") in TREE]
        if not any(f"'{name.as_posix()}'" in text_of(build) for build in builds
                   for name in (path.relative_to(build.parent), path.relative_to(build.parent).with_suffix(""))):
            yield f"{path} is built by nobody: name it in {path.parent / 'meson.build'} or the one above."


def no_header_is_long():
    for h in HEADERS:
        lines = h.text.count("\n")
        if lines > LONGEST:
            yield f"{h.path} has {lines} lines, more than {LONGEST}: split it."


def headers_are_short():
    if HEADERS:
        median = statistics.median(h.text.count("\n") for h in HEADERS)
        print(f"{len(HEADERS)} headers, {median:g} lines in the median")
        if median >= LONGEST_MEDIAN:
            yield f"include/outlast has headers of {median:g} lines in the median, not under {LONGEST_MEDIAN}: split."


def each_file_has_its_licence():
    for path in TREE:
        if path.parts[0] not in ("include", "tests", "bench", "examples") or path.suffix in NO_SPDX:
            continue
        if not any("SPDX-License-Identifier: BSL-1.0" in line for line in text_of(path).splitlines()[:3]):
            yield f"{path} does not say its licence: start it with `SPDX-License-Identifier: BSL-1.0` in a comment."


def include_guards_follow_the_path():
    for h in HEADERS:
        guard = "OUTLAST_" + re.sub(r"\W", "_", h.name).upper() + "_HPP"
        first = re.findall(r"^[ \t]*#.*$", h.code, re.M)[:2]
        if [line.split() for line in first] != [["#ifndef", guard], ["#define", guard]]:
            yield f"{h.path} is not guarded by its path: its first directives are #ifndef and #define {guard}."


def top_level_is_fixed():
    # What git does not know is the newcomer's own: a first program, a build.
    known = files("-z") or TREE
    for name in sorted({path.parts[0] for path in known} - TOP_LEVEL):
        if not name.startswith("."):
            yield f"{name} does not belong at the top level: move it below one of {' '.join(sorted(TOP_LEVEL))}."


def no_file_names_a_machine():
    for path in TREE:
        text = text_of(path)
        for pattern in MACHINE:
            for hit in re.finditer(pattern, text):
                line = text.count("\n", 0, hit.start()) + 1
                yield f"{path}:{line} names `{hit[0]}`, a place of one machine: say it without."


RULES = [has_a_floor, includes_go_down, core_knows_no_neighbour, low_floors_know_no_clock_thread_or_mutex,
         core_knows_no_asio, umbrella_covers_the_core, each_header_has_a_test, each_test_is_built,
         no_header_is_long, headers_are_short, each_file_has_its_licence, include_guards_follow_the_path,
         top_level_is_fixed, no_file_names_a_machine]


def main():
    failed = 0
    for rule in RULES:
        complaints = list(rule())
        failed += bool(complaints)
        for complaint in complaints:
            print(f"{rule.__name__}: {complaint}")
    print(f"floors: {len(RULES) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
