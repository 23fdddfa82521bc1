// SPDX-License-Identifier: BSL-1.0
//
// Runs one step of an exchange to its end, on the thread of the test.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_ON_LANE_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_ON_LANE_HPP

#include "outlast/http/phase_timer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace outlast_tests {

inline std::shared_ptr<outlast::http::phase_timer> timer_in(boost::asio::io_context& io) {
    return std::make_shared<outlast::http::phase_timer>(
        boost::asio::make_strand(boost::asio::any_io_executor{io.get_executor()}));
}

/// Begins `step(timer)`. What it gives is in the place returned when the context has run.
template <class Step>
auto begin_on_lane(std::shared_ptr<outlast::http::phase_timer> own, Step step) {
    using value = typename decltype(step(*own))::value_type;
    auto got = std::make_shared<std::optional<value>>();
    auto whole = [](Step does, std::shared_ptr<outlast::http::phase_timer> a,
                    std::shared_ptr<std::optional<value>> place) -> outlast::http::task<void> {
        place->emplace(co_await does(*a));
    };
    const auto lane = own->where();
    boost::asio::co_spawn(lane, whole(std::move(step), own, got), [own](std::exception_ptr error) {
        own->stand_down();
        if (error)
            std::rethrow_exception(error);
    });
    return got;
}

/// The same, to its end.
template <class Step>
auto run_on_lane(boost::asio::io_context& io,
                 std::shared_ptr<outlast::http::phase_timer> own,
                 Step step) {
    auto got = begin_on_lane(std::move(own), std::move(step));
    io.restart();
    io.run();
    return std::move(got->value());
}

template <class Step>
auto run_on_lane(boost::asio::io_context& io, Step step) {
    return run_on_lane(io, timer_in(io), std::move(step));
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_HTTP_SUPPORT_ON_LANE_HPP
