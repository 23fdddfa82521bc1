// SPDX-License-Identifier: BSL-1.0
//
// What can be chosen about an introspector, blocking or asynchronous.
#ifndef OUTLAST_OAUTH2_INTROSPECTOR_OPTIONS_HPP
#define OUTLAST_OAUTH2_INTROSPECTOR_OPTIONS_HPP

#include <outlast/basic_failure_memo.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/circuit_options.hpp>
#include <outlast/oauth2/answer.hpp> // quoted
#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/client_auth.hpp>
#include <outlast/oauth2/discovery_options.hpp>
#include <outlast/oauth2/document.hpp>
#include <outlast/oauth2/knowledge.hpp>
#include <outlast/oauth2/signed_answer.hpp>
#include <outlast/oauth2/stale_ledger.hpp>
#include <outlast/retry.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace outlast::oauth2 {

/// Which of several endpoints is asked first.
enum class endpoint_order : std::uint8_t {
    preference,  ///< as they are listed
    round_robin, ///< each in turn, for each call
};

struct introspector_options {
    /// The introspection endpoints (RFC 7662 §2) of one authorization server, one or more; each has a
    /// breaker, which its origin and path name in messages. What one of them cannot tell is asked of the
    /// next; a definite answer never is (threat S12), nor what is our own fault, or that of a token.
    std::vector<std::string> endpoints{};
    endpoint_order order = endpoint_order::preference;
    /// Instead of endpoints: the server whose metadata say where its endpoint is, now and later (RFC 8414).
    /// Asked for when a token is first asked about; while they cannot be had, what is cached is used, and
    /// all else is a 503. Cached verdicts belong to the issuer.
    std::optional<discovery_options> discover{};
    /// Who we are to the server. A 401 about these credentials is a 503 to the API's client.
    client_auth auth{};
    /// Of the challenges: printable ASCII.
    std::string realm = "api";

    lifetime_options lifetimes{};
    memory_options<knowledge> cache{};
    /// How many of the tokens that were revoked here (`revoke`) are remembered: the last ones. At least 1.
    std::size_t revocations = 65'536;
    /// A call that holds a stale verdict waits so long for another call's fresh one.
    duration stale_wait = std::chrono::milliseconds{500};
    /// Whether stale verdicts also stand in while our own credentials are refused.
    bool stale_on_fault = false;
    /// Which tokens were allowed by a stale verdict, until the server has spoken about them again
    /// (`introspector_base::stale_tokens`); with `keep_tokens` they can be asked about after an outage
    /// (`recheck`), before their clients come again. Default: 4096, by their digests.
    stale_ledger_options stale_ledger{};

    /// One request to the server, connecting and body included. Default 2 s. With several endpoints, or callers
    /// with deadlines, well below those: an attempt that its caller cuts off first counts against no endpoint,
    /// and one that takes the whole time leaves none for the next.
    duration attempt_timeout = std::chrono::seconds{2};
    /// All that the server is asked for one request to the API. Default 3 s.
    duration overall_timeout = std::chrono::seconds{3};
    /// Repeats what was refused, lost or answered 502, 503, 504 without Retry-After, by the last of the
    /// endpoints. Default: once, after up to 100 ms. `retry_if` is set here and not looked at.
    retry_options retry{.max_attempts = 2,
                        .backoff = constant(std::chrono::milliseconds{100}).with(jitter::full)};
    /// What came to nothing for a token, in whatever way, is the answer for that token again for a
    /// moment, so that a popular one is not a call for each request. `remember_if` is set here and not
    /// looked at; a refusal for which no call was made is not remembered. Default: 1 s, 4096 tokens.
    failure_memo_options memo{.name = "introspection failures"};
    /// Around each attempt, one for each endpoint. Default: of the last 20 at least 10 seen and half of them failed opens
    /// it for 10 s; 2 probes close it, made by known tokens if any come along within 500 ms.
    /// `failure_if` and `name` are set here and not looked at; `events` hears the fault latches, too ("our credentials
    /// at …").
    circuit_breaker_options breaker{.window = 20,
                                    .minimum_calls = 10,
                                    .probes = 2,
                                    .probe_lease = std::chrono::seconds{5},
                                    .hold_back = std::chrono::milliseconds{500}};
    /// How many calls to the server run at once, for tokens that nothing good is known of, and besides
    /// for those with a stale verdict in hand, so that made-up tokens keep no known one waiting. The
    /// former may stand in a line; the latter never do: without a place they go on with their stale
    /// verdict. Who gets no place gets 503, and no call was made. Default: 32 of each kind, 1024 wait
    /// for up to 500 ms. A transport has its own bound on connections, which is not to be less. A check that
    /// takes no old answer (`max_age` 0) has no verdict in hand: made-up tokens do keep it waiting.
    bulkhead_options admission{.permits = 32,
                               .spare_permits = 32,
                               .queue = 1024,
                               .wait = std::chrono::milliseconds{500},
                               .name = "introspection"};
    /// After refusals of our own credentials or configuration over three tokens in a row, by one of the
    /// endpoints: no calls to that one for so long. By each of them: a 503 until the first is tried again.
    duration fault_pause = std::chrono::seconds{30};

    bearer_options bearer{};
    document_options reading{};
    /// With a verifier: answers are asked for as JWTs, and only those that are signed and for us are believed
    /// (RFC 9701). `jwt_introspector` sets it. Default: JSON.
    signed_answers only_signed{};
    wall_clock wall = [] { return std::chrono::system_clock::now(); };

    /// What verdicts and breakers are named after: the endpoints, or the issuer that tells them.
    [[nodiscard]] std::span<const std::string> servers() const noexcept {
        if (discover)
            return {&discover->issuer, 1};
        return endpoints;
    }

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] const char* problem() const {
        const auto usable = [](const std::string& url) {
            return url.find("://") != url.npos && url.find('@') == url.npos;
        };
        if (discover && !endpoints.empty())
            return "introspector: either the endpoints are given or they are discovered, not both";
        if (const char* p = discover ? discover->problem() : nullptr)
            return p;
        if (discover && discover->overall_timeout >= attempt_timeout)
            return "introspector: discovery may take longer than the attempt that it is a part of "
                   "(discover->overall_timeout, attempt_timeout): the server would be blamed for "
                   "it";
        if (servers().empty() || !std::ranges::all_of(endpoints, usable))
            return "introspector: an endpoint is an absolute URL without user and password, and "
                   "there is at least one";
        if (!quoted::make(realm))
            return "introspector: the realm is not printable ASCII";
        const auto algorithms = quoted::make(bearer.dpop_algorithms);
        if (!algorithms || algorithms->text() != bearer.dpop_algorithms)
            return "introspector: bearer.dpop_algorithms is names of algorithms, parted by blanks";
        if (const char* p = lifetimes.problem())
            return p;
        if (const char* p = cache.problem())
            return p;
        if (revocations == 0)
            return "introspector: revocations is 1 or more";
        if (const char* p = stale_ledger.problem())
            return p;
        if (stale_wait < duration::zero())
            return "introspector: stale_wait is not negative";
        if (attempt_timeout <= duration::zero() || overall_timeout <= duration::zero())
            return "introspector: a timeout is longer than 0";
        if (attempt_timeout > overall_timeout)
            return "introspector: one attempt may take longer than the whole (attempt_timeout, "
                   "overall_timeout): the breaker would never see a timeout";
        if (const char* p = retry.problem())
            return p;
        if (const char* p = memo.problem())
            return p;
        if (const char* p = breaker.problem())
            return p;
        if (const char* p = admission.problem())
            return p;
        if (fault_pause <= duration::zero())
            return "introspector: fault_pause is longer than 0";
        if (only_signed.verify && (only_signed.issuer.empty() || only_signed.audience.empty()))
            return "introspector: of signed answers the issuer and our client id are known";
        if (!wall)
            return "introspector: there is no wall clock";
        return nullptr;
    }
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_INTROSPECTOR_OPTIONS_HPP
