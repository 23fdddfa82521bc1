// SPDX-License-Identifier: BSL-1.0
//
// What happens when: a list of moments and actions, carried out in order by the main thread.
#pragma once

#include "token_book.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>

namespace rehearsal {

/// SIGINT or SIGTERM came; both are blocked and taken by timetable::run.
struct interrupted : std::runtime_error {
    explicit interrupted(int s) : std::runtime_error{"interrupted"}, signal{s} {}
    int signal;
};

/// Blocks the two in this thread and those it starts.
void hold_interruptions();

class timetable {
public:
    /// At the same moment, what was added first comes first.
    void at(std::chrono::duration<double> after_start, std::function<void()> action);

    /// Throws interrupted.
    void run(steady::time_point start);

private:
    std::multimap<std::chrono::duration<double>, std::function<void()>> actions_;
};

} // namespace rehearsal
