// SPDX-License-Identifier: BSL-1.0
//
// Policies made, composed and called with -fno-exceptions.
#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/failover.hpp>
#include <outlast/hedge.hpp>
#include <outlast/keyed.hpp>
#include <outlast/late_value.hpp>
#include <outlast/outlast.hpp>
#include <outlast/simulate.hpp>

#include <cstddef>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#if OUTLAST_EXCEPTIONS
#error "this program is to be compiled with -fno-exceptions"
#endif

using namespace std::chrono_literals;
using outlast::result;

// What config.hpp asks of such a program.
void boost::throw_exception(const std::exception&, const boost::source_location&) { std::abort(); }

// Every other policy, by `make`: those that are to be refused say why, the others work.
void others() {
    using namespace outlast;
    auto key_of = [](int n) { return n; };
    auto life = [](int) { return lifetime{.fresh_for = 1h}; };
    auto limit_of = [](int) { return 1h; };
    auto one = [](const std::string&) { return std::make_shared<circuit_breaker>(); };
    auto name_of = [](int) { return std::string{"a"}; };
    auto place_of = [at = std::size_t{0}](int) mutable -> std::size_t& { return at; };
    auto tell = []<class T>(const result<T>& made) {
        std::cout << (made ? "?" : made.error().message()) << '\n';
    };
    auto store = make<memory<int, int>>(memory_options<int>{.capacity = 4, .negative_capacity = 4});
    if (!store)
        return;
    tell(make<timeout>(0s));
    tell(make<timeout_by>(limit_of, timeout_options{.limit = -1s}));
    tell(make<cache_aside>(store.assume_value(), key_of, life, cache_aside_options{.wait = -1s}));
    tell(make<keyed>(name_of, one, std::size_t{0}));
    tell(make<bulkhead>(bulkhead_options{.queue = 1}));
    tell(make<hedge>(hedge_options{.idempotent = true, .max_lanes = 9}));
    tell(make<budget>(failure_tokens{.most = 0}));
    tell(make<outlast::pipeline>(timeout{1s}, timeout{2s}));

    auto instead = make<fallback>(-1, fallback_options{.name = "none"});
    auto remember = make<cache_aside>(store.assume_value(), key_of, life);
    auto shown = make<late_value>([](int) {});
    auto within = make<timeout_by>(limit_of);
    auto breakers = make<keyed>(name_of, one);
    auto door = make<bulkhead>(bulkhead_options{.permits = 1});
    if (!instead || !remember || !shown || !within || !breakers || !door)
        return;
    auto p = make<outlast::pipeline>(
        std::move(instead).assume_value(), std::ref(remember.assume_value()),
        std::move(shown).assume_value(), std::move(within).assume_value(),
        std::ref(breakers.assume_value()), std::ref(door.assume_value()));
    if (!p)
        return;
    int calls = 0;
    auto parse = [&calls](int n) -> result<int> {
        ++calls;
        if (n == 0)
            return std::make_error_code(std::errc::io_error);
        return n;
    };
    const int sum = p.assume_value()(parse, 3).value() + p.assume_value()(parse, 3).value() +
                    p.assume_value()(parse, 0).value();
    std::cout << sum << " in " << calls << " calls\n";

    // What only a simulation or an asynchronous driver can run.
    auto twice = make<hedge>(hedge_options{.idempotent = true, .delay = 50ms});
    std::vector<std::reference_wrapper<circuit_breaker>> none;
    tell(make<failover>(none, place_of));
    if (!twice)
        return;
    auto racing = make<outlast::pipeline>(std::ref(twice.assume_value()));
    simulation sim;
    auto& c = sim.call(racing.assume_value(), [&sim](call& self) {
        sim.spend(self.attempt() == 1 ? 9s : 20ms);
        return self.attempt();
    });
    sim.run();
    std::cout << c.result().value() << '\n';
}

int main() {
    auto wrong = outlast::make<outlast::retry>(outlast::retry_options{.max_attempts = 0});
    std::cout << wrong.error().message() << '\n';

    auto retry = outlast::make<outlast::retry>(
        outlast::retry_options{.max_attempts = 3, .backoff = outlast::constant(1ns)});
    auto breaker = outlast::make<outlast::circuit_breaker>(outlast::circuit_breaker_options{
        .window = 4, .open_for = 10min, .name = "users"}); // it does not move, and stays here
    if (!retry || !breaker)
        return 1;
    outlast::pipeline guarded{outlast::timeout{1h}, std::move(retry).assume_value(),
                              std::ref(breaker.assume_value())};

    auto fetch = [](outlast::call& c, int id) -> result<std::string> {
        if (c.attempt() < 3)
            return std::make_error_code(std::errc::connection_refused);
        return "user " + std::to_string(id) + " at attempt " + std::to_string(c.attempt());
    };
    std::cout << guarded(fetch, 7).value() << '\n';

    auto down = [](int) -> result<std::string> {
        return std::make_error_code(std::errc::connection_refused);
    };
    (void)guarded(down, 7);
    std::cout << guarded(down, 7).error().message() << '\n';
    others();
}

// retry: max_attempts counts the first attempt too: 1 or more
// user 7 at attempt 3
// circuit open for users: 3 of the last 4 calls failed (last: Connection refused); next probe in 10 min
// timeout: a limit of zero or less fails every call; write no_limit for none
// timeout: a limit of zero or less fails every call; write no_limit for none
// cache_aside: stale_wait and wait are not negative
// keyed: capacity is 1 or more
// bulkhead: queue says how many calls may wait, and wait how long: set both or neither
// hedge: max_lanes counts the first call too: 1 to 4
// budget: from 1 to 1000000000 tokens
// pipeline: a timeout stands outside a longer one, which never fires: put the longer one outside, or make the inner one shorter
// 5 in 2 calls
// failover: there is one target or more
// 2
