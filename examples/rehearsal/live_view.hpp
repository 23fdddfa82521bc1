// SPDX-License-Identifier: BSL-1.0
//
// What a person follows: one line a second, and a line whenever the server's state changes.
#pragma once

#include "tally.hpp"

#include <cstddef>
#include <ostream>
#include <string>

namespace rehearsal {

class live_view {
public:
    live_view(std::ostream& out, bool colours) : out_{out}, colours_{colours} {}

    struct row {
        std::size_t second = 0; ///< after the start
        std::string scene;
        both<bar> answers{}; ///< that came in this second
        both<std::uint64_t> calls{};
        std::string breaker;
    };

    void say(const std::string& line);
    void scene_begins(const scene& next);
    void show(const row& second);

private:
    [[nodiscard]] std::string painted(const std::string& line, const char* colour) const;
    [[nodiscard]] std::string cells(const bar& answers) const;

    std::ostream& out_;
    bool colours_;
    bool head_shown_ = false;
};

} // namespace rehearsal
