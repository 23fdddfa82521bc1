// SPDX-License-Identifier: BSL-1.0
//
// JWT access tokens (RFC 9068), judged by the issuer's keys. Needs libcjose.
#ifndef OUTLAST_OAUTH2_JWT_ACCESS_TOKEN_HPP
#define OUTLAST_OAUTH2_JWT_ACCESS_TOKEN_HPP

#include <outlast/oauth2/document.hpp>
#include <outlast/oauth2/facts.hpp>
#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/compact.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/jose/key_set.hpp>
#include <outlast/oauth2/policy.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// What every JWT access token must be here.
struct access_token_options {
    std::string issuer{};   ///< `iss`, byte for byte (RFC 9068 §4)
    std::string audience{}; ///< who we are: must be one of `aud`
    /// By what it may be signed (RFC 8725 §3.1). Default: all that are known here.
    jose::algorithms allowed = jose::algorithms::all();
    /// How far ahead of our clock `iat` may be. Default 60 s.
    std::chrono::seconds iat_leeway{60};

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] const char* problem() const noexcept {
        if (issuer.empty() || audience.empty())
            return "access tokens: the issuer and the audience are known";
        if (allowed.empty())
            return "access tokens: there is an algorithm that is allowed";
        if (iat_leeway < std::chrono::seconds::zero())
            return "access tokens: iat_leeway is not negative";
        return nullptr;
    }
    [[nodiscard]] requirements own_requirements() const {
        return {.audience = audience, .issuer = issuer};
    }
};

/// The token as one that is judged here: a JWS of type `at+jwt`, by an algorithm that is allowed. None for all
/// others, opaque tokens and JWTs of other types among them: what they are only the server can tell.
[[nodiscard]] inline std::optional<jose::compact_jws>
read_access_token(std::string_view token, const access_token_options& options) {
    if (!jose::looks_like_jws(token))
        return std::nullopt;
    auto read = jose::read_compact(token);
    if (!read || !jose::is_type(read.assume_value().header.typ, "at+jwt") ||
        !options.allowed.contains(read.assume_value().header.alg))
        return std::nullopt;
    return std::move(read).assume_value();
}

enum class local_verdict : std::uint8_t {
    good,        ///< its issuer signed it, and it has what it must have
    odd,         ///< its issuer signed it, and it has not what it must have
    bad,         ///< forged
    unknown_key, ///< signed by a key that these keys do not have; newer ones may
    cannot_tell, ///< cryptography failed here
};

struct local_finding {
    local_verdict what = local_verdict::cannot_tell;
    facts_ptr said{}; ///< of a good one
};

/// Judges an access token by RFC 9068 §4: the signature, and that every claim is there that §2.2 demands (`iss`,
/// `exp`, `aud`, `sub`, `client_id`, `iat`, `jti`), each of its type. What they have to say is `check`'s to
/// compare, on each use: issuer, audience, times, binding, scope. But for `iat`: one that is ahead of our clock is odd.
///
/// \throws std::bad_alloc
/// Cost: one signature verification, one pass over the claims. Pure.
[[nodiscard]] inline local_finding judge(const jose::compact_jws& token,
                                         const jose::key_set& keys,
                                         const access_token_options& options,
                                         const document_options& reading,
                                         std::chrono::system_clock::time_point now) {
    const auto claims = keys.verify(token, options.allowed);
    if (!claims)
        return {claims.error() == jose::errc::unknown_key     ? local_verdict::unknown_key
                : claims.error() == jose::errc::crypto_failed ? local_verdict::cannot_tell
                                                              : local_verdict::bad};
    document read{reading};
    if (read_strict_json(claims.assume_value(), read) || read.problem_of_facts())
        return {local_verdict::odd};
    auto said = std::make_shared<facts>(read.take_facts());
    const bool whole = said->iss && said->exp && !said->aud.empty() && said->sub &&
                       said->client_id && said->iat && said->jti;
    if (!whole || *said->iat > std::chrono::floor<std::chrono::seconds>(now) + options.iat_leeway)
        return {local_verdict::odd};
    return {local_verdict::good, std::move(said)};
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_ACCESS_TOKEN_HPP
