// SPDX-License-Identifier: BSL-1.0
#include "log.hpp"

#include <boost/json/serialize.hpp>

#include <chrono>
#include <ctime>
#include <iomanip>
#include <sstream>

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

} // namespace

void log::line(std::string_view level, std::string_view what, boost::json::object more) {
    boost::json::object all{{"time", time_now()}, {"level", level}, {"event", what}};
    for (auto& [key, value] : more)
        all[key] = std::move(value);
    into_ << boost::json::serialize(all) << '\n' << std::flush;
}

} // namespace gateway
