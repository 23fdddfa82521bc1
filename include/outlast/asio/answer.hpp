// SPDX-License-Identifier: BSL-1.0
//
// A handler with what it is to be called with.
#ifndef OUTLAST_ASIO_ANSWER_HPP
#define OUTLAST_ASIO_ANSWER_HPP

#include <boost/asio/associated_allocator.hpp>

#include <utility>

namespace outlast::detail {

/// What a caller is told. Called once.
template <class Handler, class Result>
struct answer {
    Result what;
    Handler handler;

    /// Where it is posted: the handler's.
    using allocator_type = boost::asio::associated_allocator_t<Handler>;
    [[nodiscard]] allocator_type get_allocator() const noexcept {
        return boost::asio::get_associated_allocator(handler);
    }
    void operator()() { std::move(handler)(std::move(what)); }
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_ANSWER_HPP
