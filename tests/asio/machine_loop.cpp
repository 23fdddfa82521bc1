// SPDX-License-Identifier: BSL-1.0
//
// The drivers are equals: the same steps and outcomes under Asio as on a thread, for the same day.
#include <outlast/asio/machine_loop.hpp>

#include <outlast/asio.hpp>
#include <outlast/outlast.hpp>

#include "asio/support/async_player.hpp"
#include "asio/support/virtual_loop.hpp"
#include "support/bad_day.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using outlast::result;
using outlast_tests::async_player;
using outlast_tests::hand_clock;
using outlast_tests::history;
using outlast_tests::limits_of;
using outlast_tests::outcome_of;
using outlast_tests::recorded;
using outlast_tests::virtual_loop;
using outlast_tests::visit;

namespace {

template <class Policies>
history under_asio(const std::vector<visit>& visits) {
    Policies policies;
    history h;
    virtual_loop loop;
    for (const visit& v : visits) {
        loop.advance(v.pause);
        recorded noted{policies.p};
        std::optional<result<int>> r;
        outlast::async_run<hand_clock>(loop.context().get_executor(), noted, limits_of(v),
                                       async_player{&loop, &v.lines, nullptr},
                                       [&](result<int> got) { r = std::move(got); });
        loop.run();
        REQUIRE(r.has_value());
        h.steps.push_back(noted.trace());
        h.outcomes.push_back(outcome_of(*r));
    }
    return h;
}

constexpr auto asynchronous = []<class Policies>(const std::vector<visit>& visits) {
    return under_asio<Policies>(visits);
};

} // namespace

TEST_CASE("the drivers are equals under Asio: the same steps and outcomes, for every policy") {
    outlast_tests::every_policy_agrees(asynchronous);
}

TEST_CASE("the drivers are equals under Asio: compositions") {
    outlast_tests::compositions_agree(asynchronous);
}

TEST_CASE("law 4 under Asio: the clock is read at most once an event, and only for who asks") {
    virtual_loop loop;
    const auto reads = [&](auto& p, auto operation) {
        hand_clock::reads = 0;
        bool done = false;
        outlast::async_run<hand_clock>(loop.context().get_executor(), p, operation,
                                       [&](const auto&) { done = true; });
        loop.poll();
        CHECK(done);
        return hand_clock::reads;
    };
    const auto good = [](auto token) {
        return boost::asio::async_initiate<decltype(token), void(int)>([](auto h) { h(1); }, token);
    };
    outlast::basic_circuit_breaker<> b{{.window = 100}};
    outlast::pipeline timeless{outlast::fallback{0}, outlast::retry{}, std::ref(b)};
    CHECK(reads(timeless, good) == 0);
    outlast::pipeline timed{outlast::timeout{3s}, outlast::retry{}, std::ref(b),
                            outlast::timeout{250ms}};
    CHECK(reads(timed, good) == 2);
}
