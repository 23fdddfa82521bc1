// SPDX-License-Identifier: BSL-1.0
//
// The shared policies, handed the lock that threads need.
#ifndef OUTLAST_THREADS_HPP
#define OUTLAST_THREADS_HPP

#include <outlast/circuit_breaker.hpp>
#include <outlast/keyed.hpp>

#include <mutex>
#include <string>
#include <utility>

namespace outlast {

/// A circuit breaker that any number of threads may use at once.
using circuit_breaker = basic_circuit_breaker<std::mutex>;

/// `basic_keyed` for any number of threads, with keys of type `std::string` unless said otherwise.
template <class KeyOf, class Make, class Key = std::string>
class keyed : public basic_keyed<std::mutex, KeyOf, Make, Key> {
public:
    keyed(KeyOf key_of, Make make, std::size_t capacity = 1024)
        : basic_keyed<std::mutex, KeyOf, Make, Key>(std::move(key_of), std::move(make), capacity) {}
};

} // namespace outlast

#endif // OUTLAST_THREADS_HPP
