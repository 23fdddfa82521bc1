// SPDX-License-Identifier: BSL-1.0
//
// What its policies do together is told in discovery.cpp; here is what only this form has.
#include <outlast/oauth2/async_discovery.hpp>

#include "support/async_way.hpp"
#include "support/catch.hpp"
#include "support/server.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view metadata =
    R"({"issuer":"https://idp.example","introspection_endpoint":"https://idp.example/i"})";

using found = std::optional<outlast::result<metadata_ptr>>;
using tested = async_discovery<async_scripted_server, hand_clock>;

struct keeper {
    found& into;
    void operator()(outlast::result<metadata_ptr> r) const {
        CHECK_FALSE(into);
        into.emplace(std::move(r));
    }
};

} // namespace

TEST_CASE("async discovery: fetches once for all who wait, and never completes inside its call") {
    virtual_loop loop;
    async_scripted_server server;
    server.loop = &loop;
    server.otherwise = says(metadata).after(200ms);
    tested where{{.issuer = "https://idp.example"}, server};
    found a, b, c;
    where.async_find({}, keeper{a});
    where.async_find({}, keeper{b});
    loop.run();
    REQUIRE((a && b));
    CHECK(a->value()->introspection_endpoint == "https://idp.example/i");
    CHECK(b->value() == a->value());
    where.async_find({}, keeper{c});
    CHECK_FALSE(c);
    loop.run();
    CHECK(c->value() == a->value());
    CHECK(server.calls() == 1);
}

TEST_CASE(
    "async discovery: a caller has its answer by its deadline, and the fetch goes on for others") {
    virtual_loop loop;
    async_scripted_server server;
    server.loop = &loop;
    server.otherwise = says(metadata).after(500ms);
    tested where{{.issuer = "https://idp.example"}, server};
    found hasty, patient;
    const auto soon = hand_clock::time + 100ms;
    where.async_find({.deadline = std::chrono::steady_clock::time_point{soon.time_since_epoch()}},
                     keeper{hasty});
    where.async_find({}, keeper{patient});
    loop.advance(100ms);
    REQUIRE(hasty);
    CHECK(hasty->error().why() == outlast::refusal::timed_out);
    loop.run();
    CHECK(patient->value()->introspection_endpoint == "https://idp.example/i");
    CHECK(server.calls() == 1);
}

TEST_CASE("async discovery: may go while it is asked") {
    virtual_loop loop;
    const auto server = std::make_shared<async_scripted_server>();
    server->loop = &loop;
    server->otherwise = says(metadata).after(500ms);
    found got;
    std::make_unique<tested>(discovery_options{.issuer = "https://idp.example"}, server)
        ->async_find({}, keeper{got});
    CHECK(server.use_count() > 1);
    loop.run();
    CHECK(got->value()->introspection_endpoint == "https://idp.example/i");
    CHECK(server.use_count() == 1);
}

TEST_CASE("async discovery: ends when it is cancelled") {
    virtual_loop loop;
    async_scripted_server server;
    server.loop = &loop;
    server.otherwise = hangs();
    tested where{{.issuer = "https://idp.example"}, server};
    found got;
    boost::asio::cancellation_signal stop;
    where.async_find({}, boost::asio::bind_cancellation_slot(stop.slot(), keeper{got}));
    loop.advance(10ms);
    stop.emit(boost::asio::cancellation_type::terminal);
    loop.advance({});
    REQUIRE(got);
    CHECK(got->error().why() == outlast::refusal::cancelled);
}
