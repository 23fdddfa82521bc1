// SPDX-License-Identifier: BSL-1.0
//
// What the blocking parts of this folder send their requests through.
#ifndef OUTLAST_OAUTH2_TRANSPORT_HPP
#define OUTLAST_OAUTH2_TRANSPORT_HPP

#include <outlast/http/limits.hpp>
#include <outlast/http/message.hpp>
#include <outlast/outcome.hpp>

#include <concepts>

namespace outlast::oauth2 {

/// A way to send one HTTP request and wait for its answer: `http::curl_transport`, or your own.
/// Gives anything `result_like` of an `http::response`; its errors are those of http/error.hpp, or
/// any `std::error_code`. Called from several threads at once; keeps the limits.
template <class T>
concept transport = requires(T& t, const http::request& asked, const http::limits& until) {
    { t(asked, until) } -> result_like;
    { t(asked, until).value() } -> std::convertible_to<http::response>;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_TRANSPORT_HPP
