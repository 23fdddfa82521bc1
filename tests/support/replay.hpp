// SPDX-License-Identifier: BSL-1.0
//
// Scripts that are played again and again, each time cancelled one step later; what is played, and what
// has to hold when it is over.
#ifndef OUTLAST_TESTS_SUPPORT_REPLAY_HPP
#define OUTLAST_TESTS_SUPPORT_REPLAY_HPP

#include <outlast/bulkhead.hpp>
#include <outlast/hedge.hpp>
#include <outlast/outlast.hpp>

#include "support/bad_day.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace outlast_tests {

using door = outlast::basic_bulkhead<>;

/// With a budget, and a bulkhead in which two of three find a permit.
struct rationed {
    breaker b{sensitive()};
    door d{{.permits = 2, .queue = 1, .wait = 100ms}};
    outlast::budget money{outlast::running_share{}};
    outlast::pipeline<outlast::timeout,
                      outlast::retry,
                      std::reference_wrapper<breaker>,
                      std::reference_wrapper<door>,
                      outlast::timeout>
        p{outlast::timeout{200ms}, outlast::retry{{.max_attempts = 3, .budget = &money, .seed = 7}},
          std::ref(b), std::ref(d), outlast::timeout{50ms}};

    [[nodiscard]] bool idle() {
        return d.counts().running == 0 && d.counts().queued == 0 && money.running().calls == 0;
    }
};
/// The recommended order, with all there is: refreshes ahead, a budget, lanes, a bulkhead.
struct everything {
    using store = outlast::memory<int, int, outlast::no_lock>;
    using cache = outlast::cache_aside<store, int (*)(), outlast::lifetime (*)(int)>;
    store s{};
    cache c{s,
            [] { return 0; },
            [](int) { return outlast::lifetime{.fresh_for = 2500ms, .stale_for = 400ms}; },
            {.refresh_ahead = outlast::ratio::of(1.0), .refresh_limit = 40ms, .seed = 1}};
    breaker b{sensitive()};
    door d{{.permits = 2, .queue = 1, .wait = 100ms}};
    outlast::budget money{outlast::running_share{}};
    outlast::basic_hedge<> race{{.idempotent = true, .max_lanes = 2, .delay = 15ms}};
    outlast::pipeline<outlast::fallback<int>,
                      std::reference_wrapper<cache>,
                      outlast::timeout,
                      outlast::retry,
                      std::reference_wrapper<outlast::basic_hedge<>>,
                      std::reference_wrapper<breaker>,
                      std::reference_wrapper<door>,
                      outlast::timeout>
        p{outlast::fallback{-1},
          std::ref(c),
          outlast::timeout{300ms},
          outlast::retry{{.max_attempts = 3, .retry_refusals = true, .budget = &money, .seed = 7}},
          std::ref(race),
          std::ref(b),
          std::ref(d),
          outlast::timeout{50ms}};

    [[nodiscard]] bool idle() {
        return d.counts().running == 0 && d.counts().queued == 0 && money.running().calls == 0;
    }
};
struct only_hedge {
    outlast::basic_hedge<> race{{.idempotent = true, .max_lanes = 3, .delay = 15ms}};
    outlast::pipeline<std::reference_wrapper<outlast::basic_hedge<>>> p{std::ref(race)};
};

/// The calls before this one that it may depend on, and it.
inline std::vector<visit> up_to(std::size_t last) {
    const auto begin = a_bad_day.begin();
    const auto end = begin + static_cast<std::ptrdiff_t>(last + 1);
    return {end - static_cast<std::ptrdiff_t>(std::min<std::size_t>(last + 1, 4)), end};
}

/// Whether nothing of a call is left in its policies.
template <class Policies>
[[nodiscard]] bool is_idle(Policies& policies) {
    if constexpr (requires { policies.idle(); })
        return policies.idle();
    else if constexpr (requires { policies.b.counts().queued; })
        return policies.b.counts().running == 0 && policies.b.counts().queued == 0;
    else
        return true;
}

/// `replay.operator()<Policies>(visits, step)` plays them and cancels the last one after so many of its
/// steps; it gives false if that had fewer.
template <class Policies, class Replay>
int cancelled_at_every_step(Replay replay) {
    int played = 0;
    for (std::size_t i = 0; i != a_bad_day.size(); ++i)
        for (int step = 1;; ++step, ++played) {
            CAPTURE(i, step);
            if (!replay.template operator()<Policies>(up_to(i), step))
                break;
        }
    return played;
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_SUPPORT_REPLAY_HPP
