// SPDX-License-Identifier: BSL-1.0
//
// A callable behind four policies: what comes back, and what a failure says.
#include <outlast/outlast.hpp>

#include <functional>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using namespace outlast::literals;

int main() {
    // What several calls share is a variable of its own, handed to pipelines by reference.
    outlast::circuit_breaker breaker{
        {.failure_ratio = 50_percent, .window = 20, .open_for = 10s, .name = "users"}};

    // Outermost first.
    outlast::pipeline guarded{
        outlast::timeout{3s}, // the whole call
        outlast::retry{{.max_attempts = 3, .backoff = outlast::exponential(5ms)}},
        std::ref(breaker),     // sees every attempt
        outlast::timeout{1s}}; // each attempt

    // A callable returns a result, an optional, an error code, a plain value, or throws. If it takes
    // an outlast::call& first, it is told which attempt this is and how much time is left.
    auto fetch = [](outlast::call& c, int id) -> outlast::result<std::string> {
        if (c.attempt() < 3)
            return std::make_error_code(std::errc::connection_refused);
        return "user " + std::to_string(id) + " at attempt " + std::to_string(c.attempt());
    };
    std::cout << guarded(fetch, 7).value() << '\n';

    auto down = [](int) -> outlast::result<std::string> {
        return std::make_error_code(std::errc::connection_refused);
    };
    for (int i = 0; i != 4; ++i) {
        const outlast::result<std::string> r = guarded(down, 7);
        if (r.error().why() == outlast::refusal::circuit_open)
            std::cout << "refused after " << r.error().attempts()
                      << " attempts: " << r.error().facts().failed << " of the last "
                      << r.error().facts().recorded << " calls failed\n";
        else
            std::cout << r.error().message() << '\n';
    }

    // A callable over a callable, for code that knows nothing of policies.
    auto safe_fetch = guarded.over(fetch);
    std::cout << (safe_fetch(8).has_value() ? "user" : "the breaker is open") << '\n';
}

// user 7 at attempt 3
// Connection refused (after 3 attempts)
// Connection refused (after 3 attempts)
// refused after 1 attempts: 9 of the last 10 calls failed
// refused after 0 attempts: 9 of the last 10 calls failed
// the breaker is open
