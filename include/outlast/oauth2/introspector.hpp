// SPDX-License-Identifier: BSL-1.0
//
// Opaque bearer tokens, checked by RFC 7662 introspection, through an outage of the server.
#ifndef OUTLAST_OAUTH2_INTROSPECTOR_HPP
#define OUTLAST_OAUTH2_INTROSPECTOR_HPP

#include <outlast/oauth2/ask.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/discovery.hpp>
#include <outlast/oauth2/introspector_base.hpp>
#include <outlast/run.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// Decides about requests that bring an opaque bearer token: allowed, refused, or "cannot tell".
/// On the calling thread; `async_introspector` is the same for asynchronous transports. What it is
/// made of: `introspector_base`.
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
/// \tparam Clock see `steady`
template <transport Transport, class Clock = steady>
class introspector : public introspector_base {
public:
    /// Throws `std::invalid_argument` with a sentence, or `std::system_error` from OpenSSL.
    introspector(introspector_options options,
                 Transport& send,
                 const master_key& key = master_key::of_this_process().value())
        : introspector_base(std::move(options), key),
          where_(this->options().discover ? std::make_unique<discovery<Transport, Clock>>(
                                                *this->options().discover, send)
                                          : nullptr),
          ask_(send, *what(), where_.get()) {}

    /// Decides about one request, on this thread.
    /// \param authorization the values of all its Authorization headers
    /// \param wanted what the route demands
    /// \param max_age the oldest verdict that the route takes; 0: a live one each time
    /// \param keys that the sender has shown to hold, for tokens that are bound to one
    [[nodiscard]] decision operator()(std::span<const std::string_view> authorization,
                                      const requirements& wanted = {},
                                      duration max_age = forever,
                                      limits until = {},
                                      const held_keys& keys = {}) {
        std::size_t endpoint = first_endpoint();
        query q{.max_age = max_age, .endpoint = &endpoint};
        sender from{.keys = keys};
        if (std::optional<decision> at_once = answered_already(authorization, q, from))
            return *std::move(at_once);
        report facts;
        report* const asked_for = std::exchange(until.facts, &facts);
        result<knowledge> known = run<Clock>(policies(), until, ask_, q);
        if (asked_for != nullptr)
            *asked_for = facts;
        return decided(std::move(known), facts, wanted, from, q);
    }

    /// For a request with one Authorization header.
    [[nodiscard]] decision operator()(std::string_view authorization,
                                      const requirements& wanted = {},
                                      duration max_age = forever,
                                      limits until = {},
                                      const held_keys& keys = {}) {
        const std::string_view only[] = {authorization};
        return (*this)(std::span<const std::string_view>{only}, wanted, max_age, until, keys);
    }

    /// After an outage, one step: asks about one of the tokens that were served stale, through the same
    /// policies, if an endpoint is healthy; its verdict is kept and counted (`stale_tokens`). Needs
    /// `stale_ledger_options::keep_tokens`. It takes no place from a request. The caller sets the pace:
    ///
    ///     while (!stop.stop_requested()) api.recheck(stop), std::this_thread::sleep_for(100ms);
    ///
    /// \return whether there was one to ask about now
    bool recheck(std::stop_token stop = {}) {
        std::optional<errand> one = next_recheck(Clock::now());
        if (!one)
            return false;
        report facts;
        rechecked(one->key,
                  run<Clock>(recheck_policies(), limits{.stop = std::move(stop), .facts = &facts},
                             ask_, one->asks()),
                  facts);
        return true;
    }

    /// Asks an endpoint, with our credentials, about a token that nobody has issued: past cache and
    /// admission, through its breakers, to which its failure counts, and its success as a probe's: they
    /// close without a request. Nothing is sent while they are open.
    /// \return what it said, which is "inactive" if all is well; or why it could not
    result<knowledge> probe(std::size_t endpoint = 0, std::stop_token stop = {}) {
        errand one = next_probe(endpoint);
        return run<Clock>(probe_policies(endpoint), limits{.stop = std::move(stop)}, ask_,
                          one.asks());
    }

    /// What the policies guard: for another driver.
    [[nodiscard]] const ask<Transport, Clock>& work() const noexcept { return ask_; }

    /// What tells the endpoint; null where the options do.
    [[nodiscard]] discovery<Transport, Clock>* where() const noexcept { return where_.get(); }

private:
    std::unique_ptr<discovery<Transport, Clock>> where_;
    ask<Transport, Clock> ask_;
};

template <class Transport>
introspector(introspector_options, Transport&) -> introspector<Transport>;
template <class Transport>
introspector(introspector_options, Transport&, const master_key&) -> introspector<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_INTROSPECTOR_HPP
