// SPDX-License-Identifier: BSL-1.0
#include "story.hpp"

#include "form.hpp"
#include "recorder.hpp"
#include "server_process.hpp"
#include "timetable.hpp"
#include "token_source.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rehearsal {

namespace {

using std::chrono::duration;
using std::chrono::seconds;

constexpr const char* app = "orders-app"; // whose tokens they are
constexpr const char* bare_api = "orders-api-bare";
constexpr const char* outlast_api = "orders-api-outlast";

/// When what begins, in seconds after the start.
struct plan {
    double killed, back, frozen, thawed, overloaded, recovered, end;
};

plan planned(const options& wanted) {
    if (wanted.quick) {
        return {3.5, 8, 10.5, 15, 17, 21.5, 26};
    }
    plan out{12, 24, 29, 41, 46, 58, 75};
    const double scale = wanted.seconds.value_or(75) / 75.0;
    for (double* moment : {&out.killed, &out.back, &out.frozen, &out.thawed, &out.overloaded,
                           &out.recovered, &out.end}) {
        *moment *= scale;
    }
    return out;
}

/// Fills the book, and keeps the means to revoke.
class token_keeper {
public:
    token_keeper(const server_process& server, std::string secret, token_book& tokens)
        : issuer_{server.issuer()},
          secret_{std::move(secret)},
          tokens_{tokens},
          source_{issuer_ + "/token", app, secret_} {}

    std::size_t issue(seconds lifetime) {
        using std::chrono::system_clock;
        for (;;) { // the server counts in whole seconds: be sure in which it was
            const auto before = whole(system_clock::now());
            auto token = source_.issue(lifetime);
            const auto now = system_clock::now();
            if (whole(now) == before) {
                const auto left = before + lifetime - now;
                return tokens_.add(
                    {.value = std::move(token.value), .expires = steady::now() + left});
            }
        }
    }

    std::size_t garbage() {
        const bool legal = ++garbage_ % 4 != 0; // now and then one that cannot even be sent
        return tokens_.add({.value = legal ? "never-issued-" + std::to_string(garbage_)
                                           : "not\"a,token-" + std::to_string(garbage_),
                            .expires = std::nullopt,
                            .issued = false});
    }

    void revoke(std::size_t index) {
        const auto asked = steady::now();
        const http_answer answer = http_.post(issuer_ + "/revoke", "token=" + tokens_.value(index),
                                              app, secret_, std::chrono::milliseconds{3000});
        if (answer.status != 200) {
            throw std::runtime_error{"a token could not be revoked"};
        }
        tokens_.revoked(index, asked, steady::now());
    }

private:
    static std::chrono::sys_seconds whole(std::chrono::system_clock::time_point moment) {
        return std::chrono::floor<seconds>(moment);
    }

    std::string issuer_;
    std::string secret_;
    token_book& tokens_;
    token_source source_;
    http_client http_;
    int garbage_ = 0;
};

/// Tokens whose truth changes on the way.
struct cast {
    std::vector<std::size_t> steady_tokens;
    std::vector<std::size_t> revocable;
    std::vector<std::size_t> changing; // those and the expiring ones
};

cast issue_cast(token_keeper& keeper, const plan& when) {
    const seconds long_lived{static_cast<int>(when.end) + 3600};
    cast out;
    for (int i = 0; i < 12; ++i) {
        out.steady_tokens.push_back(keeper.issue(long_lived));
    }
    for (int i = 0; i < 6; ++i) {
        out.revocable.push_back(keeper.issue(long_lived));
    }
    out.changing = out.revocable;
    for (const double middle : {(when.killed + when.back) / 2, (when.frozen + when.thawed) / 2,
                                (when.overloaded + when.recovered) / 2}) {
        out.changing.push_back(keeper.issue(seconds{std::lround(middle) + 1}));
    }
    return out;
}

/// The rehearsal's stage directions.
class director {
public:
    director(server_process& server, recorder& notes, token_keeper& keeper)
        : server_{server}, notes_{notes}, keeper_{keeper} {}

    timetable directions(const plan& when, const cast& tokens) {
        timetable out;
        for (int second = 1; second <= static_cast<int>(when.end); ++second) {
            add(out, second, [this] { notes_.second(); });
        }
        add(out, 0, [this] { healthy(); });
        add(out, when.killed, [this] { killed(); });
        add(out, when.back, [this] { back(); });
        add(out, when.frozen, [this] { frozen(); });
        add(out, when.thawed, [this] { thawed(); });
        add(out, when.overloaded, [this] { overloaded(); });
        add(out, when.recovered, [this] { recovered(); });
        const double little = 0.5; // just before, or just after
        const std::vector<double> revocations{
            when.killed * 0.6,    when.killed - little,     when.back + little,
            when.frozen - little, when.overloaded - little, (when.recovered + when.end) / 2,
        };
        for (std::size_t i = 0; i < revocations.size(); ++i) {
            const std::size_t token = tokens.revocable[i];
            add(out, revocations[i], [this, token] { keeper_.revoke(token); });
        }
        add(out, when.end, [this] { end(); });
        return out;
    }

private:
    static void add(timetable& out, double at, std::function<void()> action) {
        out.at(duration<double>{at}, std::move(action));
    }

    void healthy() {
        notes_.begin({.name = "healthy", .cause = "the authorization server answers"});
        asked_ = server_.introspections();
    }

    void killed() {
        compare_counts();
        notes_.begin({.name = "killed",
                      .cause = "its process has been killed; connections are refused",
                      .outage = true});
        server_.kill();
    }

    void back() {
        settle("it has been started again, with its tokens; breakers may close");
        server_.restart();
    }

    void frozen() {
        notes_.begin({.name = "frozen",
                      .cause = "its process is stopped; it takes connections and says nothing",
                      .outage = true});
        server_.freeze();
    }

    void thawed() {
        settle("it goes on; breakers may close");
        server_.thaw();
    }

    void overloaded() {
        asked_ = server_.introspections();
        notes_.begin({.name = "overloaded",
                      .cause = "it answers everything with 503 and Retry-After: 1",
                      .outage = true});
        server_.overload(true);
    }

    void recovered() {
        compare_counts(); // first: from the moment that the server answers again, calls are the next scene's
        server_.overload(false);
        notes_.begin({.name = "recovered", .cause = "it answers again"});
        asked_ = server_.introspections();
    }

    void end() {
        notes_.end();
        compare_counts();
        server_.kill();
    }

    void settle(const char* cause) {
        notes_.begin({.name = "settling", .cause = cause, .outage = false, .phase = false});
    }

    /// Adds to the current scene what the server itself has counted during it.
    void compare_counts() {
        const auto now = server_.introspections();
        if (now && asked_) {
            both<std::uint64_t> counted{};
            for (const auto& [side, client] :
                 {std::pair{bare_side, bare_api}, std::pair{outlast_side, outlast_api}}) {
                const auto count = [&](const auto& map) {
                    const auto found = map.find(client);
                    return found == map.end() ? 0 : found->second;
                };
                counted[side] = count(*now) - count(*asked_);
            }
            notes_.current().server_counted = counted;
        }
    }

    server_process& server_;
    recorder& notes_;
    token_keeper& keeper_;
    std::optional<std::map<std::string, std::uint64_t>> asked_;
};

} // namespace

record rehearse(const options& wanted, token_book& tokens, live_view& view) {
    const plan when = planned(wanted);
    const std::string secret = random_token();
    server_process server{{.client_ids = {app, bare_api, outlast_api}, .client_secret = secret}};
    view.say("An authorization server runs at " + server.issuer() + ", a process of its own.");

    token_keeper keeper{server, secret, tokens};
    const cast known = issue_cast(keeper, when);
    record out{.mode = "rehearsal", .async = wanted.async, .quick = wanted.quick};
    out.per_second = wanted.per_second.value_or(40);
    const request_stream stream = make_stream(
        out.per_second, duration<double>{when.end + 5},
        {.steady = known.steady_tokens,
         .changing = known.changing,
         .unknown = [&] { return keeper.issue(seconds{static_cast<int>(when.end) + 3600}); },
         .garbage = [&] { return keeper.garbage(); }});

    guard_settings settings{.introspection_endpoint = server.issuer() + "/introspect",
                            .client_id = bare_api,
                            .client_secret = secret,
                            .issuer = server.issuer(),
                            .audience = "orders"};
    if (!wanted.quick) {
        settings.open_for = std::chrono::seconds{2}; // half a minute has no time for that
    }
    const guarded bare = bare_guard(settings);
    settings.client_id = outlast_api;
    stage played{{bare, wanted.async ? async_outlast_guard(settings) : outlast_guard(settings)},
                 tokens,
                 stream,
                 threads_for(out.per_second, settings)};
    out.attempt_timeout = settings.attempt_timeout;
    out.fresh_for = settings.fresh_for;

    recorder notes{out, played, tokens, view};
    director directs{server, notes, keeper};
    out.begin = steady::now();
    played.open(out.begin);
    directs.directions(when, known).run(out.begin);
    return out;
}

} // namespace rehearsal
