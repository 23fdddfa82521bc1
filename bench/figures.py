# SPDX-License-Identifier: BSL-1.0
"""figures.py: the figures that bench/run shows, each a formula over what one round measured, with its bar.

A round is a dict from names to numbers: nanoseconds of the benchmarks ("clock"; "composed:2" by two threads
at once, as each of them sees it), counts of the other programs."""
import collections

# figure: name in JSON. bar: the most it may be (or with at_least: the least), None if it is only for the record.
Figure = collections.namedtuple("Figure", "name text unit value bar at_least", defaults=(False,))


def composed_bar(m):
    return 1.15 * 2 * m["clock"] + 8


def twice(name):
    """What a second thread on the same object costs each of the two."""
    return lambda m: m[name + ":2"] / m[name]


FIGURES = [
    Figure("composed_2reads_ns", "composed success (fallback, retry, breaker, timeout), 2 clock reads", "ns",
           lambda m: m["composed"], composed_bar),
    Figure("composed_window_2reads_ns", "the same, the breaker with a window of time", "ns",
           lambda m: m["composed_window"], composed_bar),
    Figure("clock_read_ns", "one steady_clock::now", "ns", lambda m: m["clock"], None),
    Figure("composed_coarse_over_clock", "composed success with a coarse clock, over one steady read", "×",
           lambda m: m["composed_coarse"] / m["clock"], lambda m: 0.7),
    Figure("composed_window_coarse_over_clock", "the same, the breaker with a window of time", "×",
           lambda m: m["composed_window_coarse"] / m["clock"], lambda m: 0.7),
    Figure("composed_noclock_over_call", "composed success without the timeout (no clock), over a noinline call",
           "×", lambda m: m["composed_timeless"] / m["call"], lambda m: 4),
    Figure("composed_instructions", "instructions of a composed success, without the clock's", "",
           lambda m: m["instructions_composed"], lambda m: 130),
    Figure("composed_window_instructions", "the same, the breaker with a window of time", "",
           lambda m: m["instructions_composed_window"], lambda m: 130),
    Figure("breaker_consecutive_ns", "breaker without time, over the bare call", "ns",
           lambda m: m["breaker_consecutive"] - m["call"], lambda m: 2),
    Figure("breaker_window_over_clock", "breaker with a window of time, over one steady read", "×",
           lambda m: m["breaker_window"] / m["clock"], lambda m: 1 + 5 / m["clock"]),
    Figure("breaker_window_minus_clock_ns", "the same, what is left of it without the read", "ns",
           lambda m: m["breaker_window"] - m["clock"], lambda m: 5),
    Figure("breaker_2t_over_1t", "one breaker by two threads, over one (the worse of the two kinds)", "×",
           lambda m: max(twice("breaker_consecutive")(m), twice("breaker_window")(m)), lambda m: 1.5),
    Figure("breaker_consecutive_2t_over_1t", "… without time", "×", twice("breaker_consecutive"), lambda m: 1.5),
    Figure("breaker_window_2t_over_1t", "… with a window of time", "×", twice("breaker_window"), lambda m: 1.5),
    Figure("composed_2t_over_1t", "composed success by two threads, over one", "×", twice("composed"),
           lambda m: 1.5),
    Figure("rejected_over_clock", "refused by an open breaker, over one steady read", "×",
           lambda m: m["rejected"] / m["clock"], lambda m: 1.25),
    Figure("rejected_coarse_ns", "refused by an open breaker, coarse clock", "ns",
           lambda m: m["rejected_coarse"], lambda m: 8),
    Figure("least_rejected_over_clock", "… the same facts written by hand, over one steady read", "×",
           lambda m: m["least_rejected"] / m["clock"], None),
    Figure("least_rejected_coarse_ns", "… by hand, coarse clock", "ns", lambda m: m["least_rejected_coarse"], None),
    Figure("rejected_2t_over_1t", "refused, two threads over one", "×", twice("rejected"), lambda m: 1.5),
    Figure("failed_attempt_ns", "each failed attempt (retry without delay)", "ns",
           lambda m: (m["failures"] - m["no_failure"]) / 8, lambda m: 15),
    Figure("least_failed_attempt_ns", "… a loop by hand that makes the same results", "ns",
           lambda m: (m["least_failures"] - m["least_no_failure"]) / 8, None),
    Figure("composed_over_ordinary", "composed success: how many times faster than by hand", "×",
           lambda m: m["ordinary"] / m["composed"], None, True),
    Figure("async_inline_over_initiation_ns",
           "asynchronous call (retry, breaker, timeout) that ends at once, answered in its own turn of the loop, "
           "over a bare initiation", "ns",
           lambda m: m["async_inline"] - m["async_initiate"], lambda m: 150),
    Figure("least_async_inline_ns", "… with a timeout only, by hand, for a loop of one thread", "ns",
           lambda m: m["least_async_inline"] - m["async_initiate"], None),
    Figure("async_post_over_post", "the same, one that posts once, over the bare one", "×",
           lambda m: m["async_post"] / m["async_post_plain"], lambda m: 1.3),
    Figure("least_async_post_over_post", "… with a timeout only, by hand, for a loop of one thread", "×",
           lambda m: m["least_async_post"] / m["async_post_plain"], None),
    Figure("async_timeout_over_asio_timer", "a timeout around one that posts, what it adds, over a steady_timer", "×",
           lambda m: (m["async_post_timeout"] - m["async_post_plain"]) / m["asio_timer"], lambda m: 0.35),
    Figure("async_timerfd_per_call", "system calls that set a timer, for each such call", "",
           lambda m: m["async_timerfd"], lambda m: 0.01),
    Figure("async_allocations", "allocations of an asynchronous call among others", "",
           lambda m: max(m["allocations_async_inline"], m["allocations_async_post"],
                         m["allocations_async_post_timeout"]), lambda m: 0),
    Figure("cache_hit_over_hash", "known token (digest and hit, 1 000 tokens), over one SHA-256 of it", "×",
           lambda m: m["hit_1k"] / m["sha256"], lambda m: 1.8),
    Figure("cache_hit_2t_scaling", "known token: throughput of two threads over one", "×",
           lambda m: 2 * m["hit_1k"] / m["hit_1k:2"], lambda m: 1.6, True),
    Figure("cache_hit_over_ordinary", "known token: how many times faster than by hand", "×",
           lambda m: m["ordinary_1k"] / m["hit_1k"], lambda m: 3, True),
    Figure("cache_hit_2t_over_ordinary", "the same, two threads", "×",
           lambda m: m["ordinary_1k:2"] / m["hit_1k:2"], lambda m: 7, True),
    Figure("cache_hit_100k_over_ordinary", "the same, one thread, 100 000 tokens", "×",
           lambda m: m["ordinary_100k"] / m["hit_100k"], None, True),
    Figure("cache_hit_100k_2t_over_ordinary", "the same, two threads, 100 000 tokens", "×",
           lambda m: m["ordinary_100k:2"] / m["hit_100k:2"], None, True),
    Figure("cache_lookup_1m_over_1k", "lookup among 1 000 000 tokens, over among 1 000", "×",
           lambda m: m["lookup_1m"] / m["lookup_1k"], lambda m: 8),
    Figure("least_lookup_1m_over_1k", "… in a table that two reads search, with nothing to share or to change", "×",
           lambda m: m["least_lookup_1m"] / m["least_lookup_1k"], None),
    Figure("cache_bytes_per_entry", "memory of an entry, at 1 000 000", "B",
           lambda m: m["cache_bytes_per_entry"], lambda m: 160),
    Figure("allocations", "allocations of a success, a refusal, a failed attempt, a hit", "",
           lambda m: m["allocations_success"] + m["allocations_rejected"] + m["allocations_failed_attempts"]
           + m["allocations_cache_hit"], lambda m: 0),
    Figure("include_cost_over_chrono_std_result",
           "compile time of outlast.hpp, over <chrono> and Outcome's std_result.hpp", "×",
           lambda m: m["compile_outlast"] / m["compile_base"], lambda m: 1.6),
    Figure("include_cost_of_its_standard_headers", "… of the standard headers that its interface is made of", "×",
           lambda m: m["compile_standard"] / m["compile_base"], None),
]

# What was measured, for people: (name, text). With a second thread where it was measured so.
COSTS = [
    ("call", "a noinline call: the work in all that follows"),
    ("clock", "steady_clock::now"),
    ("coarse_clock", "CLOCK_MONOTONIC_COARSE"),
    ("mutex", "std::mutex, lock and unlock"),
    ("empty", "pipeline without policies"),
    ("retry", "retry"),
    ("fallback", "fallback"),
    ("timeout", "timeout"),
    ("timeout_coarse", "timeout, coarse clock"),
    ("keyed", "keyed, over breakers without time"),
    ("breaker_consecutive", "breaker without time"),
    ("breaker_calls", "breaker, the last 100 calls"),
    ("breaker_window", "breaker, the last 10 s"),
    ("breaker_window_coarse", "breaker, the last 10 s, coarse clock"),
    ("composed", "fallback, retry, breaker without time, timeout"),
    ("composed_coarse", "… coarse clock"),
    ("composed_window", "fallback, retry, breaker of the last 10 s, timeout"),
    ("composed_window_coarse", "… coarse clock"),
    ("composed_timeless", "fallback, retry, breaker without time"),
    ("ordinary", "by hand: loop, catch, a mutex, the clock twice"),
    ("rejected", "refused by an open breaker"),
    ("rejected_coarse", "… coarse clock"),
    ("composed_rejected", "refused, and answered by the fallback"),
    ("no_failure", "retry without delay: no failure"),
    ("failures", "retry without delay: eight failures"),
    ("async_initiate", "a bare initiation that ends at once"),
    ("async_inline", "asynchronous: retry, breaker, timeout around it"),
    ("least_async_inline", "… by hand: a timeout, for a loop of one thread"),
    ("async_post_plain", "an operation that posts once, in a loop with a timer"),
    ("async_post", "asynchronous: retry, breaker, timeout around it"),
    ("least_async_post", "… by hand: a timeout, for a loop of one thread"),
    ("async_post_timeout", "asynchronous: a timeout alone around it"),
    ("asio_timer", "steady_timer: made, waited for, cancelled"),
    ("sha256", "SHA-256 of a token of 43 characters, context reused"),
    ("siphash", "token_keyer's digest of it"),
    ("lookup_1k", "lookup in the store, 1 000 tokens"),
    ("lookup_100k", "… 100 000"),
    ("lookup_1m", "… 1 000 000"),
    ("hit_1k", "known token, digest included, 1 000 tokens"),
    ("hit_100k", "… 100 000"),
    ("hit_1m", "… 1 000 000"),
    ("ordinary_1k", "by hand (SHA-256 in hex, map, mutex), 1 000 tokens"),
    ("ordinary_100k", "… 100 000"),
]

# Further numbers for the JSON file, as they were counted.
COUNTED = ["allocations_success", "allocations_rejected", "allocations_failed_attempts", "allocations_cache_hit",
           "allocations_ordinary_cache_hit", "ordinary_bytes_per_entry", "instructions_call",
           "instructions_composed_timeless", "instructions_rejected", "compile_outlast", "compile_base",
           "compile_standard"]
