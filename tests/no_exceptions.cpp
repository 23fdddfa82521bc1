// SPDX-License-Identifier: BSL-1.0
//
// Policies made, composed and called with -fno-exceptions.
#include <outlast/outlast.hpp>

#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>

#if OUTLAST_EXCEPTIONS
#error "this program is to be compiled with -fno-exceptions"
#endif

using namespace std::chrono_literals;
using outlast::result;

// What config.hpp asks of such a program.
void boost::throw_exception(const std::exception&, const boost::source_location&) { std::abort(); }

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
}

// retry: max_attempts counts the first attempt too: 1 or more
// user 7 at attempt 3
// circuit open for users: 3 of the last 4 calls failed (last: Connection refused); next probe in 10 min
