// SPDX-License-Identifier: BSL-1.0
//
// What a callable is told about the attempt that it makes.
#ifndef OUTLAST_CALL_HPP
#define OUTLAST_CALL_HPP

#include <outlast/time.hpp>

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <utility>

namespace outlast {

/// The context of one attempt: a callable that takes an `outlast::call&` first receives it. Belongs
/// to the driver and is valid during the attempt.
///
/// A blocking callable is not interrupted: it keeps the deadline by asking `remaining()`, and stops
/// when `stop_requested()`.
class call {
public:
    call(std::uint32_t attempt, instant by, reading now, std::stop_token stop) noexcept
        : attempt_(attempt), by_(by), clock_(now), stop_(std::move(stop)) {}

    /// Which run of the callable this is: 1, 2, …
    [[nodiscard]] std::uint32_t attempt() const noexcept { return attempt_; }

    /// By when it is to be over; `never` when nobody set a limit. On the driver's timeline, which
    /// is that of `steady_clock` under the blocking driver.
    [[nodiscard]] instant deadline() const noexcept { return by_; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_deadline() const noexcept {
        return std::chrono::steady_clock::time_point{
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                by_.time_since_epoch())};
    }

    /// This moment, on the driver's timeline. Reads the driver's clock.
    [[nodiscard]] instant time() const {
        reading now = clock_;
        return now.get();
    }

    /// The time left from this moment on: never negative, `forever` without a limit. Reads the
    /// driver's clock each time it is asked.
    [[nodiscard]] duration remaining() const {
        if (by_ == never)
            return forever;
        reading now = clock_;
        return until(now.get(), by_);
    }

    /// Whether the caller has asked to stop; the token also serves a callback of yours.
    [[nodiscard]] bool stop_requested() const noexcept { return stop_.stop_requested(); }
    [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }

private:
    std::uint32_t attempt_;
    instant by_;
    reading clock_; // not yet asked: a copy is asked anew each time
    std::stop_token stop_;
};

} // namespace outlast

#endif // OUTLAST_CALL_HPP
