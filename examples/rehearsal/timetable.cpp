// SPDX-License-Identifier: BSL-1.0
#include "timetable.hpp"

#include <time.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <utility>

namespace rehearsal {

namespace {

sigset_t endings() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void sleep_until(steady::time_point until) {
    using namespace std::chrono;
    const sigset_t set = endings();
    auto left = until - steady::now();
    do {
        const auto nanos = std::max(duration_cast<nanoseconds>(left), 0ns);
        const timespec span{static_cast<time_t>(duration_cast<seconds>(nanos).count()),
                            static_cast<long>((nanos % 1s).count())};
        if (const int signal = sigtimedwait(&set, nullptr, &span); signal > 0) {
            throw interrupted{signal};
        }
        left = until - steady::now();
    } while (left > left.zero());
}

} // namespace

void hold_interruptions() {
    const sigset_t set = endings();
    sigprocmask(SIG_BLOCK, &set, nullptr);
}

void timetable::at(std::chrono::duration<double> after_start, std::function<void()> action) {
    actions_.emplace(after_start, std::move(action));
}

void timetable::run(steady::time_point start) {
    for (const auto& [when, action] : actions_) {
        sleep_until(start + std::chrono::duration_cast<steady::duration>(when));
        action();
    }
}

} // namespace rehearsal
