// SPDX-License-Identifier: BSL-1.0
//
// Whether a request is proved to come from who holds a key (RFC 9449).
#ifndef OUTLAST_OAUTH2_JOSE_DPOP_VERIFIER_HPP
#define OUTLAST_OAUTH2_JOSE_DPOP_VERIFIER_HPP

#include <outlast/error.hpp> // require_valid
#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/held_keys.hpp>
#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/dpop_proof.hpp>
#include <outlast/oauth2/knowledge.hpp> // wall_clock
#include <outlast/oauth2/master_key.hpp>
#include <outlast/oauth2/sha256.hpp>
#include <outlast/oauth2/target_uri.hpp>
#include <outlast/oauth2/token_key.hpp>
#include <outlast/oauth2/used_proofs.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2::jose {

struct dpop_options {
    /// What proofs may be signed by: ES256, PS256 and RS256. Tell the same to clients, as
    /// `bearer_options::dpop_algorithms`.
    algorithms allowed{algorithm::es256, algorithm::ps256, algorithm::rs256};
    /// How old a proof may be, by its `iat`. In 1..600 s. Default 60 s.
    std::chrono::seconds max_age{60};
    /// How far ahead of ours the client's clock may be. In 0..60 s. Default 5 s.
    std::chrono::seconds ahead{5};
    /// How many proofs are remembered, so that none is good twice: see `used_proofs`. Default 65 536.
    std::size_t remembered = 65'536;
    wall_clock wall = [] { return std::chrono::system_clock::now(); };

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] const char* problem() const {
        using std::chrono::seconds;
        if (allowed.empty())
            return "dpop: no algorithm is allowed";
        if (max_age < seconds{1} || max_age > seconds{600} || ahead < seconds{0} ||
            ahead > seconds{60})
            return "dpop: max_age is between 1 and 600 s, and ahead between 0 and 60 s";
        if (remembered == 0)
            return "dpop: remembered is 1 or more";
        return wall ? nullptr : "dpop: there is no wall clock";
    }
};

/// One request, as far as a proof is about it. Views.
struct dpop_request {
    std::span<const std::string_view> authorization{}; ///< all its values
    std::span<const std::string_view> proofs{};        ///< all values of the header DPoP
    std::string_view method{};
    /// As the client wrote it: behind a proxy the one outside. The query makes no difference.
    std::string_view url{};
};

/// Why there is no proof; for logs and metrics, while clients are told `invalid_dpop_proof`.
enum class dpop_problem : std::uint8_t {
    none,
    no_token,  ///< no single well-formed token under the scheme DPoP
    no_proof,  ///< no header DPoP, or more than one
    bad_proof, ///< malformed, another type, a signature or a key that is not good
    other_method,
    other_url,
    other_token, ///< `ath`
    wrong_time,  ///< `iat`
    used,        ///< before, or that cannot be told
};

/// A fixed name in snake_case, fit for a metric label.
[[nodiscard]] constexpr std::string_view to_string(dpop_problem what) noexcept {
    switch (what) {
    case dpop_problem::none:
        return "none";
    case dpop_problem::no_token:
        return "no_token";
    case dpop_problem::no_proof:
        return "no_proof";
    case dpop_problem::bad_proof:
        return "bad_proof";
    case dpop_problem::other_method:
        return "other_method";
    case dpop_problem::other_url:
        return "other_url";
    case dpop_problem::other_token:
        return "other_token";
    case dpop_problem::wrong_time:
        return "wrong_time";
    case dpop_problem::used:
        return "used";
    }
    return "unknown";
}

/// Verifies the proofs of requests by all of RFC 9449 §4.3 but for nonces, which it gives none of. What it
/// finds goes to the introspector, which compares the key with that of the token:
///
///     held_keys keys;
///     keys.dpop = verify(request).key;          // none: the introspector refuses the scheme DPoP
///     decision d = api(authorization, route, forever, {}, keys);
///
/// **Sharing** thread-safe; one for all routes. Proofs that were used in another process are not known: they
/// are short-lived, and that is what protects them there.
/// **Cost** one signature verification (some 50 µs), before anybody is asked about the token.
class dpop_verifier {
public:
    struct outcome {
        thumbprint key{}; ///< none unless `wrong` is
        dpop_problem wrong = dpop_problem::none;
    };

    /// Throws `std::invalid_argument` with a sentence, or `std::system_error` from OpenSSL.
    explicit dpop_verifier(dpop_options options = {},
                           const master_key& key = master_key::of_this_process().value())
        : options_((require_valid(options.problem()), std::move(options))),
          digest_of_(key, {.endpoint = "dpop proofs", .client = {}, .tenant = {}}),
          used_(options_.remembered, options_.max_age + options_.ahead) {}

    /// Verifies the proof of a request, and uses it up. \throws std::bad_alloc
    [[nodiscard]] outcome operator()(const dpop_request& asked) {
        const bearer_reading read = read_bearer(
            asked.authorization, {.max_length = std::string_view::npos, .dpop_algorithms = "any"});
        if (read.status != bearer_status::token || read.scheme != auth_scheme::dpop)
            return {.wrong = dpop_problem::no_token};
        if (asked.proofs.size() != 1)
            return {.wrong = dpop_problem::no_proof};
        const auto found = read_dpop_proof(asked.proofs.front(), options_.allowed);
        if (!found)
            return {.wrong = dpop_problem::bad_proof};
        const dpop_proof& proof = found.assume_value();
        if (proof.htm != asked.method)
            return {.wrong = dpop_problem::other_method};
        if (!is_same_target(proof.htu, asked.url))
            return {.wrong = dpop_problem::other_url};
        if (!sha256_thumbprint(read.token).is(proof.ath))
            return {.wrong = dpop_problem::other_token};
        const auto now = std::chrono::floor<std::chrono::seconds>(options_.wall());
        if (proof.iat > now + options_.ahead || proof.iat < now - options_.max_age)
            return {.wrong = dpop_problem::wrong_time};
        // The key has no dot: no two proofs make one text.
        const auto digest = digest_of_(std::string{proof.key.text()} + '.' + proof.jti);
        if (!digest || !used_.use(*digest, proof.iat, now))
            return {.wrong = dpop_problem::used};
        return {.key = proof.key};
    }

    [[nodiscard]] const dpop_options& options() const noexcept { return options_; }

private:
    dpop_options options_;
    token_keyer digest_of_;
    used_proofs used_;
};

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_DPOP_VERIFIER_HPP
