// SPDX-License-Identifier: BSL-1.0
//
// An API with the profile D of the scenarios, told in virtual time, with the introspector of the program's way:
//
//     story s;
//     s.server.otherwise = says(r_plus(3600));
//     CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_STORY_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_STORY_HPP

#include "oauth2/bodies.hpp"
#include "oauth2/support/outcome_words.hpp"
#include "oauth2/support/server.hpp"
#include "oauth2/support/way.hpp"
#include "support/print.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace outlast_tests {

namespace o2 = outlast::oauth2;

/// What the API did with one request, and how many attempts were handed to the transport meanwhile.
struct told {
    std::string words{};
    std::size_t calls = 0;
    o2::decision d{};
    outlast::instant finished{};

    [[nodiscard]] std::string all() const { return words + ", calls " + std::to_string(calls); }
    friend bool operator==(const told& t, std::string_view expected) { return t.all() == expected; }
    friend std::ostream& operator<<(std::ostream& out, const told& t) { return out << t.all(); }
};

/// Profile D, as far as it is options; the rest are the defaults.
inline o2::introspector_options profile_d() {
    return {
        .endpoints = {"https://as.example/introspect"},
        .auth = o2::client_secret_basic{"rs", o2::secret{"s3cr3t"}},
        .realm = "r",
        .retry = {.max_attempts = 2, .backoff = outlast::constant(std::chrono::milliseconds{100})}};
}

inline o2::requirements needs_scope(std::string scope) {
    return {.audience = "api", .scopes = {std::move(scope)}};
}

class story {
    std::deque<std::string> tokens_{}; // deque: what it holds stays where it is
    std::unique_ptr<way> does_;

public:
    scripted_server& server;
    pieces& api;
    outlast::duration wall_step{}; ///< how far somebody set the wall clock ahead
    o2::requirements route{.audience = "api"};

    explicit story(o2::introspector_options options = profile_d())
        : does_(make_way(at_this_wall(std::move(options)))),
          server(does_->server()),
          api(does_->api()) {}
    story(const story&) = delete;
    story& operator=(const story&) = delete;

    /// Lets time pass until then; not back, where the request before took longer.
    story& at(outlast::duration when) {
        const outlast::instant target{when};
        if (target > time())
            does_->advance(target - time());
        return *this;
    }

    /// Whether what a caller began goes on for others when it leaves.
    [[nodiscard]] bool work_stays() const { return does_->work_stays(); }
    /// Until nothing is left to happen.
    void run() { does_->run(); }
    [[nodiscard]] outlast::instant time() const { return does_->time(); }
    [[nodiscard]] std::chrono::system_clock::time_point wall() const { return wall_at(time()); }

    /// One of several at once: `run()` or `at` goes on, `tell` says what it came to.
    call& begin(std::string_view token,
                outlast::duration max_age = outlast::forever,
                outlast::instant deadline = outlast::never) {
        return does_->begin(tokens_.emplace_back(token), route, max_age, deadline);
    }
    /// One request, to its end.
    told request(std::string_view token, outlast::duration max_age = outlast::forever) {
        return request(token, route, max_age);
    }
    told request(std::string_view token,
                 const o2::requirements& wanted,
                 outlast::duration max_age = outlast::forever) {
        const std::size_t before = server.calls();
        call& c = does_->begin(tokens_.emplace_back(token), wanted, max_age, outlast::never);
        run();
        told t = tell(c, wanted);
        t.calls = server.calls() - before;
        return t;
    }
    told strict(std::string_view token) { return request(token, outlast::duration{0}); }

    told tell(call& c, const o2::requirements& wanted) {
        told t;
        t.finished = c.finished_at();
        t.d = c.decided(wanted, wall_at(t.finished));
        t.words = words_of(t.d);
        return t;
    }
    told tell(call& c) { return tell(c, route); }

    [[nodiscard]] o2::token_digest key(std::string_view token) const { return *api.key_of(token); }

    /// Places P(token), learnt at T0 + `since` with an `exp` of T0 + `exp`, without a call.
    void place(std::string_view token, outlast::duration since, std::int64_t exp) {
        const o2::finding f = found(r_plus(exp));
        const outlast::instant at{since};
        const o2::knowledge k{.what = o2::knowledge::verdict::active,
                              .said = f.said,
                              .lives_for = std::chrono::seconds{exp} - since};
        const o2::token_life life{api.options().lifetimes, [this] { return wall(); }};
        api.store().put(key(token), {k, outlast::freshness::from(at, life(k)), false});
    }

    /// `P fresh until 60 s, stale until 360 s`, `N until 10 s`, `expired until 40 s`, `–`.
    [[nodiscard]] std::string entry(std::string_view token) {
        const auto found = api.store().find(key(token));
        if (!found)
            return "–";
        const std::string until = words(found->times.fresh_until);
        switch (found->value.what) {
        case o2::knowledge::verdict::active:
            return (found->negative ? "negative P" : "P") + (" fresh until " + until) +
                   ", stale until " + words(found->times.stale_until);
        case o2::knowledge::verdict::inactive:
            return (found->negative ? "N until " : "positive N until ") + until;
        case o2::knowledge::verdict::expired:
            return (found->negative ? "expired until " : "positive expired until ") + until;
        }
        return "?";
    }

    /// One step of the re-check. \return whether there was a token to ask about
    bool recheck() { return does_->recheck(); }
    outlast::result<o2::knowledge> probe(std::size_t endpoint = 0) {
        return does_->probe(endpoint);
    }

    [[nodiscard]] outlast::circuit_state breaker() { return api.breaker().state(time()); }
    [[nodiscard]] outlast::circuit_state latch() { return api.latch().state(time()); }
    [[nodiscard]] outlast::tally counted() { return api.breaker().window(time()); }

private:
    [[nodiscard]] std::chrono::system_clock::time_point wall_at(outlast::instant now) const {
        return outlast_tests::at(0) +
               std::chrono::duration_cast<std::chrono::system_clock::duration>(
                   now.time_since_epoch() + wall_step);
    }
    o2::introspector_options at_this_wall(o2::introspector_options options) {
        options.wall = [this] { return wall(); };
        return options;
    }
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_STORY_HPP
