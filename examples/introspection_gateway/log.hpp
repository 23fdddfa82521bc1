// SPDX-License-Identifier: BSL-1.0
//
// What the gateway writes: one JSON object a line, without tokens.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace gateway {

/// Never waits for whoever reads it: a line that would have to wait is lost and counted, and the next one that can be
/// written is preceded by one that tells how many were (`log_lines_lost`).
/// **Sharing** by one thread.
class log {
public:
    /// \param into a file descriptor, which outlives it. No other thread or process writes much there: a pipe that
    /// somebody else fills up between a look and a line is waited for.
    explicit log(int into) : into_(into) {}

    /// \param what happened, in snake_case. Whoever adds `more` answers for it: no token, no secret, no body.
    void line(std::string_view level, std::string_view what, boost::json::object more = {});

    /// Of its whole life.
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

private:
    [[nodiscard]] bool write(const std::string& text) const noexcept;

    int into_;
    std::uint64_t lost_ = 0;
    std::uint64_t told_ = 0; // of the lost ones
};

} // namespace gateway
