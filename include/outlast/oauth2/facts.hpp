// SPDX-License-Identifier: BSL-1.0
//
// What the authorization server said about an active token.
#ifndef OUTLAST_OAUTH2_FACTS_HPP
#define OUTLAST_OAUTH2_FACTS_HPP

#include <algorithm> // std::find
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outlast::oauth2 {

/// The key that the bearer of a token must prove to have (RFC 7800). Present means bound, also when
/// no member below is set: then the binding is of a kind that is not known here.
struct confirmation {
    std::string jkt;      ///< `jkt`: thumbprint of the DPoP key (RFC 9449 §6.1); empty if absent
    std::string x5t_s256; ///< `x5t#S256`: of the TLS client certificate (RFC 8705 §3.1); or empty
};

/// A claim that the configuration asked to keep.
struct further_claim {
    std::string name;
    std::vector<std::string> values; ///< one, or those of an array
};

/// The facts of one active answer (RFC 7662 §2.2). Facts are cached, decisions are not: what they
/// mean for a request is `check` in policy.hpp, asked on each use.
///
/// Of the answer nothing else is kept (RFC 7662 §5). Shared as `facts_ptr`, and then immutable: any
/// number of threads may read. No stream output: `sub` and `username` are personal data.
struct facts {
    std::optional<std::chrono::sys_seconds> exp; ///< rounded down
    std::optional<std::chrono::sys_seconds> nbf; ///< rounded up
    std::optional<std::chrono::sys_seconds> iat; ///< rounded down

    std::optional<std::string> iss;
    std::optional<std::string> sub;
    std::optional<std::string> client_id;
    std::optional<std::string> username;
    std::optional<std::string> token_type;
    std::optional<std::string> jti;

    std::vector<std::string> scope; ///< in the order given; empty when absent
    std::vector<std::string> aud;   ///< a single audience is a list of one; empty when absent
    std::optional<confirmation> cnf;

    std::vector<further_claim> further;

    /// Exact comparison, as scope names know no case (RFC 6749 §3.3).
    [[nodiscard]] bool has_scope(std::string_view name) const noexcept {
        return std::find(scope.begin(), scope.end(), name) != scope.end();
    }

    [[nodiscard]] bool has_audience(std::string_view name) const noexcept {
        return std::find(aud.begin(), aud.end(), name) != aud.end();
    }

    /// The values of a claim that was asked for; empty when the answer had none.
    [[nodiscard]] std::span<std::string const> claim(std::string_view name) const noexcept {
        for (auto const& one : further) {
            if (one.name == name)
                return one.values;
        }
        return {};
    }
};

using facts_ptr = std::shared_ptr<facts const>;

/// About how many bytes of memory `what` takes, its strings included: for a bound on cache entries,
/// as one answer of 64 KiB can list thousands of audiences. Not exact: allocators round.
[[nodiscard]] inline std::size_t footprint(facts const& what) noexcept {
    const auto of_list = [](std::vector<std::string> const& list) {
        std::size_t bytes = list.capacity() * sizeof(std::string);
        for (auto const& one : list)
            bytes += one.capacity();
        return bytes;
    };
    std::size_t bytes = sizeof what + of_list(what.scope) + of_list(what.aud);
    for (auto const* one :
         {&what.iss, &what.sub, &what.client_id, &what.username, &what.token_type, &what.jti}) {
        if (*one)
            bytes += (*one)->capacity();
    }
    if (what.cnf)
        bytes += what.cnf->jkt.capacity() + what.cnf->x5t_s256.capacity();
    for (auto const& one : what.further) {
        bytes += sizeof one + one.name.capacity() + of_list(one.values);
    }
    return bytes;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_FACTS_HPP
