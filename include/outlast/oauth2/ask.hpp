// SPDX-License-Identifier: BSL-1.0
//
// One introspection over a blocking transport: the callable that the policies guard.
#ifndef OUTLAST_OAUTH2_ASK_HPP
#define OUTLAST_OAUTH2_ASK_HPP

#include <outlast/call.hpp>
#include <outlast/http/limits.hpp>
#include <outlast/http/message.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/introspection.hpp>
#include <outlast/oauth2/knowledge.hpp>
#include <outlast/outcome.hpp>
#include <outlast/result.hpp>

#include <concepts>
#include <optional>

namespace outlast::oauth2 {

/// A way to send one HTTP request and wait for its answer: `http::curl_transport`, or your own.
/// Gives anything `result_like` of an `http::response`; its errors are those of http/error.hpp, or
/// any `std::error_code`. Called from several threads at once; keeps the limits.
template <class T>
concept transport = requires(T& t, const http::request& asked, const http::limits& until) {
    { t(asked, until) } -> result_like;
    { t(asked, until).value() } -> std::convertible_to<http::response>;
};

/// Asks the authorization server about one token, once, on the calling thread: see
/// `introspection::learnt`.
template <transport Transport>
class ask {
public:
    /// Both outlive it.
    ask(Transport& send, introspection& what) : send_(&send), what_(&what) {}

    [[nodiscard]] result<knowledge> operator()(call& context, const query& q) const {
        std::optional<http::request> asked = what_->request_for(q);
        if (!asked)
            return failure{reason::no_credentials};
        const detail::wiped_request wiped{*asked};
        auto answered = (*send_)(
            *asked, http::limits{.by = context.steady_deadline(), .stop = context.stop_token()});
        return what_->learnt(answered, introspection::subject{q}, context);
    }

private:
    Transport* send_;
    introspection* what_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ASK_HPP
