// SPDX-License-Identifier: BSL-1.0
//
// An issuer of JWT access tokens: what it signs, and a script of its two endpoints.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_ISSUER_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_ISSUER_HPP

#include <outlast/oauth2/introspector_options.hpp>
#include <outlast/oauth2/jose/sign.hpp>
#include <outlast/oauth2/jwt/jwt_options.hpp>

#include "oauth2/bodies.hpp"
#include "oauth2/support/key_server.hpp"
#include "oauth2/support/server.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace outlast_tests {

/// Claims as JSON texts by name; an empty text leaves one out.
using claims = std::map<std::string, std::string>;

inline std::string claims_json(const claims& all) {
    std::string json;
    for (const auto& [name, text] : all) {
        if (!text.empty())
            json += (json.empty() ? "{\"" : ",\"") + name + "\":" + text;
    }
    return json + '}';
}

/// Those of RFC 9068 §2.2, good from T0 for an hour, some of them changed.
inline std::string token_claims(const claims& changed = {}) {
    claims all{{"iss", R"("https://as.example")"},
               {"exp", std::to_string(t0 + 3600)},
               {"aud", R"("api")"},
               {"sub", R"("u1")"},
               {"client_id", R"("c1")"},
               {"iat", std::to_string(t0)},
               {"jti", R"("j1")"},
               {"scope", R"("read list")"}};
    for (const auto& [name, text] : changed)
        all.insert_or_assign(name, text);
    return claims_json(all);
}

inline std::string signed_by(std::string_view jwk,
                             std::string_view payload,
                             std::string_view typ = "at+jwt",
                             std::optional<outlast::oauth2::jose::algorithm> alg = std::nullopt) {
    const auto key = outlast::oauth2::jose::signing_key::from_json(jwk, alg).value();
    return std::string{key.sign(typ, payload).value().expose()};
}
inline std::string access_token(const claims& changed = {},
                                std::string_view jwk = jose_keys::p256) {
    return signed_by(jwk, token_claims(changed));
}
/// The same claims under a signature that is another's.
inline std::string forged_token(const claims& changed = {}) {
    return signed_by(with(jose_keys::other_p256, "other-p256", "p256"), token_claims(changed));
}

/// An answer to introspection as RFC 9701 §5 has it, some of its claims changed.
inline std::string answer_claims(std::string_view introspection, const claims& changed = {}) {
    claims all{{"iss", R"("https://as.example")"},
               {"aud", R"("rs")"},
               {"iat", std::to_string(t0)},
               {"token_introspection", std::string{introspection}}};
    for (const auto& [name, text] : changed)
        all.insert_or_assign(name, text);
    return claims_json(all);
}
inline reply signed_answer(std::string_view introspection,
                           const claims& changed = {},
                           std::string_view jwk = jose_keys::p256,
                           std::string_view typ = "token-introspection+jwt") {
    return answers(200, signed_by(jwk, answer_claims(introspection, changed), typ),
                   "application/token-introspection+jwt");
}

inline outlast::oauth2::jwt_options
jwt_of_issuer(outlast::oauth2::local_use use = outlast::oauth2::local_use::first) {
    return {.keys = keys_at_issuer(),
            .tokens = {.issuer = "https://as.example", .audience = "api"},
            .use = use};
}
inline outlast::oauth2::introspector_options introspection_at_issuer() {
    return {.endpoints = {"https://as.example/introspect"},
            .auth = outlast::oauth2::client_secret_basic{"rs", outlast::oauth2::secret{"s3cr3t"}},
            .realm = "r",
            .retry = {.max_attempts = 1},
            .memo = {.lasts = outlast::duration{1}}, // one request after the other, at one time
            .wall = [] { return at(0); }};
}

/// Both endpoints; blocking, and, where `loop` is set, asynchronous in virtual time.
struct issuer {
    scripted_server introspection{};
    scripted_server jwks{.otherwise = says_keys({jose_keys::p256, jose_keys::rsa})};
    virtual_loop* loop = nullptr;

    outlast::result<outlast::http::response> operator()(const outlast::http::request& request,
                                                        const outlast::http::limits& until) {
        return asked_of(request)(request, until);
    }

    [[nodiscard]] auto get_executor() const { return loop->context().get_executor(); }
    template <class Token>
    auto async_ask(const outlast::http::request& request,
                   std::chrono::steady_clock::time_point,
                   Token&& token) {
        using outcome = outlast::result<outlast::http::response>;
        return boost::asio::async_initiate<Token, void(outcome)>(
            [this](auto handler, const outlast::http::request& what) {
                const reply r = asked_of(what).reply_to(what);
                loop->after<void(outcome)>(r.takes, std::move(handler), r.outcome());
            },
            token, request);
    }

    /// `introspected 1, keys 2`.
    [[nodiscard]] std::string calls() const {
        return "introspected " + std::to_string(introspection.calls()) + ", keys " +
               std::to_string(jwks.calls());
    }

private:
    scripted_server& asked_of(const outlast::http::request& request) {
        return request.method == "GET" ? jwks : introspection;
    }
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_ISSUER_HPP
