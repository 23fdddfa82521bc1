// SPDX-License-Identifier: BSL-1.0
//
// Opaque bearer tokens, checked by RFC 7662 introspection, without blocking a thread.
#ifndef OUTLAST_OAUTH2_ASYNC_INTROSPECTOR_HPP
#define OUTLAST_OAUTH2_ASYNC_INTROSPECTOR_HPP

#include <outlast/asio/answer.hpp>
#include <outlast/asio/async_run.hpp>
#include <outlast/oauth2/async_ask.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/introspector_base.hpp>
#include <outlast/oauth2/pending_check.hpp>
#include <outlast/run.hpp> // limits, steady

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <functional> // std::reference_wrapper, std::cref
#include <optional>
#include <span>
#include <string_view>
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
/// check is begun, at once but for a deferred one; the introspector and the transport for as long as
/// checks go on without their callers (`outlast::detached`, `outlast::abandoned`): until the context
/// has run out of work, or is gone.
/// **Cost** a token known and fresh: one digest, one lookup, one piece of memory for the check and
/// one for its run, which those of earlier checks on the thread serve for.
/// **Secrets** as with `introspector`; the copy of a token is wiped before the handler is called, or, where others
/// wait for what the call learns, when that is over.
/// **Example** `examples/05_coroutine_server.cpp`.
/// \tparam Clock see `steady`
template <async_transport Transport, class Clock = steady>
class async_introspector : public introspector_base {
public:
    /// Throws `std::invalid_argument` with a sentence, or `std::system_error` from OpenSSL.
    async_introspector(introspector_options options,
                       Transport& send,
                       const master_key& key = master_key::of_this_process().value())
        : introspector_base(std::move(options), key), send_(&send), ask_(send, what()) {}

    /// Decides about one request.
    /// \param authorization the values of all its Authorization headers
    /// \param wanted what the route demands: an lvalue
    /// \param max_age the oldest verdict that the route takes; 0: a live one each time
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::span<const std::string_view> authorization,
                     std::reference_wrapper<const requirements> wanted,
                     duration max_age,
                     const limits& until,
                     Token&& token) {
        query q{.max_age = max_age};
        std::optional<decision> at_once = answered_already(authorization, q);
        const auto fallback = send_->get_executor();
        return boost::asio::async_initiate<Token, void(decision)>(
            initiation<decltype(fallback)>{this, fallback}, token, std::move(at_once), q, wanted,
            until);
    }

    /// For a request with one Authorization header.
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::string_view authorization,
                     std::reference_wrapper<const requirements> wanted,
                     duration max_age,
                     const limits& until,
                     Token&& token) {
        const std::string_view only[] = {authorization};
        return async_check(std::span<const std::string_view>{only}, wanted, max_age, until,
                           std::forward<Token>(token));
    }
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::string_view authorization,
                     std::reference_wrapper<const requirements> wanted,
                     Token&& token) {
        return async_check(authorization, wanted, forever, {}, std::forward<Token>(token));
    }

    /// What the policies guard: for another driver, and for probes.
    [[nodiscard]] const async_ask<Transport>& work() const noexcept { return ask_; }

private:
    template <class Executor>
    struct initiation {
        using executor_type = Executor;
        [[nodiscard]] executor_type get_executor() const noexcept { return fallback; }

        template <class Handler>
        void operator()(Handler handler,
                        std::optional<decision> at_once,
                        query q,
                        std::reference_wrapper<const requirements> wanted,
                        limits until) const {
            const auto executor = boost::asio::get_associated_executor(handler, fallback);
            if (at_once)
                return boost::asio::post(executor, outlast::detail::answer<Handler, decision>{
                                                       *std::move(at_once), std::move(handler)});
            auto check = detail::pending_check<async_introspector, Handler>::make(
                std::move(handler), *api, wanted.get(), until.facts, q.token);
            check->endpoint = api->first_endpoint();
            until.facts = &check->facts;
            detail::pending_query about{q, check};
            async_run<Clock>(executor, api->policies(), until, std::cref(api->ask_),
                             detail::check_done<async_introspector, Handler>{std::move(check)},
                             std::move(about));
        }

        async_introspector* api;
        Executor fallback;
    };

    template <class Api, class Handler>
    friend struct detail::check_done;

    /// A wall clock that throws makes no decision: then it cannot be told.
    [[nodiscard]] decision
    decided(result<knowledge> known, const report& facts, const requirements& wanted) const {
        try {
            return introspector_base::decided(std::move(known), facts, wanted);
        } catch (...) {
            return detail::refused(unavailable(retry_after_for({}, {})));
        }
    }

    Transport* send_;
    async_ask<Transport> ask_;
};

template <class Transport>
async_introspector(introspector_options, Transport&) -> async_introspector<Transport>;
template <class Transport>
async_introspector(introspector_options, Transport&, const master_key&)
    -> async_introspector<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ASYNC_INTROSPECTOR_HPP
