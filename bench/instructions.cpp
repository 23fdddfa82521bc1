// SPDX-License-Identifier: BSL-1.0
//
// `instructions SUBJECT TIMES`: calls it so often, for a tool that counts instructions. The
// difference of two runs is free of what happens once. The clock costs one load.
#include "subjects.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using bench::still;

volatile int kept = 0;

template <class F>
int repeat(long times, F f) {
    f(); // what happens once, happens in both runs
    for (long i = 0; i != times; ++i)
        kept = f();
    return 0;
}

template <class Pipeline>
int repeat_through(long times, Pipeline& p) {
    return repeat(times, [&p] {
        const auto r = outlast::run<still>(p, bench::call_work, 7);
        return r.has_value() ? r.assume_value() : -1;
    });
}

} // namespace

int main(int count, char** arguments) {
    const std::string_view subject = count == 3 ? arguments[1] : "";
    const long times = count == 3 ? std::atol(arguments[2]) : 0;
    if (subject == "call")
        return repeat(times, [] { return bench::call_work(7); });
    if (subject == "composed")
        return repeat_through(times, bench::composed);
    if (subject == "composed_window")
        return repeat_through(times, bench::composed_window);
    if (subject == "composed_timeless")
        return repeat_through(times, bench::composed_timeless);
    if (subject == "rejected") {
        bench::open_the_breaker<still>();
        return repeat_through(times, bench::refused);
    }
    std::fputs(
        "usage: instructions call|composed|composed_window|composed_timeless|rejected TIMES\n",
        stderr);
    return 2;
}
