// SPDX-License-Identifier: BSL-1.0
//
// The operations of an asynchronous store, as callables that a driver begins.
#ifndef OUTLAST_CACHE_LATER_HPP
#define OUTLAST_CACHE_LATER_HPP

#include <outlast/store.hpp>

#include <optional>
#include <system_error>
#include <utility>

namespace outlast::detail {

/// What they have in common: the store, and a key of their own, as they may outlast the call.
template <class Store>
struct of_store {
    Store* store;
    typename Store::key_type key;
};

template <class Store>
struct finding : of_store<Store> {
    template <class Token>
        requires store_takes_token<Store>
    auto operator()(Token&& token) {
        return this->store->async_find(this->key, std::forward<Token>(token));
    }
    auto operator()()
        requires(!store_takes_token<Store>)
    {
        return this->store->async_find(this->key);
    }
};

template <class Store>
struct putting : of_store<Store> {
    entry<typename Store::value_type> what;

    template <class Token>
        requires store_takes_token<Store>
    auto operator()(Token&& token) {
        return this->store->async_put(this->key, what, std::forward<Token>(token));
    }
    auto operator()()
        requires(!store_takes_token<Store>)
    {
        return this->store->async_put(this->key, what);
    }
};

template <class Store>
struct erasing : of_store<Store> {
    template <class Token>
        requires store_takes_token<Store>
    auto operator()(Token&& token) {
        return this->store->async_erase(this->key, std::forward<Token>(token));
    }
    auto operator()()
        requires(!store_takes_token<Store>)
    {
        return this->store->async_erase(this->key);
    }
};

/// What a lookup came to. \return whether the store did what it was asked
/// \tparam Result a result of an entry, or of an optional one
template <class T, class Result>
bool found_in(Result&& r, std::optional<entry<T>>& found) {
    if (!r)
        return r.error().code() == std::errc::no_message_available;
    found = std::move(r).value();
    return true;
}

} // namespace outlast::detail

#endif // OUTLAST_CACHE_LATER_HPP
