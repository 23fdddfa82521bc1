// SPDX-License-Identifier: BSL-1.0
//
// Refusals as error codes, one sentence each.
#ifndef OUTLAST_ERROR_HPP
#define OUTLAST_ERROR_HPP

#include <outlast/config.hpp>
#include <outlast/step.hpp>

#include <string>
#include <system_error>

#if OUTLAST_EXCEPTIONS
#include <stdexcept> // std::invalid_argument
#else
#include <cstdlib> // std::abort
#endif

namespace outlast {

/// What `refusal` values say as a `std::error_code`: `code == outlast::refusal::circuit_open`.
/// A refusal for want of time also compares equal to `std::errc::timed_out`, a cancellation to
/// `std::errc::operation_canceled`.
inline const std::error_category& refusal_category() noexcept {
    class category final : public std::error_category {
        const char* name() const noexcept override { return "outlast"; }
        std::string message(int value) const override {
            switch (static_cast<refusal>(value)) {
            case refusal::none:
                return "not refused";
            case refusal::timed_out:
                return "timed out";
            case refusal::circuit_open:
                return "circuit open";
            case refusal::cancelled:
                return "cancelled by the caller";
            case refusal::rate_limited:
                return "rate limited";
            case refusal::bulkhead_full:
                return "too many calls at once";
            case refusal::unavailable:
                return "temporarily unavailable";
            case refusal::invalid_options:
                return "the options make no sense";
            case refusal::threw:
                return "the callable threw";
            }
            return "unknown refusal";
        }
        std::error_condition default_error_condition(int value) const noexcept override {
            switch (static_cast<refusal>(value)) {
            case refusal::timed_out:
                return std::errc::timed_out;
            case refusal::cancelled:
                return std::errc::operation_canceled;
            default:
                return {value, *this};
            }
        }
    };
    static const category instance;
    return instance;
}

inline std::error_code make_error_code(refusal r) noexcept {
    return {static_cast<int>(r), refusal_category()};
}

/// What a constructor does with options that make no sense: throws `std::invalid_argument` with
/// the sentence, stops the program where exceptions are off, and does not compile in a constant
/// expression. `problem` is null when all is well.
constexpr void require_valid(const char* problem) {
    if (problem == nullptr)
        return;
#if OUTLAST_EXCEPTIONS
    throw std::invalid_argument(problem);
#else
    std::abort();
#endif
}

} // namespace outlast

template <>
struct std::is_error_code_enum<outlast::refusal> : std::true_type {};

#endif // OUTLAST_ERROR_HPP
