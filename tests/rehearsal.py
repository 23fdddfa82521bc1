#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Holds the figures of rehearsals (`examples/run --quick [--async] --json FILE`) to what is promised; of several,
to telling the same story.

Usage: tests/rehearsal.py FILE...
"""
import json
import sys

PHASES = ["healthy", "killed", "frozen", "overloaded", "recovered"]
OUTAGES = ["killed", "frozen", "overloaded"]
CALLS_IN_10_S = 30


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def that(self, holds, sentence):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(("ok    " if holds else "FAIL  ") + sentence)


def ms(figure):
    return "none" if figure is None else f"{figure:.1f} ms"


def check_phases(checks, phases):
    checks.that([p["name"] for p in phases] == PHASES, "the phases are " + ", ".join(PHASES))
    for phase in phases:
        checks.that(phase["seconds"] > 0, f"{phase['name']} lasted {phase['seconds']:.1f} s")
        for side in ("bare", "outlast"):
            checks.that(phase[side]["requests"] > 0,
                        f"{phase['name']}: {side} got {phase[side]['requests']} requests")


def check_outage(checks, phase, attempt_timeout):
    name, outlast, bare = phase["name"], phase["outlast"], phase["bare"]
    first, p99 = outlast["unknown_first_ms"], outlast["unknown_p99_ms"]
    # Bounds that a busy machine keeps, and an API that waits for the server does not.
    checks.that(first is not None and first <= 2 * attempt_timeout,
                f"{name}: the first unknown token was answered in {ms(first)} "
                f"(attempt timeout {attempt_timeout} ms)")
    checks.that(p99 is not None and p99 < attempt_timeout / 2,
                f"{name}: with the breaker open, unknown tokens were answered in {ms(p99)} (p99)")
    limit = CALLS_IN_10_S * max(phase["seconds"], 10) / 10
    checks.that(outlast["server_calls"] <= limit,
                f"{name}: outlast called the server {outlast['server_calls']} times "
                f"(at most {limit:.0f})")
    checks.that(outlast["known_requests"] > 0,
                f"{name}: outlast was asked {outlast['known_requests']} times about tokens it knew")
    checks.that(bare["valid_refused"] > 0,
                f"{name}: the bare API refused {bare['valid_refused']} requests with known tokens")
    checks.that(bare["false_401"] > 0,
                f"{name}: the bare API answered {bare['false_401']} valid tokens 401")


def check_totals(checks, totals):
    outlast = totals["outlast"]
    for figure, meaning in {
        "false_401": "answered 401 to a valid token",
        "valid_refused": "refused a valid token that it had served before",
        "revoked_accepted_after_live": "accepted a revoked token after a live verdict on it",
        "expired_accepted": "accepted an expired token",
        "retry_after_missing": "answered 503 without Retry-After",
    }.items():
        checks.that(outlast[figure] == 0, f"outlast {meaning} {outlast[figure]} times")


def check_story(checks, figures):
    print("on coroutines:" if figures["async"] else "on threads:")
    check_phases(checks, figures["phases"])
    for phase in figures["phases"]:
        if phase["name"] in OUTAGES:
            check_outage(checks, phase, figures["attempt_timeout_ms"])
    check_totals(checks, figures["totals"])


def told(figures):
    """What of a story does not depend on chance."""
    return figures["verdict"]["kept"], [phase["name"] for phase in figures["phases"]]


def main(arguments):
    if not arguments:
        sys.exit("usage: tests/rehearsal.py FILE...")
    stories = []
    for name in arguments:
        with open(name, encoding="utf-8") as file:
            stories.append(json.load(file))
    checks = Checks()
    for figures in stories:
        check_story(checks, figures)
    if len(stories) > 1:
        checks.that(len({figures["async"] for figures in stories}) == 2, "there is one of each kind")
        checks.that(all(told(figures) == told(stories[0]) for figures in stories), "they tell the same story")
    print(f"rehearsal: {checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
