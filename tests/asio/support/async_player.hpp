// SPDX-License-Identifier: BSL-1.0
//
// The callable of a script, on a loop.
#ifndef OUTLAST_TESTS_ASIO_SUPPORT_ASYNC_PLAYER_HPP
#define OUTLAST_TESTS_ASIO_SUPPORT_ASYNC_PLAYER_HPP

#include "asio/support/virtual_loop.hpp"
#include "support/recorded.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace outlast_tests {

/// A `player` that takes its time on a loop.
struct async_player {
    virtual_loop* loop;
    const std::vector<line>* lines;
    std::shared_ptr<int> alive{}; ///< shared by all of them

    template <class Token>
    auto operator()(outlast::call& c, Token&& token) const {
        outlast::duration takes{};
        outlast::result<int> r = player{*lines, [&](outlast::duration d) { takes = d; }}(c);
        return loop->after<void(outlast::result<int>)>(takes, std::forward<Token>(token),
                                                       std::move(r));
    }
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_ASIO_SUPPORT_ASYNC_PLAYER_HPP
