// SPDX-License-Identifier: BSL-1.0
//
// A cache that stands in for a server that is away, rehearsed in virtual time: ten minutes pass in
// no time, and every run prints the same.
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>
#include <outlast/simulate.hpp>

#include <functional>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

int main() {
    outlast::memory<int, std::string> store{{.capacity = 1000}};
    outlast::cache_aside remembered{store, [](int id) { return id; }, // the key of a call
                                    [](const std::string&) { // how long its value may be used
                                        return outlast::lifetime{.fresh_for = 60s,
                                                                 .stale_for = 300s};
                                    }};
    outlast::circuit_breaker breaker{{.window = 4, .open_for = 30s, .name = "prices"}};
    outlast::pipeline guarded{std::ref(remembered), std::ref(breaker), outlast::timeout{250ms}};

    outlast::simulation world;
    bool away = false;
    int calls = 0;
    auto price_of = [&](int id) {
        ++calls;
        world.spend(away ? outlast::forever : 20ms); // away: hangs until it is told to stop
        return "price of " + std::to_string(id);
    };
    auto ask = [&](int id) {
        auto& c = world.call(guarded, price_of, id);
        world.run();
        const auto second = std::chrono::floor<std::chrono::seconds>(world.time());
        std::cout << second.time_since_epoch().count() << " s: ";
        if (c.result()) {
            const char* how[] = {"live", "cached", "stale", "fallback"};
            std::cout << c.result().value() << ", " << how[static_cast<int>(c.facts().how)];
        } else {
            std::cout << c.result().error().message();
        }
        std::cout << " (" << calls << " calls)\n";
    };

    ask(1);
    world.advance(30s);
    ask(1); // fresh: the server is not asked
    away = true;
    world.advance(60s);
    for (int i = 0; i != 5; ++i)
        ask(1); // stale: asked in vain, until the breaker opens
    ask(2);     // not known, and nobody to ask
    away = false;
    world.advance(30s);
    ask(2); // the probe finds the server back
    ask(1);
}

// 0 s: price of 1, live (1 calls)
// 30 s: price of 1, cached (1 calls)
// 90 s: price of 1, stale (2 calls)
// 90 s: price of 1, stale (3 calls)
// 90 s: price of 1, stale (4 calls)
// 90 s: price of 1, stale (4 calls)
// 90 s: price of 1, stale (4 calls)
// 90 s: circuit open for prices: 3 of the last 4 calls failed (last: timed out); next probe in 30 s (4 calls)
// 120 s: price of 2, live (5 calls)
// 120 s: price of 1, live (6 calls)
