// SPDX-License-Identifier: BSL-1.0
//
// What decides about bearer tokens, whatever sends the requests: the cache, the breakers, the policies.
#ifndef OUTLAST_OAUTH2_INTROSPECTOR_BASE_HPP
#define OUTLAST_OAUTH2_INTROSPECTOR_BASE_HPP

#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/failover.hpp>
#include <outlast/failure_memo.hpp>
#include <outlast/loses_nothing.hpp>
#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/dpop_challenge.hpp>
#include <outlast/oauth2/errand.hpp>
#include <outlast/oauth2/held_keys.hpp>
#include <outlast/oauth2/introspection.hpp>
#include <outlast/oauth2/introspector_options.hpp>
#include <outlast/oauth2/jose/compact.hpp>
#include <outlast/oauth2/revocations.hpp>
#include <outlast/oauth2/stale_ledger.hpp>
#include <outlast/oauth2/token_key.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional> // std::reference_wrapper
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2 {

/// The part of `introspector` and `async_introspector` that they share.
///
/// Made of public policies only, outermost first: cache (fresh, stale, negative; one call a token
/// at a time) · failure memo · overall timeout · retry · failover over the endpoints, each with its fault latch (a
/// breaker that counts refusals of our own credentials) and its breaker (counts outages and answers
/// that cannot be believed; not the 4xx that a crafted token can provoke) · admission · attempt timeout · the
/// request.
class introspector_base {
    struct endpoint_of_query {
        std::size_t& operator()(const query& q) const noexcept { return *q.endpoint; }
    };
    struct token_of_query {
        token_digest operator()(const query& q) const noexcept { return q.key; }
    };
    struct key_of_query {
        wanted<token_digest> operator()(const query& q) const noexcept {
            return {q.key, q.max_age};
        }
    };

public:
    introspector_base(const introspector_base&) = delete;
    introspector_base& operator=(const introspector_base&) = delete;

    /// Refuses a token from now on, without asking: 401 even where the server (a replica that lags) still
    /// calls it active, or cannot be asked. So is what a lenient server may take for the same: a JWT of the same
    /// content with another signature, and padding. Requests under way may still pass. See
    /// `introspector_options::revocations`. \throws std::bad_alloc
    void revoke(std::string_view token) {
        if (const auto name = key_of_(jose::revoked_by(token)))
            revoked_.add(*name);
        if (const auto digest = key_of_(token)) {
            cache_.forget(*digest);
            if (!stale_.empty())
                stale_.settle(*digest, reason::inactive, options().wall());
        }
    }
    /// Whether it was refused here, and is still remembered; "no" also for want of memory.
    [[nodiscard]] bool is_revoked(std::string_view token) const {
        if (revoked_.empty())
            return false;
        const auto name = key_of_(jose::revoked_by(token));
        return name && revoked_.holds(*name);
    }
    /// The answer to a request that no policy needs to be asked about: without a token, or with one that is
    /// malformed or was revoked here; none for all others.
    [[nodiscard]] std::optional<decision> at_once(std::span<const std::string_view> authorization,
                                                  const held_keys& keys = {}) const {
        query q;
        sender from{.keys = keys};
        return answered_already(authorization, q, from);
    }
    /// Forgets what is known about a token: it is asked about again.
    void forget(std::string_view token) {
        if (const auto digest = key_of_(token)) {
            cache_.forget(*digest);
            memo_.forget(*digest);
        }
    }

    /// Of the tokens that were allowed by a stale verdict: what the server said of them afterwards.
    [[nodiscard]] stale_counts stale_tokens() const { return stale_.counts(options().wall()); }

    // For another driver: the pieces that a check puts together.
    [[nodiscard]] auto& policies() noexcept { return policies_; }
    /// Notes what was decided about a token, for `stale_tokens`.
    void note(const decision& d, const query& about) const {
        using enum decision::assurance;
        if (d.how == stale && d.allowed()) // which has an `exp`, or it would not have been stale
            stale_.served(about.key, about.token, *d.who->exp, options().wall());
        else if (!stale_.empty() && (d.how == live || d.how == cached))
            stale_.settle(about.key, *d.because, options().wall());
    }
    // And those of a `recheck`, and of a `probe`: what to ask, through which policies, and what that came to.
    [[nodiscard]] std::optional<errand> next_recheck(instant now) {
        if (stale_.empty())
            return std::nullopt;
        for (std::size_t endpoint = 0; endpoint != guards_.size(); ++endpoint)
            if (is_healthy(endpoint, now)) {
                auto due = stale_.next(now, options().wall());
                return due ? std::optional{errand{std::move(due->token), due->key, endpoint}}
                           : std::nullopt;
            }
        return std::nullopt;
    }
    [[nodiscard]] auto& recheck_policies() noexcept { return recheck_policies_; }
    void rechecked(const token_digest& key, const result<knowledge>& known, const report& facts) {
        if (known && facts.how != source::stale)
            stale_.settle(key, reason_of(known.assume_value().what), options().wall());
    }
    [[nodiscard]] errand next_probe(std::size_t endpoint) const {
        auto token = std::make_shared<const secret>(never_issued_token());
        const auto digest = key_of_(token->expose());
        return {std::move(token), digest.value_or(token_digest{}), endpoint};
    }
    [[nodiscard]] auto& probe_policies(std::size_t endpoint) noexcept {
        return guards_[endpoint].probe;
    }
    /// Whether latch and breaker of an endpoint are closed.
    [[nodiscard]] bool is_healthy(std::size_t endpoint, instant now) {
        return latch(endpoint).state(now) == circuit_state::closed &&
               breaker(endpoint).state(now) == circuit_state::closed;
    }
    /// Of one endpoint, by its number in the options: how it is, and control by hand.
    [[nodiscard]] circuit_breaker& breaker(std::size_t endpoint = 0) noexcept {
        return guards_[endpoint].breaker;
    }
    /// Of one endpoint: open while it refuses our own credentials or configuration.
    [[nodiscard]] circuit_breaker& latch(std::size_t endpoint = 0) noexcept {
        return guards_[endpoint].latch;
    }
    /// How many calls run, and wait for that.
    [[nodiscard]] bulkhead& door() noexcept { return door_; }
    /// Which endpoint the next call is to ask first.
    [[nodiscard]] std::size_t first_endpoint() noexcept {
        return options().order == endpoint_order::preference
                   ? 0
                   : turn_.fetch_add(1, std::memory_order_relaxed) % guards_.size();
    }
    [[nodiscard]] auto& store() noexcept { return store_; }
    [[nodiscard]] std::optional<token_digest> key_of(std::string_view token) const noexcept {
        return key_of_(token);
    }
    [[nodiscard]] const quoted& realm() const noexcept { return realm_; }
    [[nodiscard]] const introspector_options& options() const noexcept { return what_->options(); }

protected:
    introspector_base(introspector_options options, const master_key& key)
        : what_((require_valid(options.problem()),
                 std::make_shared<introspection>(std::move(options)))),
          realm_(*quoted::make(this->options().realm)),
          key_of_(key, binding_of(this->options())),
          revoked_(this->options().revocations),
          stale_(this->options().stale_ledger),
          store_(this->options().cache),
          cache_(store_,
                 {},
                 token_life{this->options().lifetimes, this->options().wall},
                 cache_options()),
          memo_({}, memo_options()),
          endpoints_(guards(),
                     {},
                     {.next_if = [](const verdict& v) { return is_for_the_next(v); },
                      .name = "introspection endpoints"}),
          door_(this->options().admission),
          policies_(std::ref(cache_),
                    std::ref(memo_),
                    timeout{{.limit = this->options().overall_timeout, .name = "introspection"}},
                    outlast::retry{retry_options_of()},
                    std::ref(endpoints_),
                    std::ref(door_),
                    timeout{attempt_limit()}),
          recheck_policies_(loses_nothing{}, std::ref(policies_)) {}
    ~introspector_base() = default;

    /// Shared with exchanges that nobody waits for any more, which may outlive us.
    [[nodiscard]] const std::shared_ptr<introspection>& what() const noexcept { return what_; }

    /// What the policies are to be asked, in `q`, and how the token came; or the answer, if they need not be
    /// asked.
    [[nodiscard]] std::optional<decision> answered_already(
        std::span<const std::string_view> authorization, query& q, sender& from) const {
        const bearer_reading read = read_bearer(authorization, options().bearer);
        from.scheme = read.scheme;
        std::optional<decision> d = answer_to(read, q, from);
        if (d)
            frame(*d, from, options().bearer, realm_);
        return d;
    }

    [[nodiscard]] decision decided(result<knowledge> known,
                                   const report& facts,
                                   const requirements& wanted,
                                   const sender& from,
                                   const query& about) const {
        decision d = decide(std::move(known), facts, wanted, realm_, options().wall(), from);
        frame(d, from, options().bearer, realm_);
        note(d, about);
        return d;
    }

private:
    [[nodiscard]] std::optional<decision>
    answer_to(const bearer_reading& read, query& q, const sender& from) const {
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
        if (from.scheme == auth_scheme::dpop && from.keys.dpop.empty())
            return detail::refused(invalid_dpop_proof(realm_));
        const auto digest = key_of_(read.token);
        if (!digest)
            return detail::refused(unavailable(retry_after_for({}, {})));
        if (is_revoked(read.token))
            return detail::revoked(realm_);
        q.token = read.token;
        q.key = *digest;
        return std::nullopt;
    }

    static key_binding binding_of(const introspector_options& o) {
        key_binding b;
        b.endpoint = o.servers().front();
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

    // Whether the server has a part in it. What ended here, before anything was sent, says nothing about
    // it; nor does a signature by a key that is newer than ours.
    static bool is_of_the_server(const verdict& v) noexcept {
        if (v.error() == make_error_code(refusal::threw))
            return false; // something of ours threw
        switch (reason_in(v.error()).value_or(reason::timed_out)) {
        case reason::shed:
        case reason::no_credentials:
        case reason::not_discovered:
        case reason::unknown_key:
            return false;
        default:
            return true;
        }
    }
    // Another endpoint may be able to tell.
    static bool is_for_the_next(const verdict& v) noexcept {
        return is_outage(v) && is_of_the_server(v);
    }
    static bool is_server_outage(const verdict& v) noexcept {
        return is_for_the_next(v) && !is_repeated(v.error()); // this token was counted already
    }

    cache_aside_options cache_options() const noexcept {
        cache_aside_options o{.stale_wait = options().stale_wait,
                              .wait = options().overall_timeout,
                              .name = "introspection cache"};
        if (options().stale_on_fault)
            o.stale_if = [](const verdict& v) { return class_in(v) != outcome_class::odd; };
        else
            o.stale_if = [](const verdict& v) { return is_outage(v); };
        return o;
    }
    failure_memo_options memo_options() const noexcept {
        failure_memo_options o = options().memo;
        o.remember_if = [](const verdict& v) { return is_of_the_server(v); };
        return o;
    }
    retry_options retry_options_of() const noexcept {
        retry_options o = options().retry;
        o.retry_if = [](const verdict& v) { return is_worth_another_try(v); };
        return o;
    }
    timeout_options attempt_limit() const noexcept {
        return {.limit = options().attempt_timeout, .name = "introspection attempt"};
    }
    circuit_breaker_options latch_options(const std::string& endpoint) const {
        return {.failure_ratio = ratio::of(1.0),
                .window = fault_row::length,
                .minimum_calls = fault_row::length,
                .open_for = options().fault_pause,
                .failure_if =
                    [](const verdict& v) {
                        const auto why = reason_in(v.error());
                        return why && fault_row::takes(*why) && !is_repeated(v.error());
                    },
                .name = label::intern("our credentials at " + http::shown_url(endpoint)),
                .events = options().breaker.events};
    }
    circuit_breaker_options breaker_options(const std::string& endpoint) const {
        circuit_breaker_options o = options().breaker;
        o.failure_if = [](const verdict& v) { return is_server_outage(v); };
        o.name = label::intern(http::shown_url(endpoint));
        return o;
    }

    /// What stands in front of one endpoint.
    struct endpoint_guards {
        using in_order = pipeline<std::reference_wrapper<circuit_breaker>,
                                  std::reference_wrapper<circuit_breaker>>;
        circuit_breaker latch;
        circuit_breaker breaker;
        in_order both{std::ref(latch), std::ref(breaker)};
        pipeline<loses_nothing, std::reference_wrapper<in_order>, timeout> probe;

        endpoint_guards(const circuit_breaker_options& of_latch,
                        const circuit_breaker_options& of_breaker,
                        const timeout_options& of_attempt)
            : latch(of_latch),
              breaker(of_breaker),
              probe(loses_nothing{}, std::ref(both), timeout{of_attempt}) {}
    };
    std::vector<std::reference_wrapper<endpoint_guards::in_order>> guards() {
        std::vector<std::reference_wrapper<endpoint_guards::in_order>> all;
        for (const std::string& endpoint : options().servers())
            all.emplace_back(guards_
                                 .emplace_back(latch_options(endpoint), breaker_options(endpoint),
                                               attempt_limit())
                                 .both);
        return all;
    }

    using store_type = memory<token_digest, knowledge>;
    using cache_type = cache_aside<store_type, key_of_query, token_life>;
    using memo_type = failure_memo<token_of_query, token_digest>;
    using endpoints_type = failover<endpoint_guards::in_order, endpoint_of_query>;

    std::shared_ptr<introspection> what_;
    quoted realm_;
    token_keyer key_of_;
    revocations revoked_;
    mutable stale_ledger stale_; // deciding notes
    store_type store_;
    cache_type cache_;
    memo_type memo_;
    std::deque<endpoint_guards> guards_{}; // deque: they stay where they are
    endpoints_type endpoints_;
    bulkhead door_;
    std::atomic<std::size_t> turn_{0};
    using policies_type = pipeline<std::reference_wrapper<cache_type>,
                                   std::reference_wrapper<memo_type>,
                                   timeout,
                                   outlast::retry,
                                   std::reference_wrapper<endpoints_type>,
                                   std::reference_wrapper<bulkhead>,
                                   timeout>;
    policies_type policies_;
    pipeline<loses_nothing, std::reference_wrapper<policies_type>> recheck_policies_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_INTROSPECTOR_BASE_HPP
