// SPDX-License-Identifier: BSL-1.0
//
// The shared policies, handed the lock that threads need.
#ifndef OUTLAST_THREADS_HPP
#define OUTLAST_THREADS_HPP

#include <outlast/circuit_breaker.hpp>
#include <outlast/thread_lock.hpp>

namespace outlast {

/// A circuit breaker that any number of threads may use at once.
using circuit_breaker = basic_circuit_breaker<thread_lock>;

// Declared only: a program that uses one of these includes its header.
template <class Lock>
class basic_bulkhead;
template <class Lock>
class basic_hedge;

/// A bulkhead that any number of threads may use at once. Its header is bulkhead.hpp.
using bulkhead = basic_bulkhead<thread_lock>;
/// A hedge that any number of threads may use at once. Its header is hedge.hpp.
using hedge = basic_hedge<thread_lock>;

} // namespace outlast

#endif // OUTLAST_THREADS_HPP
