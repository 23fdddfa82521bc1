// SPDX-License-Identifier: BSL-1.0
//
// One policy a key, for any number of threads.
#ifndef OUTLAST_KEYED_HPP
#define OUTLAST_KEYED_HPP

#include <outlast/basic_keyed.hpp>
#include <outlast/threads.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace outlast {

/// `basic_keyed` for any number of threads, with keys of type `std::string` unless said otherwise.
template <class KeyOf, class Make, class Key = std::string>
class keyed : public basic_keyed<thread_lock, KeyOf, Make, Key> {
public:
    keyed(KeyOf key_of, Make make, std::size_t capacity = 1024)
        : basic_keyed<thread_lock, KeyOf, Make, Key>(std::move(key_of), std::move(make), capacity) {
    }
};

} // namespace outlast

#endif // OUTLAST_KEYED_HPP
