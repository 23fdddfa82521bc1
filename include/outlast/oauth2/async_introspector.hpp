// SPDX-License-Identifier: BSL-1.0
//
// Opaque bearer tokens, checked by RFC 7662 introspection, without blocking a thread.
#ifndef OUTLAST_OAUTH2_ASYNC_INTROSPECTOR_HPP
#define OUTLAST_OAUTH2_ASYNC_INTROSPECTOR_HPP

#include <outlast/asio/answer.hpp>
#include <outlast/asio/async_run.hpp>
#include <outlast/asio/known_answer.hpp>
#include <outlast/oauth2/async_ask.hpp>
#include <outlast/oauth2/async_check_forms.hpp>
#include <outlast/oauth2/async_discovery.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/errand.hpp>
#include <outlast/oauth2/introspector_base.hpp>
#include <outlast/oauth2/pending_check.hpp>
#include <outlast/run.hpp> // limits, steady

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional> // std::reference_wrapper, std::cref
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace outlast::oauth2 {

/// `introspector` for an asynchronous transport: the same policies, the same decisions.
///
///     async_check(authorization, requirements, [max_age, limits,] token)
///
/// completes with `void(decision)`, exactly once, and never before it returns. The caller is
/// answered at its deadline and at that of the options, whatever the transport does.
///
/// **Executor, cancellation, allocator** of the handler, as with `async_run`. Cancelled means a 503.
/// **Sharing** thread-safe; one for all routes. Requests with one unknown token make one call,
/// whatever executors they run on.
/// **Lifetime** the requirements and `limits::facts` until completion; the authorization until the
/// check is begun, at once but for a deferred one. The introspector may go at any time: checks under
/// way share what they need, come to the end that they would have come to, and the last of them gives
/// it back; those that go on without their callers (`outlast::detached`, `outlast::abandoned`) too. The
/// transport is among that if it was given by `shared_ptr`; else it outlives them: until the context
/// has run out of work, or is gone. What the options refer to (a wall clock, a maker of credentials)
/// as the transport.
/// **Cost** a token known and fresh: one digest, one lookup, and one piece of memory for the decision on
/// its way to the handler, which those of earlier checks on the thread serve for; and a share counted up
/// and down again.
/// **Secrets** as with `introspector`; the copy of a token is wiped before the handler is called, or, where others
/// wait for what the call learns, when that is over.
/// **Example** `examples/05_coroutine_server.cpp`.
/// \tparam Clock see `steady`
template <async_transport Transport, class Clock = steady>
class async_introspector : public async_check_forms<async_introspector<Transport, Clock>> {
    class shared;

public:
    /// Throws `std::invalid_argument` with a sentence, or `std::system_error` from OpenSSL.
    async_introspector(introspector_options options,
                       std::shared_ptr<Transport> send,
                       const master_key& key = master_key::of_this_process().value())
        : shared_(std::make_shared<shared>(std::move(options), std::move(send), key)) {}
    /// \param send outlives the checks
    async_introspector(introspector_options options,
                       Transport& send,
                       const master_key& key = master_key::of_this_process().value())
        : async_introspector(std::move(options), unowned(send), key) {}

    async_introspector(const async_introspector&) = delete;
    async_introspector& operator=(const async_introspector&) = delete;

    /// Decides about one request.
    /// \param authorization the values of all its Authorization headers
    /// \param wanted what the route demands: an lvalue
    /// \param max_age the oldest verdict that the route takes; 0: a live one each time
    /// \param keys that the sender has shown to hold, for tokens that are bound to one
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::span<const std::string_view> authorization,
                     std::reference_wrapper<const requirements> wanted,
                     duration max_age,
                     const limits& until,
                     const held_keys& keys,
                     Token&& token) {
        query q{.max_age = max_age};
        sender from{.keys = keys};
        std::optional<decision> at_once = shared_->answered_already(authorization, q, from);
        const auto fallback = shared_->send->get_executor();
        return boost::asio::async_initiate<Token, void(decision)>(
            initiation<std::remove_const_t<decltype(fallback)>>{shared_, fallback}, token,
            std::move(at_once), q, from, wanted, until);
    }
    using async_check_forms<async_introspector>::async_check; // the shorter ones

    /// After an outage, one step of `introspector::recheck`. Completes with `void(bool)`: whether there was
    /// a token to ask about now.
    template <boost::asio::completion_token_for<void(bool)> Token>
    auto async_recheck(Token&& token) {
        std::shared_ptr<under_way> one;
        if (auto next = shared_->next_recheck(Clock::now()))
            one = std::make_shared<under_way>(shared_, *std::move(next));
        return boost::asio::async_compose<Token, void(bool)>(recheck_step{std::move(one)}, token,
                                                             shared_->send->get_executor());
    }

    /// As `introspector::probe`. Completes with `void(result<knowledge>)`.
    template <boost::asio::completion_token_for<void(result<knowledge>)> Token>
    auto async_probe(std::size_t endpoint, Token&& token) {
        auto one = std::make_shared<under_way>(shared_, shared_->next_probe(endpoint));
        return async_run<Clock>(shared_->send->get_executor(), shared_->probe_policies(endpoint),
                                std::cref(shared_->ask), std::forward<Token>(token),
                                errand_query{std::move(one)});
    }

    // As those of `introspector`; what they refer to is the introspector's.
    [[nodiscard]] stale_counts stale_tokens() const { return shared_->stale_tokens(); }
    [[nodiscard]] bool is_healthy(std::size_t endpoint, instant now) {
        return shared_->is_healthy(endpoint, now);
    }
    void revoke(std::string_view token) { shared_->revoke(token); }
    void forget(std::string_view token) { shared_->forget(token); }
    [[nodiscard]] bool is_revoked(std::string_view token) const {
        return shared_->is_revoked(token);
    }
    [[nodiscard]] std::optional<decision> at_once(std::span<const std::string_view> authorization,
                                                  const held_keys& keys = {}) const {
        return shared_->at_once(authorization, keys);
    }
    [[nodiscard]] auto& policies() noexcept { return shared_->policies(); }
    [[nodiscard]] const async_ask<Transport, Clock>& work() const noexcept { return shared_->ask; }
    /// What tells the endpoint; null where the options do.
    [[nodiscard]] async_discovery<Transport, Clock>* where() const noexcept {
        return shared_->where.get();
    }
    [[nodiscard]] circuit_breaker& breaker(std::size_t endpoint = 0) noexcept {
        return shared_->breaker(endpoint);
    }
    [[nodiscard]] circuit_breaker& latch(std::size_t endpoint = 0) noexcept {
        return shared_->latch(endpoint);
    }
    [[nodiscard]] bulkhead& door() noexcept { return shared_->door(); }
    [[nodiscard]] std::size_t first_endpoint() noexcept { return shared_->first_endpoint(); }
    [[nodiscard]] auto& store() noexcept { return shared_->store(); }
    [[nodiscard]] std::optional<token_digest> key_of(std::string_view token) const noexcept {
        return shared_->key_of(token);
    }
    [[nodiscard]] const quoted& realm() const noexcept { return shared_->realm(); }
    [[nodiscard]] const introspector_options& options() const noexcept {
        return shared_->options();
    }

private:
    /// All that checks need, and the introspector and each check under way have a share in.
    class shared : public introspector_base {
    public:
        std::shared_ptr<Transport> send;
        std::shared_ptr<async_discovery<Transport, Clock>> where;
        async_ask<Transport, Clock> ask;

        shared(introspector_options options,
               std::shared_ptr<Transport> transport,
               const master_key& key)
            : introspector_base(std::move(options), key),
              send(std::move(transport)),
              where(this->options().discover ? std::make_shared<async_discovery<Transport, Clock>>(
                                                   *this->options().discover, send)
                                             : nullptr),
              ask(*send, what(), where) {}

        using introspector_base::answered_already;

        /// Without a wall clock the token waits on.
        void rechecked(const token_digest& key,
                       const result<knowledge>& known,
                       const report& facts) noexcept {
            try {
                introspector_base::rechecked(key, known, facts);
            } catch (...) {
            }
        }

        /// A wall clock that throws makes no decision: then it cannot be told.
        [[nodiscard]] decision decided(result<knowledge> known,
                                       const report& facts,
                                       const requirements& wanted,
                                       const sender& from,
                                       const query& about) const {
            try {
                return introspector_base::decided(std::move(known), facts, wanted, from, about);
            } catch (...) {
                return detail::refused(unavailable(retry_after_for({}, {})));
            }
        }
    };

    /// An errand of ours, which keeps all that it needs.
    struct under_way {
        std::shared_ptr<shared> api;
        errand what;
        report facts{};

        under_way(std::shared_ptr<shared> all, errand&& about)
            : api(std::move(all)), what(std::move(about)) {}
    };
    struct errand_query : query {
        std::shared_ptr<under_way> where;
        explicit errand_query(std::shared_ptr<under_way> one)
            : query(one->what.asks()), where(std::move(one)) {}
    };

    struct recheck_step {
        std::shared_ptr<under_way> one; // null: there is nothing to ask
        bool posted = false;

        template <class Self>
        void operator()(Self& self) {
            if (!one && posted)
                return self.complete(false);
            if (!one) {
                posted = true;
                return boost::asio::post(std::move(self)); // never inside the call that began it
            }
            errand_query about{one};
            shared& all = *one->api;
            const limits until{.facts = &one->facts};
            async_run<Clock>(self.get_executor(), all.recheck_policies(), until, std::cref(all.ask),
                             std::move(self), std::move(about));
        }
        template <class Self>
        void operator()(Self& self, const result<knowledge>& known) {
            one->api->rechecked(one->what.key, known, one->facts);
            one.reset(); // first: its token
            self.complete(true);
        }
    };

    /// A check of a token that the cache knows, decided when its handler is called: by the time of then.
    struct known_check {
        std::shared_ptr<const shared> api;
        result<knowledge> known;
        report facts;
        const requirements* wanted;
        sender from;
        token_digest key;
        report* asked_for; ///< what the caller wants to know, or null

        [[nodiscard]] decision told() && {
            const auto keeps = std::move(api);
            if (asked_for != nullptr)
                *asked_for = facts;
            return keeps->decided(std::move(known), facts, *wanted, from, {.key = key});
        }
    };

    template <class Executor>
    struct initiation {
        using executor_type = Executor;
        [[nodiscard]] executor_type get_executor() const noexcept { return fallback; }

        template <class Handler>
        void operator()(Handler handler,
                        std::optional<decision> at_once,
                        query q,
                        const sender& from,
                        std::reference_wrapper<const requirements> wanted,
                        limits until) {
            const auto executor = boost::asio::get_associated_executor(handler, fallback);
            if (at_once) {
                outlast::detail::posted_answer told{std::move(handler),
                                                    [&] { return *std::move(at_once); }};
                return outlast::detail::post_answer(executor, std::move(told));
            }
            auto work = std::cref(api->ask);
            report facts;
            limits whole = until;
            whole.facts = &facts;
            outlast::slot<result<knowledge>> known;
            if (outlast::detail::known_answer<Clock>(known, api->policies(), whole, work, q)) {
                outlast::detail::posted_answer told{
                    std::move(handler), [&] {
                        return known_check{
                            std::move(api), std::move(*known), facts, &wanted.get(), from,
                            q.key,          until.facts};
                    }};
                return outlast::detail::post_answer(executor, std::move(told));
            }
            shared& all = *api;
            auto check = detail::pending_check<shared, Handler>::make(
                std::move(handler), std::move(api), wanted.get(), from, until.facts, q.token);
            check->endpoint = all.first_endpoint();
            check->key = q.key;
            until.facts = &check->facts;
            detail::pending_query about{q, check};
            outlast::detail::begin_call<Clock>(
                executor, all.policies(), until, work,
                detail::check_done<shared, Handler>{std::move(check)}, std::move(about));
        }

        std::shared_ptr<shared> api; // counted once a check, and moved from then on
        Executor fallback;
    };

    static std::shared_ptr<Transport> unowned(Transport& send) noexcept {
        return {std::shared_ptr<void>{}, &send};
    }

    std::shared_ptr<shared> shared_;
};

template <class Transport>
async_introspector(introspector_options, std::shared_ptr<Transport>)
    -> async_introspector<Transport>;
template <class Transport>
async_introspector(introspector_options, std::shared_ptr<Transport>, const master_key&)
    -> async_introspector<Transport>;
template <class Transport>
async_introspector(introspector_options, Transport&) -> async_introspector<Transport>;
template <class Transport>
async_introspector(introspector_options, Transport&, const master_key&)
    -> async_introspector<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ASYNC_INTROSPECTOR_HPP
