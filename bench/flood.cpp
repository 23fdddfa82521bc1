// SPDX-License-Identifier: BSL-1.0
//
// A hundred thousand made-up tokens, each asked about at the server, beside the tokens of real users:
// what those notice of it. Prints JSON.
#include <outlast/oauth2/introspector.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace oauth2 = outlast::oauth2;
using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t known_tokens = 1'000;
constexpr std::size_t made_up_tokens = 100'000;

/// The authorization server, without a network: it knows the tokens that begin with `known`.
struct server {
    std::atomic<std::size_t> calls{0};

    outlast::result<outlast::http::response> operator()(const outlast::http::request& asked,
                                                        const outlast::http::limits&) {
        ++calls;
        outlast::http::response answer;
        answer.status = 200;
        answer.headers.add("Content-Type", "application/json");
        answer.body = asked.body.find("token=known") != std::string::npos
                          ? R"({"active":true,"exp":32503680000,"sub":"user"})"
                          : R"({"active":false})";
        return answer;
    }
};

std::vector<std::string> tokens(const char* prefix, std::size_t n) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i != n; ++i)
        all.push_back(std::string{"Bearer "} + prefix + std::to_string(1'000'000 + i) +
                      "-0123456789abcdefghijklmn");
    return all;
}

struct measured {
    double ns = 0; // of a check of a known token, in the typical round
    std::size_t rounds = 0;
    std::size_t not_cached = 0; // of those checks
};

/// Checks all known tokens round after round for as long as `more(rounds)`.
template <class Api, class More>
measured rounds_of(Api& api, const std::vector<std::string>& known, More more) {
    measured m;
    std::vector<double> rounds;
    while (more(rounds.size())) {
        const auto begin = clock_type::now();
        for (const std::string& token : known) {
            const oauth2::decision d = api(token);
            m.not_cached += d.status != 200 || d.how != oauth2::decision::assurance::cached;
        }
        const std::chrono::duration<double, std::nano> took = clock_type::now() - begin;
        rounds.push_back(took.count() / static_cast<double>(known.size()));
    }
    std::ranges::sort(rounds);
    m.rounds = rounds.size();
    m.ns = rounds.empty() ? 0 : rounds[rounds.size() / 2];
    return m;
}

/// The same while `beside` runs in a thread of its own.
template <class Api, class Beside>
measured while_running(Api& api, const std::vector<std::string>& known, Beside beside) {
    std::atomic<bool> over{false};
    std::thread other{[&] {
        beside();
        over = true;
    }};
    measured m = rounds_of(api, known, [&](std::size_t) { return !over; });
    other.join();
    return m;
}

} // namespace

int main() {
    server authorization;
    oauth2::introspector_options o;
    o.endpoints = {"https://auth.example/introspect"};
    o.auth = oauth2::client_secret_basic{"api", oauth2::secret{"secret"}};
    o.lifetimes.fresh_for = 1h;
    oauth2::introspector api{std::move(o), authorization};

    const auto known = tokens("known", known_tokens);
    const auto made_up = tokens("madeup", made_up_tokens);
    for (const std::string& token : known)
        (void)api(token);

    std::size_t passed = 0; // made-up ones
    const auto flood = [&] {
        for (const std::string& token : made_up)
            passed += api(token).status == 200;
    };
    // As many checks, by as many threads, and none of a made-up token.
    const auto ordinary = [&] {
        for (std::size_t i = 0; i != 10 * made_up.size(); ++i)
            (void)api(known[i % known.size()]);
    };
    const measured alone = rounds_of(api, known, [](std::size_t done) { return done != 300; });
    const measured quiet = while_running(api, known, ordinary);
    const std::size_t before = authorization.calls;
    const measured flooded = while_running(api, known, flood);
    const std::size_t asked = authorization.calls - before;

    std::printf("{\"known_alone_ns\": %.1f, \"flood_known_ns\": %.1f, "
                "\"flood_quiet_known_ns\": %.1f, "
                "\"flood_known_not_cached\": %zu, "
                "\"flood_made_up_passed\": %zu, \"flood_calls\": %zu, \"flood_rounds\": %zu}\n",
                alone.ns, flooded.ns, quiet.ns, flooded.not_cached + quiet.not_cached, passed,
                asked, flooded.rounds);
    return quiet.rounds == 0 || flooded.rounds == 0;
}
