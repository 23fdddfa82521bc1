// SPDX-License-Identifier: BSL-1.0
//
// What keeps an authorization server's metadata, whatever sends the requests.
#ifndef OUTLAST_OAUTH2_DISCOVERY_BASE_HPP
#define OUTLAST_OAUTH2_DISCOVERY_BASE_HPP

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/failover.hpp>
#include <outlast/freshness.hpp>
#include <outlast/http/message.hpp> // shown_url
#include <outlast/oauth2/discovery_options.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/metadata_fetch.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/threads.hpp>
#include <outlast/time.hpp>
#include <outlast/timeout.hpp>

#include <algorithm>
#include <cstddef>
#include <functional> // std::reference_wrapper
#include <memory>
#include <utility>
#include <variant> // std::monostate
#include <vector>

namespace outlast::oauth2 {

/// The part of `discovery` and `async_discovery` that they share.
///
/// Made of public policies only, outermost first: cache (one document; fresh, stale; one call at a
/// time) · overall timeout · retry · breaker · the place of RFC 8414, and that of OpenID Connect where it
/// is not found there, each with its attempt timeout · the request.
class discovery_base {
    struct one_key {
        std::monostate operator()(const metadata_query&) const noexcept { return {}; }
    };
    struct place_of_query {
        std::size_t& operator()(const metadata_query& q) const noexcept { return *q.place; }
    };
    struct life {
        lifetime of_all;
        duration incomplete_for;
        lifetime operator()(const metadata_ptr& found) const noexcept {
            lifetime l = of_all;
            if (found->introspection_endpoint.empty())
                l.fresh_for = std::min(l.fresh_for, incomplete_for);
            return l;
        }
    };

public:
    discovery_base(const discovery_base&) = delete;
    discovery_base& operator=(const discovery_base&) = delete;

    /// The next caller has them fetched anew.
    void forget() { cache_.forget({}); }

    /// What they say has proved wrong: the next caller has them fetched anew, unless they are younger than
    /// `pause`. They stay while others cannot be had.
    void doubt(instant now, duration pause) {
        const auto found = store_.find({});
        if (!found || found->times.age(now) < pause)
            return;
        const instant learnt = found->times.since;
        auto old = *found;
        old.times.fresh_until = now;
        const auto unchanged = [learnt](const outlast::freshness* there) {
            return there != nullptr && there->since == learnt; // else they are others already
        };
        store_.put({}, std::move(old), unchanged);
    }

    [[nodiscard]] const discovery_options& options() const noexcept { return what_->options(); }
    // For another driver, and for probes: the pieces that a call puts together.
    [[nodiscard]] auto& policies() noexcept { return policies_; }
    [[nodiscard]] circuit_breaker& breaker() noexcept { return breaker_; }

protected:
    explicit discovery_base(discovery_options options)
        : what_((require_valid(options.problem()),
                 std::make_shared<const metadata_fetch>(std::move(options)))),
          store_({.capacity = 1, .negative_capacity = 1}),
          cache_(
              store_,
              {},
              life{{.fresh_for = this->options().fresh_for, .stale_for = this->options().stale_for},
                   this->options().incomplete_for},
              // Who finds a document waits for no other one's refresh.
              {.stale_wait = duration::zero(),
               .wait = this->options().overall_timeout,
               .name = "metadata cache"}),
          breaker_(breaker_options()),
          attempt_({.limit = this->options().attempt_timeout, .name = "discovery attempt"}),
          places_({std::ref(attempt_), std::ref(attempt_)},
                  {},
                  {.next_if =
                       [](const verdict& v) { return reason_in(v.error()) == reason::not_found; },
                   .name = "metadata places"}),
          policies_(std::ref(cache_),
                    timeout{{.limit = this->options().overall_timeout, .name = "discovery"}},
                    outlast::retry{retry_options_of()},
                    std::ref(breaker_),
                    std::ref(places_)) {}
    ~discovery_base() = default;

    /// Shared with exchanges that nobody waits for any more, which may outlive us.
    [[nodiscard]] const std::shared_ptr<const metadata_fetch>& what() const noexcept {
        return what_;
    }

private:
    retry_options retry_options_of() const noexcept {
        retry_options o = options().retry;
        o.retry_if = [](const verdict& v) { return is_worth_another_try(v); };
        return o;
    }
    // Whatever else a request comes to, another one soon would come to the same.
    circuit_breaker_options breaker_options() const {
        circuit_breaker_options o = options().breaker;
        o.failure_if = [](const verdict& v) { return reason_in(v.error()) != reason::shed; };
        o.name = label::intern("metadata of " + http::shown_url(options().issuer));
        return o;
    }

    using store_type = memory<std::monostate, metadata_ptr>;
    using cache_type = cache_aside<store_type, one_key, life>;
    using places_type = failover<timeout, place_of_query>;

    std::shared_ptr<const metadata_fetch> what_;
    store_type store_;
    cache_type cache_;
    circuit_breaker breaker_;
    timeout attempt_;
    places_type places_;
    pipeline<std::reference_wrapper<cache_type>,
             timeout,
             outlast::retry,
             std::reference_wrapper<circuit_breaker>,
             std::reference_wrapper<places_type>>
        policies_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_DISCOVERY_BASE_HPP
