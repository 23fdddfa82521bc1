// SPDX-License-Identifier: BSL-1.0
//
// What keeps an issuer's keys at hand, whatever sends the requests.
#ifndef OUTLAST_OAUTH2_JWT_KEY_SOURCE_BASE_HPP
#define OUTLAST_OAUTH2_JWT_KEY_SOURCE_BASE_HPP

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/error.hpp>
#include <outlast/http/message.hpp> // shown_url
#include <outlast/label.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/jose/key_set.hpp>
#include <outlast/oauth2/jwt/key_fetch.hpp>
#include <outlast/oauth2/jwt/key_source_options.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include <cstdint>
#include <functional> // std::reference_wrapper
#include <memory>
#include <utility>

namespace outlast::oauth2 {

/// The part of `key_source` and `async_key_source` that they share.
///
/// Made of public policies only, outermost first: cache (fresh, then stale while none can be had; one fetch at a
/// time) · pause after a failed fetch (a breaker that one failure opens) · overall timeout · retry · attempt
/// timeout · the request. The pause stands outside the retry, as it is about whole fetches.
class key_source_base {
    struct key_of_query {
        wanted<std::uint8_t> operator()(const key_query& q) const noexcept {
            return {0, q.max_age};
        }
    };
    struct life {
        lifetime kept{};
        lifetime operator()(const jose::key_set_ptr&) const noexcept { return kept; }
    };

public:
    key_source_base(const key_source_base&) = delete;
    key_source_base& operator=(const key_source_base&) = delete;

    /// The keys that are usable now, without asking for any; null if there are none.
    [[nodiscard]] jose::key_set_ptr in_hand(instant now) {
        const auto found = store_.find(0);
        return found && found->times.at(now) != grade::gone ? found->value : nullptr;
    }

    // For another driver, and for probes.
    [[nodiscard]] auto& policies() noexcept { return policies_; }
    /// Open while no fetch is made.
    [[nodiscard]] circuit_breaker& breaker() noexcept { return breaker_; }
    [[nodiscard]] const key_source_options& options() const noexcept { return options_; }

protected:
    explicit key_source_base(key_source_options options)
        : options_((require_valid(options.problem()), std::move(options))),
          fetch_(std::make_shared<const key_fetch>(options_.url, options_.wall)),
          store_({.capacity = 1, .negative_capacity = 1, .tombstones = 1}),
          cache_(store_,
                 {},
                 {{.fresh_for = options_.fresh_for,
                   .stale_for = options_.usable_for - options_.fresh_for}},
                 {.stale_wait = options_.stale_wait,
                  .wait = options_.overall_timeout,
                  .name = "issuer's keys"}),
          breaker_(
              {.failure_ratio = ratio::of(1.0),
               .window = 1,
               .minimum_calls = 1,
               .open_for = options_.pause,
               .failure_if = [](const verdict& v) { return reason_in(v.error()) != reason::shed; },
               .name = label::intern(http::shown_url(options_.url)),
               .events = options_.events}),
          policies_(std::ref(cache_),
                    std::ref(breaker_),
                    timeout{{.limit = options_.overall_timeout, .name = "issuer's keys"}},
                    outlast::retry{retry_options_of()},
                    timeout{{.limit = options_.attempt_timeout, .name = "issuer's keys attempt"}}) {
    }
    ~key_source_base() = default;

    /// Shared with exchanges that nobody waits for any more, which may outlive us.
    [[nodiscard]] const std::shared_ptr<const key_fetch>& fetch() const noexcept { return fetch_; }

private:
    retry_options retry_options_of() const noexcept {
        retry_options o = options_.retry;
        o.retry_if = [](const verdict& v) { return is_worth_another_try(v); };
        return o;
    }

    using store_type = memory<std::uint8_t, jose::key_set_ptr>;
    using cache_type = cache_aside<store_type, key_of_query, life>;

    key_source_options options_;
    std::shared_ptr<const key_fetch> fetch_;
    store_type store_;
    cache_type cache_;
    circuit_breaker breaker_;
    pipeline<std::reference_wrapper<cache_type>,
             std::reference_wrapper<circuit_breaker>,
             timeout,
             outlast::retry,
             timeout>
        policies_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_KEY_SOURCE_BASE_HPP
