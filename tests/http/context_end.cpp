// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/context_end.hpp"

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <optional>

using outlast::http::context_end;
using outlast::http::context_watcher;

namespace {

struct watcher final : context_watcher {
    int told = 0;
    bool before = false; // what was queued was destroyed
    std::weak_ptr<int> queued;
    void context_ends() noexcept override {
        ++told;
        before = !queued.expired();
    }
};

} // namespace

TEST_CASE("context end: whoever is there is told once, before what is queued is destroyed") {
    const auto here = std::make_shared<watcher>();
    {
        boost::asio::io_context io;
        auto& end = boost::asio::use_service<context_end>(io);
        end.add(here);
        end.add(std::make_shared<watcher>()); // gone at once
        auto value = std::make_shared<int>(7);
        here->queued = value;
        boost::asio::post(io, [kept = std::move(value)] { CHECK(false); });
        CHECK(here->told == 0);
    }
    CHECK(here->told == 1);
    CHECK(here->before);
    CHECK(here->queued.expired());
}

TEST_CASE("context end: one for each context") {
    boost::asio::io_context a;
    boost::asio::io_context b;
    CHECK(&boost::asio::use_service<context_end>(a) == &boost::asio::use_service<context_end>(a));
    CHECK(&boost::asio::use_service<context_end>(a) != &boost::asio::use_service<context_end>(b));
}
