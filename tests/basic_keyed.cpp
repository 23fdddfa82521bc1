// SPDX-License-Identifier: BSL-1.0
#include <outlast/basic_keyed.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/told.hpp"
#include "support/watched_lock.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::circuit_state;
using outlast::refusal;
using outlast_tests::at;
using outlast_tests::end;
using outlast_tests::refused;
using outlast_tests::script;
using outlast_tests::starts;
using outlast_tests::times;
using outlast_tests::watched_lock;

namespace {

using breaker = outlast::basic_circuit_breaker<>;

template <class Lock, class Key, class KeyOf, class Make>
auto keyed_by(KeyOf key_of, Make make, std::size_t capacity = 1024) {
    return outlast::basic_keyed<Lock, KeyOf, Make, Key>(std::move(key_of), std::move(make),
                                                        capacity);
}

constexpr auto itself = [](const std::string& host) { return host; };
constexpr auto down = [](const std::string&) -> outlast::result<int> { return refused; };
constexpr auto up = [](const std::string&) -> outlast::result<int> { return 1; };

// A breaker that opens at the first failure; notes for which keys it was made.
struct makes_breakers {
    std::vector<std::string>* made;
    std::shared_ptr<breaker> operator()(const std::string& host) const {
        made->push_back(host);
        return std::make_shared<breaker>(
            outlast::circuit_breaker_options{.window = 1, .open_for = 1s});
    }
};

} // namespace

TEST_CASE("keyed: one policy a key, made when the key is first met") {
    std::vector<std::string> made;
    auto breakers = keyed_by<outlast::no_lock, std::string>(itself, makes_breakers{&made});
    outlast::pipeline p{std::ref(breakers)};
    outlast::simulation sim;
    CHECK(breakers.size() == 0);
    (void)sim.call(p, down, std::string{"a"});
    CHECK(sim.call(p, up, std::string{"a"}).result().error().why() == refusal::circuit_open);
    CHECK(sim.call(p, up, std::string{"b"}).result().value() == 1);
    CHECK(sim.call(p, up, std::string{"b"}).result().value() == 1);
    CHECK(made == std::vector<std::string>{"a", "b"});
    CHECK(breakers.size() == 2);
    CHECK(breakers.at("a")->state(sim.time()) == circuit_state::open);
    CHECK(breakers.at("b")->state(sim.time()) == circuit_state::closed);
    CHECK(breakers.at("a") == breakers.at("a"));
    sim.advance(1s);
    CHECK(sim.call(p, up, std::string{"a"}).result().value() == 1);
}

TEST_CASE("keyed: what was used least recently is forgotten, with what it had learnt") {
    std::vector<std::string> made;
    auto breakers = keyed_by<outlast::no_lock, std::string>(itself, makes_breakers{&made}, 2);
    breakers.at("a")->set_mode(outlast::circuit_mode::isolated);
    (void)breakers.at("b");
    (void)breakers.at("a");
    (void)breakers.at("c"); // in the place of b
    CHECK(breakers.size() == 2);
    CHECK(made == std::vector<std::string>{"a", "b", "c"});
    outlast::reading now{at(0s)};
    auto first = breakers.at("a")->start();
    CHECK_FALSE(outlast_tests::begin(first, now, outlast::never).calls_work());
    (void)breakers.at("b");
    CHECK(made.back() == "b");
    (void)breakers.at("c");
    CHECK(made.back() == "c"); // b displaced c: a had been used since
}

TEST_CASE("keyed: a policy outlives its calls, whatever the table forgets") {
    std::vector<std::string> made;
    auto breakers = keyed_by<outlast::no_lock, std::string>(itself, makes_breakers{&made}, 1);
    outlast::pipeline p{std::ref(breakers)};
    outlast::simulation sim;
    auto& slow = sim.call(
        p,
        [&](const std::string&) -> outlast::result<int> {
            sim.spend(100ms);
            return refused;
        },
        std::string{"a"});
    std::weak_ptr<breaker> first = breakers.at("a");
    (void)breakers.at("b");
    CHECK_FALSE(first.expired());
    sim.run();
    CHECK(slow.result().error().cause() == refused);
    CHECK(first.lock()->state(sim.time()) == circuit_state::open);
    CHECK(breakers.at("a")->state(sim.time()) == circuit_state::closed); // a new one
}

TEST_CASE("keyed: a make that throws fails the call and leaves nothing behind") {
    int made = 0;
    auto breakers = keyed_by<outlast::no_lock, std::string>(
        itself, [&made](const std::string&) -> std::shared_ptr<breaker> {
            if (++made < 3)
                throw std::runtime_error("no");
            return std::make_shared<breaker>();
        });
    outlast::pipeline p{std::ref(breakers)};
    CHECK(p(up, std::string{"a"}).error().why() == refusal::threw);
    CHECK(p(up, std::string{"a"}).error().why() == refusal::threw);
    CHECK(breakers.size() == 0);
    CHECK(p(up, std::string{"a"}).value() == 1);
    CHECK(breakers.size() == 1);
}

TEST_CASE("keyed: the key comes from all arguments, and is of any plain type") {
    std::vector<int> made;
    auto policies = keyed_by<outlast::no_lock, int>([](int a, int b) { return a + b; },
                                                    [&made](int key) {
                                                        made.push_back(key);
                                                        return std::make_shared<outlast::retry>();
                                                    });
    outlast::pipeline p{std::ref(policies)};
    const auto product = [](int a, int b) { return a * b; };
    CHECK(p(product, 1, 2).value() == 2);
    CHECK(p(product, 2, 1).value() == 2);
    CHECK(p(product, 2, 2).value() == 4);
    CHECK(made == std::vector<int>{3, 4});
}

TEST_CASE("keyed: whatever a policy does it does here: waits, deadlines, facts") {
    auto retries = keyed_by<outlast::no_lock, std::string>(itself, [](const std::string& host) {
        return std::make_shared<outlast::retry>(outlast::retry_options{
            .max_attempts = host == "far" ? 3U : 2U, .backoff = outlast::constant(100ms)});
    });
    auto limits = keyed_by<outlast::no_lock, std::string>(itself, [](const std::string& host) {
        return std::make_shared<outlast::timeout>(host == "far" ? 50ms : 5ms);
    });
    outlast::pipeline p{std::ref(retries), std::ref(limits)};
    outlast::simulation sim;
    const auto hangs = [&](const std::string&) { return sim.spend(outlast::forever), 1; };
    auto& far = sim.call(p, hangs, std::string{"far"});
    auto& near = sim.call(p, hangs, std::string{"near"});
    sim.run();
    CHECK(starts(far) == times{0ms, 150ms, 300ms});
    CHECK(end(far) == 350ms);
    CHECK(far.facts().limit == 50ms);
    CHECK(far.facts().why_stopped == outlast::stopped::attempts);
    CHECK(starts(near) == times{0ms, 105ms});
}

TEST_CASE("law 2: a permit of a keyed policy comes back like any other") {
    std::vector<std::string> made;
    auto breakers = keyed_by<outlast::no_lock, std::string>(itself, makes_breakers{&made});
    outlast::pipeline p{std::ref(breakers)};
    outlast::simulation sim;
    (void)sim.call(p, down, std::string{"a"});
    sim.advance(1s);
    const auto hangs = [&](const std::string&) -> outlast::result<int> {
        sim.spend(outlast::forever);
        return 1;
    };
    auto& probe = sim.call(p, hangs, std::string{"a"});
    CHECK(sim.call(p, up, std::string{"a"}).attempts() == 0);
    probe.cancel();
    CHECK(sim.call(p, up, std::string{"a"}).attempts() == 1);
    {
        sim.advance(1s);
        auto run = p.start(std::string{"a"});
        outlast::reading now{sim.time()};
        CHECK(outlast_tests::begin(run, now, outlast::never).calls_work());
    }
    CHECK(sim.call(p, up, std::string{"a"}).attempts() == 1);
}

TEST_CASE("law 5: make, key function and destructors run outside the lock") {
    outlast_tests::watch made;
    outlast_tests::watch keyed;
    outlast_tests::watch destroyed;
    struct policy {
        outlast_tests::watch* gone;
        explicit policy(outlast_tests::watch& w) : gone(&w) {}
        policy(const policy&) = delete;
        policy& operator=(const policy&) = delete;
        ~policy() { (*gone)(); }
        outlast::leaf start() { return {}; }
    };
    const int before = watched_lock::taken;
    {
        auto policies = keyed_by<watched_lock, int>(
            [&](int x) { return keyed(), x; },
            [&](int) { return made(), std::make_shared<policy>(destroyed); }, 2);
        for (const int key : {1, 2, 1, 3, 4, 1})
            (void)policies.start(key);
        CHECK(made.runs == 5);
        CHECK(keyed.runs == 6);
        CHECK(destroyed.runs == 3);
    }
    CHECK(destroyed.runs == 5);
    CHECK(made.locked + keyed.locked + destroyed.locked == 0);
    CHECK(watched_lock::taken > before);
}

TEST_CASE("keyed: a make that uses the table itself does not lock itself out") {
    using table = outlast::basic_keyed<std::mutex, decltype(itself), makes_breakers, std::string>;
    std::vector<std::string> made;
    table inner{itself, makes_breakers{&made}};
    auto outer = keyed_by<std::mutex, std::string>(
        itself, [&inner](const std::string& host) { return inner.at(host); });
    outlast::pipeline p{std::ref(outer)};
    CHECK(p(up, std::string{"a"}).value() == 1);
    CHECK(inner.at("a") == outer.at("a"));
}

TEST_CASE("keyed: a key made by a faster one meanwhile is used, not replaced") {
    // What another thread does between look-up and put, a make can do too.
    struct racing {
        outlast::basic_keyed<outlast::no_lock, decltype(itself), racing, std::string>** self;
        int* made;
        std::shared_ptr<breaker>* faster;
        std::shared_ptr<breaker> operator()(const std::string& key) const {
            if (++*made == 1)
                *faster = (*self)->at(key);
            return std::make_shared<breaker>();
        }
    };
    int made = 0;
    std::shared_ptr<breaker> faster;
    outlast::basic_keyed<outlast::no_lock, decltype(itself), racing, std::string>* self = nullptr;
    outlast::basic_keyed<outlast::no_lock, decltype(itself), racing, std::string> policies{
        itself, racing{&self, &made, &faster}, 1};
    self = &policies;
    const auto first = policies.at("a");
    CHECK(made == 2);
    CHECK(first == faster);
    CHECK(policies.at("a") == first);
    CHECK(policies.size() == 1);
}

TEST_CASE("keyed: a capacity of nothing is refused in a sentence") {
    std::vector<std::string> made;
    CHECK_THROWS_MATCHES(
        (keyed_by<outlast::no_lock, std::string>(itself, makes_breakers{&made}, 0)),
        std::invalid_argument, Catch::Matchers::Message("keyed: capacity is 1 or more"));
}
