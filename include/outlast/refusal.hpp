// SPDX-License-Identifier: BSL-1.0
//
// The answers that the library gives itself, as error codes, one sentence each.
#ifndef OUTLAST_REFUSAL_HPP
#define OUTLAST_REFUSAL_HPP

#include <cstdint>
#include <string>
#include <system_error>

namespace outlast {

/// An answer that the library gives itself, as a state of the world. `none`: it gave none, what
/// happened is the callable's own outcome. Converts to `std::error_code`.
enum class refusal : std::uint8_t {
    none,
    timed_out,       ///< a deadline of this library passed
    circuit_open,    ///< the breaker refused: the dependency fails too often
    cancelled,       ///< the caller asked to stop
    rate_limited,    ///< over the permitted rate
    bulkhead_full,   ///< over the permitted concurrency
    unavailable,     ///< what guards the dependency says that it is away
    invalid_options, ///< a policy cannot be built from these options
    threw,           ///< the callable threw something that carries no error code
    exhausted,       ///< no attempt was good, and a value that is not is no answer (see `retry`)
};

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
            case refusal::exhausted:
                return "no attempt was good";
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

} // namespace outlast

template <>
struct std::is_error_code_enum<outlast::refusal> : std::true_type {};

#endif // OUTLAST_REFUSAL_HPP
