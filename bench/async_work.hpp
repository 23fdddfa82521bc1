// SPDX-License-Identifier: BSL-1.0
//
// Operations under Asio, and pipelines around them.
#ifndef OUTLAST_BENCH_ASYNC_WORK_HPP
#define OUTLAST_BENCH_ASYNC_WORK_HPP

#include <outlast/asio.hpp>

#include "subjects.hpp"

#include <boost/asio.hpp>

#include <functional>
#include <utility>

namespace bench {

inline outlast::circuit_breaker around_async{{.window = in_a_row(), .name = "async"}};
inline outlast::pipeline timed{outlast::timeout{250ms}};
inline outlast::pipeline guarded{outlast::retry{{.backoff = outlast::constant(0ms)}},
                                 std::ref(around_async), outlast::timeout{250ms}};

/// Ends in its initiation.
inline constexpr auto inline_work = [](auto token) {
    return boost::asio::async_initiate<decltype(token), void(boost::system::error_code, int)>(
        [](auto handler) { std::move(handler)(boost::system::error_code{}, work(7)); }, token);
};
/// Posts once, to the executor of its handler.
inline constexpr auto posting_work = [](auto token) {
    return boost::asio::async_initiate<decltype(token), void(boost::system::error_code, int)>(
        [](auto handler) {
            const auto executor = boost::asio::get_associated_executor(handler);
            boost::asio::post(executor, boost::asio::append(std::move(handler),
                                                            boost::system::error_code{}, work(7)));
        },
        token);
};

} // namespace bench

#endif // OUTLAST_BENCH_ASYNC_WORK_HPP
