// SPDX-License-Identifier: BSL-1.0
//
// Why a call failed, and a sentence about it.
#ifndef OUTLAST_FAILURE_HPP
#define OUTLAST_FAILURE_HPP

#include <outlast/error.hpp>
#include <outlast/report.hpp>
#include <outlast/step.hpp>
#include <outlast/text.hpp>

#include <concepts>
#include <cstdint>
#include <exception> // std::exception_ptr
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace outlast {

/// The error of `outlast::result`: the library's own refusal, or the callable's failure, with the
/// numbers behind it. Owns no memory but a captured exception; may be kept after the policies that
/// made it are gone. Converts from a `std::error_code`, so a callable can `return` one.
class failure {
public:
    /// The callable's own failure.
    /// An empty code is no reason: `refusal::unavailable`.
    failure(std::error_code cause) noexcept
        : why_(cause ? refusal::none : refusal::unavailable), cause_(cause) {}
    template <class E>
        requires(std::is_error_code_enum_v<E> && !std::same_as<E, refusal>)
    failure(E e) noexcept : cause_(std::error_code{e}) {}
    /// A refusal of the library's.
    failure(refusal why) noexcept : why_(why) {}
    /// A refusal of the library's, and the code underneath that a verdict brings along.
    failure(refusal why, const verdict& cause) noexcept
        : why_(why), // without a code there is no cause, whatever its category would be
          cause_(cause.code, cause.code == 0 ? nullptr : cause.domain) {}
    /// What a verdict without a result behind it says.
    explicit failure(const verdict& v) noexcept
        : failure(v.why == refusal::none && v.code == 0 ? refusal::unavailable : v.why, v) {}
    /// Something that the callable threw; its code, if it is a `std::system_error`.
    explicit failure(std::exception_ptr thrown, std::error_code code = {}) noexcept
        : why_(code ? refusal::none : refusal::threw), cause_(code), thrown_(std::move(thrown)) {}

    /// The refusal; `refusal::none` when the failure is the callable's own.
    [[nodiscard]] refusal why() const noexcept { return why_; }
    /// The refusal as a code, or else the callable's code.
    [[nodiscard]] std::error_code code() const noexcept {
        return why_ == refusal::none ? cause() : make_error_code(why_);
    }
    /// The code underneath: of the last attempt that failed. Empty where there was none.
    [[nodiscard]] std::error_code cause() const noexcept { return cause_.get(); }
    /// Of a fallback that failed: what it was to replace. Empty otherwise.
    [[nodiscard]] std::error_code origin() const noexcept { return origin_.get(); }
    /// What the callable threw; null where it threw nothing.
    [[nodiscard]] std::exception_ptr thrown() const noexcept {
        return why_ == refusal::exhausted ? nullptr : thrown_;
    }
    /// What the callable threw, if it is an E or derived from one; null if not. Lives as long as this
    /// failure or a copy of it. Throws and catches: some microseconds. Null where exceptions are off.
    template <class E>
    [[nodiscard]] const E* thrown_as() const noexcept {
        static_assert(!std::is_pointer_v<E>,
                      "outlast::failure::thrown_as: a pointer that was thrown "
                      "cannot be shown in its place; see thrown()");
        return why_ == refusal::exhausted ? nullptr : caught_as<E>();
    }
    /// Of `exhausted`: the value that was not good enough, T being that of the callable's result. It
    /// lives as long as this failure or a copy of it. Null of all else, and where exceptions are off.
    template <class T>
    [[nodiscard]] const T* last_value() const noexcept {
        const auto* k = why_ == refusal::exhausted ? caught_as<kept<T>>() : nullptr;
        return k == nullptr ? nullptr : &k->value;
    }

    /// The numbers of the call, as the policies told them.
    [[nodiscard]] const failure_facts& facts() const noexcept { return facts_; }
    [[nodiscard]] failure_facts& facts() noexcept { return facts_; }
    /// Runs of the callable.
    [[nodiscard]] std::uint32_t attempts() const noexcept { return facts_.attempts; }
    /// When asking again makes sense, from now; nothing where nobody knows.
    [[nodiscard]] std::optional<duration> retry_after() const noexcept {
        if (facts_.retry_after < duration::zero())
            return std::nullopt;
        return facts_.retry_after;
    }

    /// One sentence for a person. Holds names given to policies, numbers, and the words of error
    /// categories; never a value, an argument, or the text of an exception.
    [[nodiscard]] std::string message() const {
        std::string s = head();
        if (facts_.retry_after >= duration::zero() && facts_.retry_after != forever)
            s += (probes_next() ? "; next probe in " : "; try again in ") +
                 in_words(facts_.retry_after);
        if (facts_.attempts > 1)
            s += " (after " + std::to_string(facts_.attempts) + " attempts)";
        if (const char* why = not_again())
            s += std::string(" (not tried again: ") + why + ")";
        if (origin())
            s += " (in place of: " + origin().message() + ")";
        return s;
    }

    /// Keeps a value in the place of an exception, whose owner does not care what it is.
    template <class T>
    failure& with_last_value([[maybe_unused]] T&& value) {
#if OUTLAST_EXCEPTIONS
        using mine = kept<std::remove_cvref_t<T>>;
        try {
            throw mine{std::forward<T>(value)};
        } catch (const mine&) {
            thrown_ = std::current_exception();
        }
#endif
        return *this;
    }
    failure& with_retry_after(duration hint) noexcept {
        facts_.retry_after = hint;
        return *this;
    }
    failure& with_cause(std::error_code cause) noexcept {
        cause_ = cause;
        return *this;
    }
    failure& with_origin(std::error_code origin) noexcept {
        origin_ = origin;
        return *this;
    }
    failure& with_facts(const failure_facts& facts) noexcept {
        facts_ = facts;
        return *this;
    }

private:
    template <class T>
    struct kept {
        T value;
    };

    template <class E>
    [[nodiscard]] const E* caught_as() const noexcept {
#if OUTLAST_EXCEPTIONS
        if (thrown_ != nullptr)
            try {
                std::rethrow_exception(thrown_);
            } catch (const E& e) {
                return &e;
            } catch (...) { // of another type
            }
#endif
        return nullptr;
    }

    [[nodiscard]] std::string head() const {
        switch (why_) {
        case refusal::none:
            return cause().message();
        case refusal::timed_out:
            return facts_.limit > duration::zero()
                       ? "timed out after " + in_words(facts_.limit) + " (" +
                             std::string(facts_.name.view()) + ")" + last(", last: ", "")
                       : "timed out: the deadline of the call passed" + last(" (last: ", ")");
        case refusal::circuit_open: {
            std::string s = "circuit open for " + std::string(facts_.name.view());
            if (const char* because = by_state())
                return s + because;
            return s + by_cause() + last(" (last: ", ")");
        }
        case refusal::bulkhead_full:
            return make_error_code(why_).message() +
                   (facts_.name.empty() ? "" : " for " + std::string(facts_.name.view())) +
                   last(" (last: ", ")");
        case refusal::invalid_options:
            if (!facts_.name.empty())
                return std::string(facts_.name.view());
            [[fallthrough]];
        default:
            return make_error_code(why_).message() + last(" (last: ", ")");
        }
    }

    [[nodiscard]] bool probes_next() const noexcept {
        return why_ == refusal::circuit_open && facts_.why_refused == circuit_refusal::open;
    }

    // Why a breaker is open.
    [[nodiscard]] std::string by_cause() const {
        const auto of_all = [&](std::uint32_t n, const char* what) {
            return ": " + std::to_string(n) + " of the last " + std::to_string(facts_.recorded) +
                   what;
        };
        switch (facts_.why_opened) {
        case circuit_cause::by_hand:
            return ": opened by hand";
        case circuit_cause::server_hint:
            return ": the server asked for a pause";
        case circuit_cause::lease_over:
            return ": a probe did not end in time";
        case circuit_cause::stay_over:
            return ": no probe has decided";
        case circuit_cause::probes_failed:
            return of_all(facts_.failed, " probes failed");
        case circuit_cause::probes_slow:
            return of_all(facts_.slow, " probes were slow");
        default:
            if (facts_.recorded == 0)
                return {};
            return facts_.slow != 0 ? of_all(facts_.slow, " calls were slow")
                                    : of_all(facts_.failed, " calls failed");
        }
    }

    // Why a breaker refuses that is not simply open.
    [[nodiscard]] const char* by_state() const noexcept {
        switch (facts_.why_refused) {
        case circuit_refusal::probing:
            return ": half-open, and its probes are under way";
        case circuit_refusal::held_back:
            return ": half-open, and it is tried by calls first that lose nothing";
        case circuit_refusal::ramping:
            return ": closed again, and not all calls pass yet";
        case circuit_refusal::isolated:
            return ": isolated by hand";
        default:
            return nullptr;
        }
    }

    // Why there was no further attempt, where the rest does not say it.
    [[nodiscard]] const char* not_again() const noexcept {
        switch (facts_.why_stopped) {
        case stopped::deadline:
            return why_ == refusal::timed_out ? nullptr : "it would not fit the deadline";
        case stopped::told_not_to:
            return "the server asks not to";
        case stopped::max_duration:
            return "the time for retries is over";
        case stopped::budget:
            return "the retry budget is spent";
        default:
            return nullptr;
        }
    }

    [[nodiscard]] std::string last(const char* before, const char* behind) const {
        return cause() ? before + cause().message() + behind : std::string{};
    }

    // An error code that costs nothing to make: `std::error_code{}` asks the system for its category.
    struct plain_code {
        std::int32_t value = 0;
        const std::error_category* domain = nullptr;

        constexpr plain_code() noexcept = default;
        constexpr plain_code(std::int32_t v, const std::error_category* d) noexcept
            : value(v), domain(d) {}
        plain_code(std::error_code e) noexcept : value(e.value()), domain(&e.category()) {}
        [[nodiscard]] std::error_code get() const noexcept {
            return domain == nullptr ? std::error_code{} : std::error_code{value, *domain};
        }
    };

    refusal why_ = refusal::none;
    plain_code cause_{};
    plain_code origin_{};
    std::exception_ptr thrown_{}; // or the last value
    failure_facts facts_{};
};

/// For `std::error_code ec = r.error().code()` in generic code, and for Boost.Outcome.
[[nodiscard]] inline std::error_code make_error_code(const failure& f) noexcept { return f.code(); }

} // namespace outlast

#endif // OUTLAST_FAILURE_HPP
