// SPDX-License-Identifier: BSL-1.0
//
// A store over a network, in virtual time.
#ifndef OUTLAST_TESTS_ASIO_SUPPORT_TOKEN_STORE_HPP
#define OUTLAST_TESTS_ASIO_SUPPORT_TOKEN_STORE_HPP

#include <outlast/store.hpp>

#include "asio/support/virtual_loop.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace outlast_tests {

/// What stores over a network do: each operation takes its time, on a machine of its own, where it
/// happens at the end of it; and may fail. The map outlives everything that is on its way.
struct far_away {
    virtual_loop* loop;
    outlast::duration takes = std::chrono::milliseconds{5};
    boost::system::error_code fails{};
    bool forgets = false; // its handlers
    std::map<int, outlast::entry<int>> map{};
    int finds = 0, puts = 0, erases = 0;

    template <class Signature, class Token, class Happens>
    auto begin(Token&& token, Happens happens) {
        return boost::asio::async_initiate<Token, Signature>(
            [this, happens](auto handler) {
                if (forgets)
                    return;
                auto kept = std::make_shared<decltype(handler)>(std::move(handler));
                loop->in(takes, [this, happens, kept] {
                    const auto executor = boost::asio::get_associated_executor(*kept);
                    boost::asio::dispatch(
                        executor, [this, happens, kept] { happens(fails, std::move(*kept)); });
                });
            },
            token);
    }
};

/// By completion token.
struct token_store : far_away {
    using key_type = int;
    using value_type = int;
    using lock_type = std::mutex;

    template <class Token>
    auto async_find(int key, Token&& token) {
        ++finds;
        return begin<void(boost::system::error_code, std::optional<outlast::entry<int>>)>(
            std::forward<Token>(token), [this, key](boost::system::error_code e, auto handler) {
                const auto it = map.find(key);
                std::move(handler)(e, it == map.end() ? std::nullopt : std::optional{it->second});
            });
    }
    template <class Token>
    auto async_put(int key, const outlast::entry<int>& e, Token&& token) {
        ++puts;
        return begin<void(boost::system::error_code)>(
            std::forward<Token>(token),
            [this, key, e](boost::system::error_code failed, auto handler) {
                if (!failed)
                    map.insert_or_assign(key, e);
                std::move(handler)(failed);
            });
    }
    template <class Token>
    auto async_erase(int key, Token&& token) {
        ++erases;
        return begin<void(boost::system::error_code)>(
            std::forward<Token>(token),
            [this, key](boost::system::error_code failed, auto handler) {
                if (!failed)
                    map.erase(key);
                std::move(handler)(failed);
            });
    }
};
} // namespace outlast_tests

#endif // OUTLAST_TESTS_ASIO_SUPPORT_TOKEN_STORE_HPP
