// SPDX-License-Identifier: BSL-1.0
//
// A pipeline in words: every policy with every option, what is odd about it, and its worst case.
#ifndef OUTLAST_DESCRIBE_HPP
#define OUTLAST_DESCRIBE_HPP

#include <outlast/backoff.hpp>
#include <outlast/callback.hpp>
#include <outlast/label.hpp>
#include <outlast/notes.hpp>
#include <outlast/order.hpp>
#include <outlast/ratio.hpp>
#include <outlast/text.hpp>
#include <outlast/window.hpp>
#include <outlast/worst_case.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace outlast {

namespace detail {

/// `n / unit` in decimals, as many as it takes. \pre `unit` is a power of ten
[[nodiscard]] inline std::string decimal(std::uint32_t n, std::uint32_t unit) {
    std::string s = std::to_string(n / unit);
    for (const char* point = "."; n % unit != 0; point = "") {
        n %= unit;
        unit /= 10;
        s += point + std::to_string(n / unit);
    }
    return s;
}

[[nodiscard]] inline std::string told(bool yes) { return yes ? "yes" : "no"; }
[[nodiscard]] inline std::string told(std::unsigned_integral auto n) { return std::to_string(n); }
[[nodiscard]] inline std::string told(std::string_view words) { return std::string{words}; }
[[nodiscard]] inline std::string told(const label& name) {
    return '"' + std::string{name.view()} + '"';
}
[[nodiscard]] inline std::string told(duration span) {
    return span == no_limit ? "no limit" : in_full(span);
}
[[nodiscard]] inline std::string told(ratio share) {
    return decimal(share.millionths(), 10'000) + " %";
}
[[nodiscard]] inline std::string told(const window_span& span) {
    if (span.by_row())
        return told(span.in_a_row) + " failures in a row";
    if (span.by_both())
        return told(span.calls) + " calls of the last " + told(span.time);
    return span.by_time() ? told(span.time) : told(span.calls) + " calls";
}
[[nodiscard]] inline std::string told(const backoff& b) {
    std::string s = b.listed_count == 0 ? told(b.base) : std::string{};
    for (std::size_t i = 0; i != b.listed_count; ++i)
        s += (i == 0 ? "" : ", ") + told(b.listed[i]);
    if (b.factor_millis != 1000)
        s += " ×" + decimal(b.factor_millis, 1000);
    if (b.step != duration::zero())
        s += " +" + told(b.step);
    constexpr const char* chances[] = {"no jitter",           "full jitter",  "equal jitter",
                                       "proportional jitter", "decorrelated", "smooth"};
    s = s + " (" + chances[static_cast<std::size_t>(b.chance)];
    if (b.chance == jitter::proportional)
        s += " of " + told(b.spread);
    s += "; ";
    return s + (b.cap == forever ? "no cap)" : told(b.cap) + " at most)");
}
/// A value of a type of its own that has a name.
template <class T>
    requires std::is_enum_v<T>
[[nodiscard]] std::string told(T value) {
    return std::string{to_string(value)};
}
/// Or of one that says itself what it is.
template <class T>
    requires requires(const T& value) { value.words(); }
[[nodiscard]] std::string told(const T& value) {
    return value.words();
}

/// What `each` of a struct of options is given: writes ", name value" for each.
class options_in_words {
public:
    explicit options_in_words(std::string& out, const char* first = ": ") noexcept
        : out_(&out), next_(first) {}

    template <class T>
        requires(!std::is_pointer_v<T>)
    void operator()(const char* name, const T& value) {
        write(name, told(value));
    }
    /// Of something that it shares with others, by its own words if it has any.
    template <class T>
    void operator()(const char* name, const T* shared) {
        write(name, shared == nullptr ? std::string{"none"} : told_of(*shared));
    }
    /// Of a callable: what holds without one.
    template <class R, class... A>
    void operator()(const char* name, const callback<R(A...)>& yours, const char* without) {
        write(name, yours ? "yours" : without);
    }
    /// Of a value that means something else than it says.
    template <class T>
    void operator()(const char* name, const T& value, const T& special, const char* meaning) {
        write(name, value == special ? std::string{meaning} : told(value));
    }

private:
    void write(const char* name, const std::string& value) {
        *out_ += next_;
        next_ = ", ";
        *out_ += name;
        *out_ += ' ';
        *out_ += value;
    }

    template <class T>
    static std::string told_of(const T& shared);

    std::string* out_;
    const char* next_; // what stands before the next one
};

/// Whether there was anything to tell.
template <class T>
bool tell_options(const T& thing, options_in_words f) {
    if constexpr (requires { thing.each(f); })
        thing.each(f);
    else if constexpr (requires { thing.options().each(f); })
        thing.options().each(f);
    else
        return false;
    return true;
}

template <class T>
std::string options_in_words::told_of(const T& shared) {
    std::string said;
    if constexpr (requires { T::kind.view(); })
        said = T::kind.view();
    if (tell_options(shared, options_in_words{said, said.empty() ? "(" : " ("}))
        said += ')';
    return said.empty() ? std::string{"yours"} : said;
}

template <class P>
void describe_policy(std::string& out, const P& policy, bool shared, std::size_t depth) {
    out.append(2 * depth, ' ');
    const char* const mark = shared ? " (shared)" : "";
    if constexpr (requires { policy.policies(); }) {
        out.append("pipeline").append(mark).append("\n");
        std::apply(
            [&](const auto&... part) {
                (describe_policy(out, policy_of(part),
                                 !std::same_as<policy_given<std::remove_cvref_t<decltype(part)>>,
                                               std::remove_cvref_t<decltype(part)>>,
                                 depth + 1),
                 ...);
            },
            policy.policies());
        return;
    }
    if constexpr (requires { P::kind.view(); })
        out.append(P::kind.view());
    else
        out.append("a policy of yours");
    out.append(mark);
    tell_options(policy, options_in_words{out});
    out += '\n';
}

} // namespace detail

/// The policies of a pipeline in lines, outermost first, with every option and its unit; what stands
/// in a pipeline inside is indented, what was given by `std::ref` is marked as shared. Then a line
/// for each thing that is legal but odd, and what one call can come to at worst. Shows options
/// only: nothing that a policy has learnt, no key and no value.
///
/// A policy of yours takes part by `static constexpr label kind`, and by a member `each(f)` (its
/// own, or that of what its `options()` gives) that calls `f(name, value)` for each option.
///
/// **Example**
///
///     outlast::circuit_breaker breaker{{.name = "users"}};
///     outlast::pipeline p{outlast::timeout{1s},
///                         outlast::retry{{.backoff = outlast::constant(50ms), .hint_cap = 0s}},
///                         std::ref(breaker), outlast::timeout{250ms}};
///     std::cout << outlast::describe(p);
///     // pipeline
///     //   timeout: limit 1 s, keep_late no, name "timeout", tags "", events told to nobody,
///     //   counts none
///     //   retry: max_attempts 3, backoff 50 ms (no jitter; no cap), least_attempt 0,
///     //   max_duration no limit, hint_cap 0, retry_if all, retry_refusals no,
///     //   exhaustion_fails no, budget none, seed its own, name "retry", tags "",
///     //   events told to nobody, counts none
///     //   circuit breaker (shared): failure_ratio 50 %, window 100 calls, minimum_calls 10,
///     //   slow_from no limit, slow_ratio 50 %, open_on_hint no, open_for 10 s (no jitter; no cap),
///     //   flap_memory 0, hint_cap 5 min, probes 1, deciding_probes 1, probe_lease 30 s,
///     //   half_open_for no limit, hold_back 0, ramp_for 0, failure_if all, seed its own,
///     //   name "users", tags "", events told to nobody, control none
///     //   timeout: limit 250 ms, keep_late no, name "timeout", tags "", events told to nobody,
///     //   counts none
///     // worst case: 3 calls, 850 ms
template <class P>
[[nodiscard]] std::string describe(const P& policies) {
    std::string out;
    detail::describe_policy(out, policies, false, 0);
    if constexpr (requires { policies.policies(); })
        for (const std::string& note : notes(policies))
            out.append("note: ").append(note).append("\n");
    const bounds worst = worst_case(policies);
    out += "worst case: ";
    if (worst.calls == bounds::any_number)
        out += "calls without number, ";
    else
        out.append(std::to_string(worst.calls)).append(worst.calls == 1 ? " call, " : " calls, ");
    return out.append(in_full(worst.latency)).append("\n");
}

} // namespace outlast

#endif // OUTLAST_DESCRIBE_HPP
