// SPDX-License-Identifier: BSL-1.0
//
// What an asynchronous operation completes with, as a result.
#ifndef OUTLAST_ASIO_COMPLETION_HPP
#define OUTLAST_ASIO_COMPLETION_HPP

#include <outlast/config.hpp>
#include <outlast/hand.hpp> // thrown
#include <outlast/outcome.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <concepts>
#include <exception>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// As `thrown`, with the code of Boost's exceptions as well, which are no `std::system_error`.
/// \pre called in a handler
[[nodiscard]] OUTLAST_COLD inline failure thrown_under_asio() {
    try {
        throw;
    } catch (const boost::system::system_error& e) {
        return failure{std::current_exception(), e.code()};
    } catch (...) {
        return thrown();
    }
}

template <class E>
concept completion_error = std::same_as<E, boost::system::error_code> ||
                           std::same_as<E, std::error_code> || std::same_as<E, std::exception_ptr>;

/// What follows the error, if there is one, as one result: nothing, a value (or whatever
/// `outcome_traits` knows), or a tuple of values.
template <class... V>
struct completed_values {
    using value_type = std::tuple<V...>;
    template <class... X>
    static result<value_type> lift(X&&... values) {
        return result<value_type>{boost::outcome_v2::in_place_type<value_type>,
                                  std::forward<X>(values)...};
    }
};
template <>
struct completed_values<> {
    using value_type = void;
    static result<void> lift() { return boost::outcome_v2::success(); }
};
template <class V>
struct completed_values<V> {
    using value_type = value_of<V>;
    template <class X>
    static result<value_type> lift(X&& value) {
        return outcome_traits<V>::lift(V(std::forward<X>(value)));
    }
};

/// A completion signature: `void(error_code, T)`, `void(exception_ptr, T)`, `void(result<T>)`,
/// `void(T)`, with more values or none.
template <class Signature>
struct completion;

template <class... V>
struct completion<void(V...)> {
    using values = completed_values<std::decay_t<V>...>;
    using value_type = typename values::value_type;
    template <class... X>
    static result<value_type> lift(X&&... values_) {
        return values::lift(std::forward<X>(values_)...);
    }
};

template <class E, class... V>
    requires completion_error<std::decay_t<E>>
struct completion<void(E, V...)> {
    using values = completed_values<std::decay_t<V>...>;
    using value_type = typename values::value_type;
    template <class X, class... Y>
    static result<value_type> lift(X&& error, Y&&... values_) {
        if (error) [[unlikely]]
            return failed(error);
        return values::lift(std::forward<Y>(values_)...);
    }

private:
    static result<value_type> failed(const std::error_code& e) {
        return failed_with<value_type>(e);
    }
    static result<value_type> failed(const std::exception_ptr& e) {
        try {
            std::rethrow_exception(e);
        } catch (...) {
            return thrown_under_asio();
        }
    }
};

template <class R, class... V>
struct completion<R(V...) noexcept> : completion<R(V...)> {};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_COMPLETION_HPP
