// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/attempt.hpp>

#include "support/catch.hpp"

#include <memory>
#include <optional>
#include <thread>
#include <utility>

using outlast::result;

namespace {

using place = outlast::detail::attempt<int, std::shared_ptr<int>>;

/// As much of a call as a handler needs.
struct fake_call {
    using place_type = place;
    using work_executor_type = int;
    using allocator_type = std::allocator<void>;
    struct operation_type {
        static result<int> lift(int n) {
            if (n < 0)
                throw n;
            return n;
        }
    };
    int ends = 0;
    static void end(place& p) { ++static_cast<fake_call*>(p.home)->ends; }
    [[nodiscard]] int work_executor() const { return 7; }
    [[nodiscard]] allocator_type allocator() const { return {}; }
};

using handler = outlast::detail::attempt_handler<fake_call>;

handler handler_for(fake_call& c, place& p) {
    p.home = &c;
    return handler{p};
}

} // namespace

TEST_CASE("attempt: its handler brings what it came to, once") {
    fake_call c;
    place p;
    CHECK(p.free);
    p.prepare(0);
    CHECK(!p.free);
    {
        handler h = handler_for(c, p);
        CHECK(!p.started());
        CHECK(p.under_way());
        handler moved = std::move(h);
        CHECK(moved.get_executor() == 7);
        moved(3);
        moved(4); // NOLINT: twice on purpose
    }
    CHECK(c.ends == 1);
    CHECK(!p.under_way());
    CHECK((*p.arrived).value() == 3);
    CHECK(!p.free); // until the call has seen it
    p.forget();
    CHECK(p.free);
}

TEST_CASE("attempt: one that ends while it starts is its starter's to see") {
    fake_call c;
    place p;
    p.prepare(0);
    handler_for(c, p)(3);
    CHECK(!p.under_way());
    CHECK(p.started());
    CHECK(c.ends == 0);
    CHECK((*p.arrived).value() == 3);
    p.forget();
    p.prepare(0); // the next one there has not
    CHECK(!p.started());
}

TEST_CASE("attempt: one that ends on another thread while it starts is the call's to be told") {
    fake_call c;
    place p;
    p.prepare(0);
    std::thread{[&] { handler_for(c, p)(3); }}.join();
    CHECK(c.ends == 1);
    CHECK(!p.started());
}

TEST_CASE("attempt: a handler that is only destroyed brings nothing") {
    fake_call c;
    place p;
    p.prepare(0);
    {
        const handler h = handler_for(c, p);
        CHECK(!p.started());
    }
    CHECK(c.ends == 1);
    CHECK(!p.under_way());
    CHECK(!p.arrived.filled());
}

TEST_CASE("attempt: a value that can't be taken is a failure") {
    fake_call c;
    place p;
    p.prepare(0);
    CHECK(!p.started());
    handler_for(c, p)(-1);
    CHECK((*p.arrived).error().why() == outlast::refusal::threw);
}

TEST_CASE("attempt: what is abandoned is counted, and holds what it was given, until it ends") {
    const auto before = outlast::abandoned().running;
    auto permit = std::make_shared<int>(1);
    place p;
    p.prepare(0);
    p.abandoned.fill([] { return outlast::detail::counted_as<outlast::abandoned_work>{}; });
    p.kept.fill([&] { return permit; });
    CHECK(outlast::abandoned().running == before + 1);
    CHECK(permit.use_count() == 2);
    p.forget();
    CHECK(outlast::abandoned().running == before);
    CHECK(permit.use_count() == 1);
}
