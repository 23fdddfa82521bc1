// SPDX-License-Identifier: BSL-1.0
#include "log.hpp"

#include <boost/json/serialize.hpp>

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstddef>
#include <ctime>
#include <iomanip>
#include <sstream>
#include <utility>

namespace gateway {

namespace {

std::string time_now() {
    using namespace std::chrono;
    const auto now = system_clock::now();
    const std::time_t second = system_clock::to_time_t(floor<seconds>(now));
    std::tm utc{};
    ::gmtime_r(&second, &utc);
    std::ostringstream text;
    text << std::put_time(&utc, "%FT%T") << '.' << std::setw(3) << std::setfill('0')
         << duration_cast<milliseconds>(now - floor<seconds>(now)).count() << 'Z';
    return text.str();
}

// A pipe that is ready takes as much in one piece, and without waiting (POSIX: write, PIPE_BUF).
constexpr std::size_t longest = PIPE_BUF;

std::string text_of(std::string_view level, std::string_view what, boost::json::object more) {
    boost::json::object all{{"time", time_now()}, {"level", level}, {"event", what}};
    for (auto& [key, value] : more)
        all[key] = std::move(value);
    return boost::json::serialize(all) + '\n';
}

} // namespace

void log::line(std::string_view level, std::string_view what, boost::json::object more) {
    if (lost_ != told_ && write(text_of("warning", "log_lines_lost", {{"lines", lost_ - told_}})))
        told_ = lost_;
    std::string text = text_of(level, what, std::move(more));
    if (text.size() > longest)
        text = text_of(level, what, {{"bytes_left_out", text.size()}});
    if (!write(text))
        ++lost_;
}

bool log::write(const std::string& text) const noexcept {
    pollfd ready{.fd = into_, .events = POLLOUT, .revents = 0};
    return ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0 &&
           ::write(into_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

} // namespace gateway
