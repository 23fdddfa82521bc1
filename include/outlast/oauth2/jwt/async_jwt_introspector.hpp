// SPDX-License-Identifier: BSL-1.0
//
// Bearer tokens, opaque or JWT, without blocking a thread.
#ifndef OUTLAST_OAUTH2_JWT_ASYNC_JWT_INTROSPECTOR_HPP
#define OUTLAST_OAUTH2_JWT_ASYNC_JWT_INTROSPECTOR_HPP

#include <outlast/oauth2/async_check_forms.hpp>
#include <outlast/oauth2/async_introspector.hpp>
#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/jwt/async_key_source.hpp>
#include <outlast/oauth2/jwt/jwt_check.hpp>
#include <outlast/oauth2/jwt/jwt_options.hpp>
#include <outlast/oauth2/jwt/verify_answer.hpp>
#include <outlast/oauth2/master_key.hpp>
#include <outlast/oauth2/revocations.hpp>
#include <outlast/oauth2/secret.hpp>
#include <outlast/run.hpp> // limits, steady

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>

#include <functional> // std::reference_wrapper
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace outlast::oauth2 {

/// `jwt_introspector` for an asynchronous transport: the same decisions.
///
///     async_check(authorization, requirements, [max_age, limits,] token)
///
/// completes with `void(decision)`, exactly once, and never before it returns.
///
/// **Executor, cancellation, allocator** of the handler, as with `async_run`. Cancelled means a 503, and nothing
/// more is asked.
/// **Lifetime** as with `async_introspector`; the authorization until this returns.
/// **Cost** beside that of `async_introspector` a copy of the token, which is wiped, and one piece of memory.
/// \tparam Clock see `steady`
template <async_transport Transport, class Clock = steady>
class async_jwt_introspector : public async_check_forms<async_jwt_introspector<Transport, Clock>> {
    struct shared {
        jwt_options jwt;
        requirements own;
        revocations marks;
        std::shared_ptr<Transport> send;
        async_key_source<Transport, Clock> keys;
        async_introspector<Transport, Clock> api;

        shared(introspector_options options,
               jwt_options j,
               std::shared_ptr<Transport> transport,
               const master_key& key)
            : jwt((require_valid(j.problem()), std::move(j))),
              own(jwt.tokens.own_requirements()),
              marks(options.revocations),
              send(transport),
              keys(jwt.keys, transport),
              api(jwt.signed_answers ? only_signed(std::move(options),
                                                   jwt.tokens,
                                                   [k = keys] { return k.in_hand(); })
                                     : std::move(options),
                  std::move(transport),
                  key) {}
    };

    // One check, of which each step is made when the one before has come to its end.
    struct checking {
        std::shared_ptr<shared> all;
        std::optional<decision> at_once{}; // nobody is to be asked
        secret header{};                   // where it lies it stays
        std::reference_wrapper<const requirements> wanted;
        duration max_age;
        limits until;
        held_keys shown{};
        std::unique_ptr<jwt_check> check{}; // refers to the header
        bool begun = false;

        template <class Self>
        void operator()(Self& self) {
            if (at_once) {
                if (std::exchange(begun, true))
                    return finish(self, *std::move(at_once));
                return boost::asio::post(std::move(self));
            }
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            go_on(self, check->begin());
        }
        template <class Self>
        void operator()(Self& self, result<jose::key_set_ptr> keys) {
            if (self.cancelled() != boost::asio::cancellation_type::none)
                return finish(self, detail::refused(unavailable(retry_after_for({}, {}))));
            go_on(self, [&] { return check->on_keys(keys); });
        }
        template <class Self>
        void operator()(Self& self, decision d) {
            if (self.cancelled() != boost::asio::cancellation_type::none)
                return finish(self, std::move(d));
            go_on(self, check->on_server(std::move(d)));
        }

    private:
        // The token is gone by the time that the handler is called, and so is this share in what decided.
        template <class Self>
        void finish(Self& self, decision d) {
            check.reset();
            header = {};
            all.reset();
            self.complete(std::move(d));
        }
        // A wall clock that throws makes no decision: then it cannot be told.
        template <class Self, class Step>
        void go_on(Self& self, Step step_of)
            requires std::is_invocable_v<Step&>
        {
            jwt_check::step next{};
            try {
                next = step_of();
            } catch (...) {
                return finish(self, detail::refused(unavailable(retry_after_for({}, {}))));
            }
            go_on(self, next);
        }
        template <class Self>
        void go_on(Self& self, jwt_check::step next) {
            // All that is asked for lies outside of what is moved into the handler.
            const std::shared_ptr<shared> with = all;
            limits within = until;
            switch (next) {
            case jwt_check::step::keys: {
                within.facts = nullptr;
                const duration age = check->max_age();
                return with->keys.async_get(age, within, std::move(self));
            }
            case jwt_check::step::server: {
                const auto route = wanted;
                const duration oldest = max_age;
                const held_keys held = shown;
                const std::string_view authorization = header.expose();
                return with->api.async_check(authorization, route, oldest, within, held,
                                             std::move(self));
            }
            case jwt_check::step::done:
                return finish(self, check->take());
            }
        }
    };

public:
    /// Throws `std::invalid_argument` with a sentence, or `std::system_error` from OpenSSL.
    async_jwt_introspector(introspector_options options,
                           jwt_options jwt,
                           std::shared_ptr<Transport> send,
                           const master_key& key = master_key::of_this_process().value())
        : shared_(
              std::make_shared<shared>(std::move(options), std::move(jwt), std::move(send), key)) {}
    /// \param send outlives the checks
    async_jwt_introspector(introspector_options options,
                           jwt_options jwt,
                           Transport& send,
                           const master_key& key = master_key::of_this_process().value())
        : async_jwt_introspector(std::move(options),
                                 std::move(jwt),
                                 std::shared_ptr<Transport>{std::shared_ptr<void>{}, &send},
                                 key) {}

    /// Decides about one request: see `async_introspector`. \param wanted an lvalue
    /// \param keys that the sender has shown to hold, for tokens that are bound to one
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::span<const std::string_view> authorization,
                     std::reference_wrapper<const requirements> wanted,
                     duration max_age,
                     const limits& until,
                     const held_keys& keys,
                     Token&& token) {
        const auto& api = shared_->api;
        checking c{
            .all = shared_, .wanted = wanted, .max_age = max_age, .until = until, .shown = keys};
        c.at_once = api.at_once(authorization, keys);
        if (!c.at_once) {
            c.header = secret{authorization.front()};
            const std::string_view copied[] = {c.header.expose()};
            const auto read = read_bearer(copied, api.options().bearer);
            c.check = std::make_unique<jwt_check>(shared_->jwt, api.options(), api.realm(),
                                                  shared_->own, shared_->marks,
                                                  detail::mark_of(api, read.token), wanted.get(),
                                                  read.token, max_age, sender{read.scheme, keys});
        }
        return boost::asio::async_compose<Token, void(decision)>(std::move(c), token,
                                                                 shared_->send->get_executor());
    }
    using async_check_forms<async_jwt_introspector>::async_check; // the shorter ones

    /// As `jwt_introspector::revoke`.
    void revoke(std::string_view token) { shared_->api.revoke(token); }

    // As those of `async_introspector`.
    void forget(std::string_view token) { shared_->api.forget(token); }
    [[nodiscard]] const introspector_options& options() const noexcept {
        return shared_->api.options();
    }
    [[nodiscard]] const quoted& realm() const noexcept { return shared_->api.realm(); }
    [[nodiscard]] auto& store() noexcept { return shared_->api.store(); }
    [[nodiscard]] std::optional<token_digest> key_of(std::string_view token) const noexcept {
        return shared_->api.key_of(token);
    }

    /// The parts, for probes. What is to be revoked is told to this, not to them.
    [[nodiscard]] async_introspector<Transport, Clock>& introspection() noexcept {
        return shared_->api;
    }
    [[nodiscard]] async_key_source<Transport, Clock>& keys() noexcept { return shared_->keys; }

private:
    std::shared_ptr<shared> shared_;
};

template <class Transport>
async_jwt_introspector(introspector_options, jwt_options, std::shared_ptr<Transport>)
    -> async_jwt_introspector<Transport>;
template <class Transport>
async_jwt_introspector(introspector_options, jwt_options, Transport&)
    -> async_jwt_introspector<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_ASYNC_JWT_INTROSPECTOR_HPP
