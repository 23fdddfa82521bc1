// SPDX-License-Identifier: BSL-1.0
//
// A callable as an option: two words, no allocation, usable in constant expressions.
#ifndef OUTLAST_CALLBACK_HPP
#define OUTLAST_CALLBACK_HPP

#include <concepts>
#include <type_traits>
#include <utility> // std::forward

namespace outlast {

template <class Signature>
class callback;

/// Refers to a callable. A lambda without captures is taken as it is; one with captures is taken by
/// name and must outlive the policy:
///
///     .retry_if = [](const verdict& v) { return v.error() == std::errc::timed_out; }
///     .retry_if = chooser          // an object of yours
///
/// An empty callback is false and must not be called.
template <class R, class... A>
class callback<R(A...)> {
public:
    constexpr callback() noexcept = default;

    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, callback> &&
                 std::is_invocable_r_v<R, F&, A...>)
    constexpr callback(F&& f) noexcept {
        using target = std::remove_reference_t<F>;
        if constexpr (std::is_empty_v<target> && std::is_default_constructible_v<target>) {
            call_ = [](const void*, A... a) -> R { return target{}(std::forward<A>(a)...); };
        } else {
            static_assert(std::is_lvalue_reference_v<F>,
                          "outlast::callback: this callable has captures and would be gone before "
                          "its first use. Keep it in a variable that outlives the policy and pass "
                          "the variable.");
            static_assert(std::is_object_v<target>,
                          "outlast::callback: wrap a plain function in a lambda.");
            object_ = &f;
            call_ = [](const void* object, A... a) -> R {
                auto* callee = const_cast<target*>(static_cast<const target*>(object));
                return (*callee)(std::forward<A>(a)...);
            };
        }
    }

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return call_ != nullptr; }

    constexpr R operator()(A... a) const { return call_(object_, std::forward<A>(a)...); }

private:
    const void* object_ = nullptr;
    R (*call_)(const void*, A...) = nullptr;
};

} // namespace outlast

#endif // OUTLAST_CALLBACK_HPP
