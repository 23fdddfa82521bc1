// SPDX-License-Identifier: BSL-1.0
//
// Bearer tokens, opaque or JWT, through an outage of the authorization server.
#ifndef OUTLAST_OAUTH2_JWT_JWT_INTROSPECTOR_HPP
#define OUTLAST_OAUTH2_JWT_JWT_INTROSPECTOR_HPP

#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/introspector.hpp>
#include <outlast/oauth2/jwt/jwt_check.hpp>
#include <outlast/oauth2/jwt/jwt_options.hpp>
#include <outlast/oauth2/jwt/key_source.hpp>
#include <outlast/oauth2/jwt/verify_answer.hpp>
#include <outlast/oauth2/master_key.hpp>
#include <outlast/oauth2/revocations.hpp>
#include <outlast/run.hpp> // limits, steady

#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// An `introspector` that can also judge JWT access tokens (RFC 9068) by the issuer's keys: as its first choice, or
/// where the server cannot be asked: see `local_use` and `jwt_check`. On the calling thread; `async_jwt_introspector`
/// is the same for asynchronous transports. Needs libcjose.
///
/// **Answers** those of `introspector`; an allow by signature has the assurance `local`. What was revoked here is
/// refused before anything is asked: a JWT by what was signed, as an elliptic signature can be changed by
/// anybody into another that is as good.
/// With `jwt_options::signed_answers` the introspector believes only what the issuer signed for us (RFC 9701).
/// **Bounds** a local verdict ends with `exp`, without leeway, and with the keys: `key_source_options::usable_for`.
/// **Sharing** thread-safe; one for all routes. The transport and this outlive its calls.
/// **Cost** that of the introspector; of a local verdict one signature verification.
/// \tparam Clock of the keys' age, see `steady`
template <transport Transport, class Clock = steady>
class jwt_introspector {
public:
    /// Throws `std::invalid_argument` with a sentence, or `std::system_error` from OpenSSL.
    jwt_introspector(introspector_options options,
                     jwt_options jwt,
                     Transport& send,
                     const master_key& key = master_key::of_this_process().value())
        : jwt_((require_valid(jwt.problem()), std::move(jwt))),
          own_(jwt_.tokens.own_requirements()),
          marks_(options.revocations),
          keys_(jwt_.keys, send),
          api_(
              jwt_.signed_answers
                  ? only_signed(std::move(options), jwt_.tokens, [this] { return keys_.in_hand(); })
                  : std::move(options),
              send,
              key) {}
    jwt_introspector(const jwt_introspector&) = delete;
    jwt_introspector& operator=(const jwt_introspector&) = delete;

    /// Decides about one request: see `introspector`. \param until its `facts` are those of the introspection
    /// \param keys that the sender has shown to hold, for tokens that are bound to one
    [[nodiscard]] decision operator()(std::span<const std::string_view> authorization,
                                      const requirements& wanted = {},
                                      duration max_age = forever,
                                      const limits& until = {},
                                      const held_keys& keys = {}) {
        if (auto refused = api_.at_once(authorization, keys))
            return *std::move(refused);
        const auto read = read_bearer(authorization, api_.options().bearer);
        const sender from{read.scheme, keys};
        jwt_check check{
            jwt_,   api_.options(), api_.realm(), own_, marks_, detail::mark_of(api_, read.token),
            wanted, read.token,     max_age,      from};
        for (auto next = check.begin(); next != jwt_check::step::done;) {
            if (next == jwt_check::step::keys)
                next = check.on_keys(keys_(check.max_age(), until));
            else
                next = check.on_server(api_(authorization, wanted, max_age, until, keys));
        }
        return check.take();
    }
    /// For a request with one Authorization header.
    [[nodiscard]] decision operator()(std::string_view authorization,
                                      const requirements& wanted = {},
                                      duration max_age = forever,
                                      const limits& until = {},
                                      const held_keys& keys = {}) {
        const std::string_view only[] = {authorization};
        return (*this)(std::span<const std::string_view>{only}, wanted, max_age, until, keys);
    }

    /// As `introspector_base::revoke`.
    void revoke(std::string_view token) { api_.revoke(token); }

    // As those of the introspector.
    void forget(std::string_view token) { api_.forget(token); }
    [[nodiscard]] const introspector_options& options() const noexcept { return api_.options(); }
    [[nodiscard]] const quoted& realm() const noexcept { return api_.realm(); }
    [[nodiscard]] auto& store() noexcept { return api_.store(); }
    [[nodiscard]] std::optional<token_digest> key_of(std::string_view token) const noexcept {
        return api_.key_of(token);
    }

    /// The parts, for probes. What is to be revoked is told to this, not to them.
    [[nodiscard]] introspector<Transport>& introspection() noexcept { return api_; }
    [[nodiscard]] key_source<Transport, Clock>& keys() noexcept { return keys_; }

private:
    jwt_options jwt_;
    requirements own_;
    revocations marks_;
    key_source<Transport, Clock> keys_;
    introspector<Transport> api_;
};

template <class Transport>
jwt_introspector(introspector_options, jwt_options, Transport&) -> jwt_introspector<Transport>;
template <class Transport>
jwt_introspector(introspector_options, jwt_options, Transport&, const master_key&)
    -> jwt_introspector<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_JWT_INTROSPECTOR_HPP
