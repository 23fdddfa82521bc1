// SPDX-License-Identifier: BSL-1.0
//
// Opaque bearer tokens, checked by RFC 7662 introspection, through an outage of the server.
#ifndef OUTLAST_OAUTH2_INTROSPECTOR_HPP
#define OUTLAST_OAUTH2_INTROSPECTOR_HPP

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/oauth2/ask.hpp>
#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/token_key.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include <functional> // std::reference_wrapper
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

struct introspector_options {
    /// The introspection endpoint (RFC 7662 §2). Its origin and path name the breaker in messages.
    std::string endpoint{};
    /// Who we are to the server. A 401 about these credentials is a 503 to the API's client.
    client_auth auth{};
    /// Of the challenges: printable ASCII.
    std::string realm = "api";

    lifetime_options lifetimes{};
    memory_options<knowledge> cache{};
    /// A call that holds a stale verdict waits so long for another call's fresh one.
    duration stale_wait = std::chrono::milliseconds{500};
    /// Whether stale verdicts also stand in while our own credentials are refused.
    bool stale_on_fault = false;

    /// One request to the server, connecting and body included. Default 2 s.
    duration attempt_timeout = std::chrono::seconds{2};
    /// All that the server is asked for one request to the API. Default 3 s.
    duration overall_timeout = std::chrono::seconds{3};
    /// Repeats what was refused, lost or answered 502, 503, 504 without Retry-After. Default: once,
    /// after up to 100 ms. `retry_if` is set here and not looked at.
    retry_options retry{.max_attempts = 2,
                        .backoff = constant(std::chrono::milliseconds{100}).with(jitter::full)};
    /// Around each attempt. Default: of the last 20 at least 10 seen and half of them failed opens
    /// it for 10 s; 2 probes close it, made by known tokens if any come along within 500 ms.
    /// `failure_if` and `name` are set here and not looked at.
    circuit_breaker_options breaker{.window = 20,
                                    .minimum_calls = 10,
                                    .probes = 2,
                                    .probe_lease = std::chrono::seconds{5},
                                    .hold_back = std::chrono::milliseconds{500}};
    /// After three refusals in a row of our own credentials or configuration: no calls for so long.
    duration fault_pause = std::chrono::seconds{30};

    bearer_options bearer{};
    document_options reading{};
    wall_clock wall = [] { return std::chrono::system_clock::now(); };

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] const char* problem() const {
        if (endpoint.find("://") == std::string::npos || endpoint.find('@') != std::string::npos)
            return "introspector: the endpoint is an absolute URL without user and password";
        if (!quoted::make(realm))
            return "introspector: the realm is not printable ASCII";
        if (const char* p = lifetimes.problem())
            return p;
        if (const char* p = cache.problem())
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
        if (const char* p = breaker.problem())
            return p;
        if (fault_pause <= duration::zero())
            return "introspector: fault_pause is longer than 0";
        if (!wall)
            return "introspector: there is no wall clock";
        return nullptr;
    }
};

/// Decides about requests that bring an opaque bearer token: allowed, refused, or "cannot tell".
///
/// Made of public policies only, outermost first: cache (fresh, stale, negative; one call a token
/// at a time) · overall timeout · retry · fault latch (a breaker that counts refusals of our own
/// credentials) · breaker (counts outages and answers that cannot be believed; not the 4xx
/// that a crafted token can provoke) · attempt timeout · the request.
///
/// **Answers** 200 with the facts; 401, 403 and 400 exactly by RFC 6750; 503 with Retry-After when
/// the server cannot be asked and nothing is known. A 401 of the server's about us is a 503. `exp`
/// is looked at on every use. No setting lets an unknown token pass.
/// **Sharing** thread-safe; one for all routes. The transport and the introspector outlive its
/// calls.
/// **Cost** a token known and fresh: one digest, one lookup, no allocation but the answer's.
/// **Secrets** tokens are kept as keyed digests; nothing here prints a token, a secret, or an
/// answer.
/// **Example** `examples/03_introspection.cpp`.
template <transport Transport>
class introspector {
    struct key_of_query {
        wanted<token_digest> operator()(const query& q) const noexcept {
            return {q.key, q.max_age};
        }
    };

public:
    /// Throws `std::invalid_argument` with a sentence, or `std::system_error` from OpenSSL.
    introspector(introspector_options options,
                 Transport& send,
                 const master_key& key = master_key::of_this_process().value())
        : options_((require_valid(options.problem()), std::move(options))),
          realm_(*quoted::make(options_.realm)),
          key_of_(key, binding_of(options_)),
          ask_(send, options_.endpoint, options_.auth, options_.reading, options_.wall, repeats_),
          store_(options_.cache),
          cache_(store_, {}, token_life{options_.lifetimes, options_.wall}, cache_options()),
          latch_(latch_options()),
          breaker_(breaker_options()),
          policies_(std::ref(cache_),
                    timeout{{.limit = options_.overall_timeout, .name = "introspection"}},
                    outlast::retry{retry_options_of()},
                    std::ref(latch_),
                    std::ref(breaker_),
                    timeout{{.limit = options_.attempt_timeout, .name = "introspection attempt"}}) {
    }

    introspector(const introspector&) = delete;
    introspector& operator=(const introspector&) = delete;

    /// Decides about one request, on this thread.
    /// \param authorization the values of all its Authorization headers
    /// \param wanted what the route demands
    /// \param max_age the oldest verdict that the route takes; 0: a live one each time
    [[nodiscard]] decision operator()(std::span<const std::string_view> authorization,
                                      const requirements& wanted = {},
                                      duration max_age = forever,
                                      limits until = {}) {
        const bearer_reading read = read_bearer(authorization, options_.bearer);
        switch (read.status) {
        case bearer_status::none:
            return detail::refused(no_token(realm_));
        case bearer_status::malformed:
            return detail::refused(invalid_token(realm_, description::malformed));
        case bearer_status::several:
            return detail::refused(invalid_request(realm_, description::several));
        case bearer_status::token:
            break;
        }
        const auto digest = key_of_(read.token);
        if (!digest)
            return detail::refused(unavailable(retry_after_for({}, {})));
        const query q{read.token, *digest, max_age};
        report facts;
        report* const asked_for = std::exchange(until.facts, &facts);
        result<knowledge> known = run(policies_, until, ask_, q);
        if (asked_for != nullptr)
            *asked_for = facts;
        return decide(std::move(known), facts, wanted, realm_, options_.wall());
    }

    /// For a request with one Authorization header.
    [[nodiscard]] decision operator()(std::string_view authorization,
                                      const requirements& wanted = {},
                                      duration max_age = forever,
                                      limits until = {}) {
        const std::string_view only[] = {authorization};
        return (*this)(std::span<const std::string_view>{only}, wanted, max_age, until);
    }

    /// Forgets what is known about a token: it was revoked here.
    void forget(std::string_view token) {
        if (const auto digest = key_of_(token))
            cache_.forget(*digest);
    }

    // For another driver, and for probes: the pieces that the call operator puts together.
    [[nodiscard]] auto& policies() noexcept { return policies_; }
    [[nodiscard]] const ask<Transport>& work() const noexcept { return ask_; }
    [[nodiscard]] circuit_breaker& breaker() noexcept { return breaker_; }
    [[nodiscard]] circuit_breaker& latch() noexcept { return latch_; }
    [[nodiscard]] auto& store() noexcept { return store_; }
    [[nodiscard]] std::optional<token_digest> key_of(std::string_view token) const noexcept {
        return key_of_(token);
    }
    [[nodiscard]] const quoted& realm() const noexcept { return realm_; }
    [[nodiscard]] const introspector_options& options() const noexcept { return options_; }

private:
    static key_binding binding_of(const introspector_options& o) {
        key_binding b;
        b.endpoint = o.endpoint;
        b.client = client_id(o.auth);
        return b;
    }

    // The class of a verdict: what has no reason of ours (a timeout) is an outage.
    static outcome_class class_in(const verdict& v) noexcept {
        const auto why = reason_in(v.error());
        return why ? class_of(*why) : outcome_class::down;
    }
    static bool is_outage(const verdict& v) noexcept {
        return class_in(v) == outcome_class::down || class_in(v) == outcome_class::bad;
    }

    // What ended here, before anything was sent, says nothing about the server.
    static bool is_server_outage(const verdict& v) noexcept {
        const auto why = reason_in(v.error());
        if (v.kind == verdict_kind::failure && !v.error())
            return false; // something of ours threw
        if (is_repeated(v.error()))
            return false; // this token has been counted already
        return is_outage(v) && why != reason::shed && why != reason::no_credentials;
    }

    cache_aside_options cache_options() const noexcept {
        cache_aside_options o{.stale_wait = options_.stale_wait,
                              .wait = options_.overall_timeout,
                              .name = "introspection cache"};
        if (options_.stale_on_fault)
            o.stale_if = [](const verdict& v) { return class_in(v) != outcome_class::odd; };
        else
            o.stale_if = [](const verdict& v) { return is_outage(v); };
        return o;
    }
    retry_options retry_options_of() const noexcept {
        retry_options o = options_.retry;
        o.retry_if = [](const verdict& v) {
            if (v.has_hint() || v.kind == verdict_kind::expired)
                return false;
            switch (reason_in(v.error()).value_or(reason::timed_out)) {
            case reason::name_not_resolved:
            case reason::connection_refused:
            case reason::connection_lost:
            case reason::server_unavailable:
                return true;
            default:
                return false;
            }
        };
        return o;
    }
    circuit_breaker_options latch_options() const {
        return {.failure_ratio = ratio::of(1.0),
                .window = 3,
                .minimum_calls = 3,
                .open_for = options_.fault_pause,
                .failure_if =
                    [](const verdict& v) {
                        // A 403 may come from a filter that a crafted token provokes.
                        return class_in(v) == outcome_class::fault &&
                               reason_in(v.error()) != reason::forbidden;
                    },
                .name = label::intern("our credentials at " + http::shown_url(options_.endpoint))};
    }
    circuit_breaker_options breaker_options() const {
        circuit_breaker_options o = options_.breaker;
        o.failure_if = [](const verdict& v) { return is_server_outage(v); };
        o.name = label::intern(http::shown_url(options_.endpoint));
        return o;
    }

    using store_type = memory<token_digest, knowledge>;
    using cache_type = cache_aside<store_type, key_of_query, token_life>;

    introspector_options options_;
    quoted realm_;
    token_keyer key_of_;
    repeated_failures repeats_{};
    ask<Transport> ask_;
    store_type store_;
    cache_type cache_;
    circuit_breaker latch_;
    circuit_breaker breaker_;
    pipeline<std::reference_wrapper<cache_type>,
             timeout,
             outlast::retry,
             std::reference_wrapper<circuit_breaker>,
             std::reference_wrapper<circuit_breaker>,
             timeout>
        policies_;
};

template <class Transport>
introspector(introspector_options, Transport&) -> introspector<Transport>;
template <class Transport>
introspector(introspector_options, Transport&, const master_key&) -> introspector<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_INTROSPECTOR_HPP
