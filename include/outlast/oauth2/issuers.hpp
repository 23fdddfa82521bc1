// SPDX-License-Identifier: BSL-1.0
//
// Tokens of several authorization servers at one API.
#ifndef OUTLAST_OAUTH2_ISSUERS_HPP
#define OUTLAST_OAUTH2_ISSUERS_HPP

#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/combined_decision.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/held_keys.hpp>
#include <outlast/oauth2/issuer_list.hpp>
#include <outlast/oauth2/policy.hpp>
#include <outlast/run.hpp> // limits

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2 {

/// Several introspectors side by side, of which none knows of the others: each has its own servers, credentials,
/// cache and breakers, and an outage of one is nobody else's. (Replicas of *one* server are endpoints of one
/// introspector.) On the calling thread; `async_issuers` is the same for asynchronous introspectors.
///
/// **Answers** one says that the token is active: its decision, refused too if the answer names another issuer.
/// All say no: 401. None says yes and one at least cannot tell: 503.
/// **Routing** trusts no token. One that is a JWT is shown to the issuer that it names, if that is configured,
/// byte for byte, and to nobody else: 401 at once if there is none. An opaque one is shown to each in the order
/// given, until one knows it, so every server that is asked sees tokens of the others: where the application
/// can tell by host or path whose tokens it takes, `find` is the better way.
/// **Sharing** thread-safe. **Cost** that of the introspectors asked; each has its own time limits.
template <class Introspector>
class issuers : public issuer_list<Introspector> {
public:
    using issuer_list<Introspector>::issuer_list;

    /// As `introspector`.
    [[nodiscard]] decision operator()(std::span<const std::string_view> authorization,
                                      const requirements& wanted = {},
                                      duration max_age = forever,
                                      const limits& until = {},
                                      const held_keys& keys = {}) {
        const auto ask = [&](const issuer_entry<Introspector>& one) {
            return one.api.get()(authorization, wanted, max_age, until, keys);
        };
        const auto& first = this->all().front();
        const bearer_reading read = read_bearer(authorization, first.api.get().options().bearer);
        if (read.status != bearer_status::token)
            return ask(first); // who answers without asking anybody
        combined_decision together;
        const auto order = this->in_order(read.token);
        if (order.empty())
            return this->of_nobody(read.scheme);
        for (const auto* one : order) {
            auto d = together.take(this->vouched_for(*one, ask(*one), read.scheme));
            if (d)
                return *std::move(d);
        }
        return std::move(together).end();
    }

    /// For a request with one Authorization header.
    [[nodiscard]] decision operator()(std::string_view authorization,
                                      const requirements& wanted = {},
                                      duration max_age = forever,
                                      const limits& until = {},
                                      const held_keys& keys = {}) {
        const std::string_view only[] = {authorization};
        return (*this)(std::span<const std::string_view>{only}, wanted, max_age, until, keys);
    }
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ISSUERS_HPP
