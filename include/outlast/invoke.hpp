// SPDX-License-Identifier: BSL-1.0
//
// Calls whatever can be called, a pointer to a member too.
#ifndef OUTLAST_INVOKE_HPP
#define OUTLAST_INVOKE_HPP

#include <outlast/config.hpp>

#include <type_traits>
#include <utility> // std::forward

namespace outlast::detail {

template <class Class, class T>
[[nodiscard]] constexpr decltype(auto) object_of(T& given) noexcept {
    using plain = std::remove_const_t<T>;
    if constexpr (!std::is_same_v<std::unwrap_reference_t<plain>, plain>)
        return static_cast<std::unwrap_reference_t<plain>>(given);
    else if constexpr (std::is_base_of_v<Class, plain>)
        return static_cast<T&>(given);
    else
        return *given; // a pointer, plain or smart
}

template <class Member, class Class, class Object, class... A>
constexpr decltype(auto) invoke_member(Member Class::* member, Object& object, A&&... arguments) {
    if constexpr (std::is_function_v<Member>)
        return (object_of<Class>(object).*member)(std::forward<A>(arguments)...);
    else
        return (object_of<Class>(object).*member);
}

/// As `std::invoke`, without <functional>, which costs more to include than all of this library.
template <class F, class... A>
    requires std::is_invocable_v<F, A...>
OUTLAST_INLINE inline constexpr decltype(auto) invoke(F&& f, A&&... arguments) {
    if constexpr (std::is_member_pointer_v<std::remove_cvref_t<F>>)
        return invoke_member(f, arguments...);
    else
        return std::forward<F>(f)(std::forward<A>(arguments)...);
}

} // namespace outlast::detail

#endif // OUTLAST_INVOKE_HPP
