// SPDX-License-Identifier: BSL-1.0
//
// The pipelines that are measured. `inline` and not `static`: a compiler that sees all uses of a
// variable may take its options for constants.
#ifndef OUTLAST_BENCH_SUBJECTS_HPP
#define OUTLAST_BENCH_SUBJECTS_HPP

#include <outlast/keyed.hpp>
#include <outlast/outlast.hpp>

#include <boost/outcome/std_result.hpp>

#include <time.h> // clock_gettime

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

namespace bench {

using namespace std::chrono_literals;

// ---- what is called

/// The smallest work that is a call: nothing of it can be inlined or foreseen.
[[gnu::noinline]] inline int work(int x) {
    asm volatile("" : "+r"(x));
    return x + 1;
}
inline constexpr auto call_work = [](int x) { return work(x); };

/// Fails as often as `failures` says, then succeeds.
[[gnu::noinline]] inline boost::outcome_v2::std_result<int> work_after(int& failures) {
    asm volatile("" : : "r"(&failures) : "memory");
    if (failures == 0)
        return 1;
    --failures;
    return std::make_error_code(std::errc::connection_refused);
}

// ---- clocks

/// The kernel's last tick: a few milliseconds old at most.
struct coarse {
    [[nodiscard]] static outlast::instant now() noexcept {
        timespec t{};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
        return outlast::instant{std::chrono::seconds{t.tv_sec} +
                                std::chrono::nanoseconds{t.tv_nsec}};
    }
};

/// A clock that costs one load, to count what is left without one.
inline outlast::instant stands_at{1h};
struct still {
    [[nodiscard]] static outlast::instant now() noexcept { return stands_at; }
};

// ---- policies

/// Failures in a row: a success writes nothing.
constexpr auto in_a_row() { return outlast::consecutive(5); }

inline outlast::circuit_breaker consecutive{{.window = in_a_row(), .name = "consecutive"}};
inline outlast::circuit_breaker of_calls{{.window = 100, .name = "of calls"}};
inline outlast::circuit_breaker of_time{{.window = 10s, .name = "of time"}};
inline outlast::circuit_breaker open{{.window = in_a_row(), .open_for = 24h, .name = "open"}};

inline constexpr int most_failures = 8; // figures.py divides by it
inline outlast::retry_options at_once() {
    return {.max_attempts = most_failures + 1, .backoff = outlast::constant(0ns)};
}

inline outlast::pipeline empty{};
inline outlast::pipeline retry_alone{outlast::retry{}};
inline outlast::pipeline retry_at_once{outlast::retry{at_once()}};
inline outlast::pipeline fallback_alone{outlast::fallback{-1}};
inline outlast::pipeline timeout_alone{outlast::timeout{250ms}};
inline outlast::pipeline consecutive_alone{std::ref(consecutive)};
inline outlast::pipeline of_calls_alone{std::ref(of_calls)};
inline outlast::pipeline of_time_alone{std::ref(of_time)};
inline outlast::pipeline refused{std::ref(open)};

inline outlast::keyed breakers{[](int) -> std::string { return "users"; },
                               [](const std::string&) {
                                   return std::make_shared<outlast::circuit_breaker>(
                                       outlast::circuit_breaker_options{.window = in_a_row()});
                               }};
inline outlast::pipeline keyed_alone{std::ref(breakers)};

inline outlast::pipeline composed{outlast::fallback{-1}, outlast::retry{}, std::ref(consecutive),
                                  outlast::timeout{250ms}};
inline outlast::pipeline composed_window{outlast::fallback{-1}, outlast::retry{}, std::ref(of_time),
                                         outlast::timeout{250ms}};
inline outlast::pipeline composed_timeless{outlast::fallback{-1}, outlast::retry{},
                                           std::ref(consecutive)};
inline outlast::pipeline composed_refused{outlast::fallback{-1}, outlast::retry{}, std::ref(open),
                                          outlast::timeout{250ms}};

/// Opens `open`, for longer than any run.
template <class Clock = outlast::steady>
void open_the_breaker() {
    while (open.state(Clock::now()) != outlast::circuit_state::open) {
        int failures = 1;
        (void)outlast::run<Clock>(refused, [&] { return work_after(failures); });
    }
}

} // namespace bench

#endif // OUTLAST_BENCH_SUBJECTS_HPP
