// SPDX-License-Identifier: BSL-1.0
//
// Tokens of several authorization servers at one API, without blocking a thread.
#ifndef OUTLAST_OAUTH2_ASYNC_ISSUERS_HPP
#define OUTLAST_OAUTH2_ASYNC_ISSUERS_HPP

#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/combined_decision.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/held_keys.hpp>
#include <outlast/oauth2/issuer_list.hpp>
#include <outlast/oauth2/policy.hpp>
#include <outlast/oauth2/secret.hpp>
#include <outlast/run.hpp> // limits

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional> // std::reference_wrapper
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2 {

/// `issuers` for asynchronous introspectors: the same order, the same decisions.
///
///     async_check(authorization, requirements, max_age, limits, keys, token)
///
/// completes with `void(decision)`, exactly once, and never before it returns.
/// **Executor, cancellation, allocator** of the handler. Cancelled means a 503, and nobody else is asked.
/// **Sharing** thread-safe. **Lifetime** it and the introspectors outlive their checks; the requirements and
/// `limits::facts` until completion; the authorization is copied, and wiped.
template <class Introspector>
class async_issuers : public issuer_list<Introspector> {
public:
    using issuer_list<Introspector>::issuer_list;

    /// As `async_introspector`.
    /// \param place an executor, for handlers that have none
    template <class Executor, boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(const Executor& place,
                     std::span<const std::string_view> authorization,
                     std::reference_wrapper<const requirements> wanted,
                     duration max_age,
                     const limits& until,
                     const held_keys& keys,
                     Token&& token) {
        auto one =
            std::make_unique<check>(*this, authorization, wanted.get(), max_age, until, keys);
        return boost::asio::async_compose<Token, void(decision)>(step{std::move(one)}, token,
                                                                 place);
    }

private:
    /// One check that is under way.
    struct check {
        const async_issuers& of;
        std::vector<std::string> authorization;
        std::vector<std::string_view> views;
        const requirements& wanted;
        duration max_age;
        limits until;
        held_keys keys;
        auth_scheme scheme = auth_scheme::bearer;
        std::vector<const issuer_entry<Introspector>*> order;
        std::size_t asked = 0;
        combined_decision together{};
        std::optional<decision> at_once{};

        check(const async_issuers& issuers,
              std::span<const std::string_view> given,
              const requirements& demanded,
              duration oldest,
              const limits& by,
              const held_keys& held)
            : of(issuers),
              authorization(given.begin(), given.end()),
              views(authorization.begin(), authorization.end()),
              wanted(demanded),
              max_age(oldest),
              until(by),
              keys(held) {
            const auto& first = of.all().front();
            const bearer_reading read = read_bearer(views, first.api.get().options().bearer);
            scheme = read.scheme;
            if (read.status != bearer_status::token)
                order.push_back(&first); // who answers without asking anybody
            else
                order = of.in_order(read.token);
        }
        ~check() {
            for (std::string& value : authorization)
                detail::wipe(value);
        }
        check(const check&) = delete;
        check& operator=(const check&) = delete;
    };

    struct step {
        std::unique_ptr<check> one;

        template <class Self>
        void operator()(Self& self) {
            if (one->at_once)
                return end(self, *std::move(one->at_once));
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            if (!one->order.empty())
                return ask(self);
            one->at_once = one->of.of_nobody(one->scheme);
            boost::asio::post(std::move(self)); // never inside the call that began it
        }
        template <class Self>
        void operator()(Self& self, decision d) {
            const auto& who = *one->order[one->asked++];
            auto decided = one->together.take(one->of.vouched_for(who, std::move(d), one->scheme));
            if (decided)
                return end(self, *std::move(decided));
            const bool is_cancelled = self.cancelled() != boost::asio::cancellation_type::none;
            if (one->asked == one->order.size() || is_cancelled)
                return end(self, std::move(one->together).end());
            ask(self);
        }

    private:
        template <class Self>
        void ask(Self& self) {
            check& c = *one;
            auto& api = c.order[c.asked]->api.get();
            api.async_check(std::span<const std::string_view>{c.views}, std::cref(c.wanted),
                            c.max_age, c.until, c.keys, std::move(self));
        }
        template <class Self>
        void end(Self& self, decision d) {
            one.reset(); // first: what it holds is wiped before anybody goes on
            self.complete(std::move(d));
        }
    };
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ASYNC_ISSUERS_HPP
