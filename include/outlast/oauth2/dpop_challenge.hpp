// SPDX-License-Identifier: BSL-1.0
//
// The answers of an API that takes DPoP proofs (RFC 9449 §7).
#ifndef OUTLAST_OAUTH2_DPOP_CHALLENGE_HPP
#define OUTLAST_OAUTH2_DPOP_CHALLENGE_HPP

#include <outlast/oauth2/answer.hpp>
#include <outlast/oauth2/bearer.hpp> // auth_scheme

#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// 401 `invalid_dpop_proof`: the token came under the scheme DPoP, and nothing proves that its sender has
/// the key (RFC 9449 §7.1). To be passed through `offering_dpop`.
[[nodiscard]] inline answer invalid_dpop_proof(quoted const& realm) {
    return detail::challenged(401,
                              detail::challenge(realm, "invalid_dpop_proof", description::none));
}

/// An answer of answer.hpp as an API gives it that takes both schemes: the error stands in the challenge of
/// the scheme that was used, and a 401 offers the other one as well (RFC 9449 §7.1, §7.2).
/// \param algorithms which proofs may be signed by, as "ES256 PS256"; printable ASCII without quotes
[[nodiscard]] inline answer
offering_dpop(answer said, auth_scheme used, quoted const& realm, std::string_view algorithms) {
    constexpr std::string_view bearer = "Bearer";
    const auto with_algorithms = [&](std::string challenge) {
        challenge.replace(0, bearer.size(), "DPoP");
        return challenge.append(", algs=\"").append(algorithms).append("\"");
    };
    for (auto& [name, value] : said.headers) {
        if (name != "WWW-Authenticate")
            continue;
        if (used == auth_scheme::dpop)
            value = with_algorithms(std::move(value));
        if (said.status == 401) {
            std::string other = detail::challenge(realm, {}, description::none);
            if (used == auth_scheme::bearer)
                other = with_algorithms(std::move(other));
            said.headers.emplace_back("WWW-Authenticate", std::move(other));
        }
        break;
    }
    return said;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_DPOP_CHALLENGE_HPP
