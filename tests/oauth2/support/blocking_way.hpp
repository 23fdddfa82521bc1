// SPDX-License-Identifier: BSL-1.0
//
// The stories by the blocking introspector: its pieces in a simulation, and its call operator.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_BLOCKING_WAY_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_BLOCKING_WAY_HPP

#include <outlast/oauth2/introspector.hpp>
#include <outlast/simulate.hpp>

#include "oauth2/support/server.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace outlast_tests {

/// The time of the simulation of this thread, for what runs on a thread inside of it.
struct simulated_clock {
    static inline thread_local const outlast::world* of = nullptr;
    static outlast::instant now() noexcept { return of->time(); }
};

class blocking_way {
public:
    using server_type = scripted_server;
    using introspector_type = outlast::oauth2::introspector<server_type, simulated_clock>;

    void serve(server_type& server) {
        server.world = &sim_;
        simulated_clock::of = &sim_;
    }
    [[nodiscard]] outlast::instant time() const { return sim_.time(); }
    void advance(outlast::duration span) { sim_.advance(span); }
    void run() { sim_.run(); }

    auto& begin(introspector_type& api,
                const std::string& token,
                const outlast::oauth2::requirements&,
                outlast::duration max_age,
                outlast::instant deadline) {
        const outlast::oauth2::query q{token, *api.key_of(token), max_age,
                                       &places_.emplace_back(api.first_endpoint())};
        auto& c = sim_.call_by(deadline, api.policies(), api.work(), q);
        asked_[&c] = q;
        return c;
    }
    template <class Call>
    outlast::oauth2::decision decision_of(Call& c,
                                          const introspector_type& api,
                                          const outlast::oauth2::requirements& wanted,
                                          std::chrono::system_clock::time_point now) const {
        auto d = decide(c.result(), c.facts(), wanted, api.realm(), now);
        api.note(d, asked_.at(&c));
        return d;
    }

    /// Whether there was a token to ask about.
    bool recheck(introspector_type& api) {
        auto next = api.next_recheck(time());
        if (!next)
            return false;
        auto& one = errands_.emplace_back(*std::move(next));
        auto& c = sim_.call(api.recheck_policies(), api.work(), one.asks());
        run();
        api.rechecked(one.key, c.result(), c.facts());
        return true;
    }
    outlast::result<outlast::oauth2::knowledge> probe(introspector_type& api,
                                                      std::size_t endpoint) {
        auto& one = errands_.emplace_back(api.next_probe(endpoint));
        auto& c = sim_.call(api.probe_policies(endpoint), api.work(), one.asks());
        run();
        return c.result();
    }

private:
    std::deque<std::size_t> places_{};
    std::map<const void*, outlast::oauth2::query> asked_{}; // by its call
    std::deque<outlast::oauth2::errand> errands_{};
    outlast::simulation sim_{};
};

/// Through the call operator, in real time.
template <class Server>
using direct_api = outlast::oauth2::introspector<Server>;

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_BLOCKING_WAY_HPP
