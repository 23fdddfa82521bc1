// SPDX-License-Identifier: BSL-1.0
//
// Shared state behind a lock that the user chooses.
#ifndef OUTLAST_GUARDED_HPP
#define OUTLAST_GUARDED_HPP

#include <concepts>
#include <utility> // std::forward

namespace outlast {

/// The lock of what is never shared between threads: one event loop, one strand, a simulation.
struct no_lock {
    constexpr void lock() noexcept {}
    constexpr void unlock() noexcept {}
};

/// State that can be touched only under its lock. `Lock` is any BasicLockable: `std::mutex` where
/// threads share (threads.hpp hands it in), `no_lock` where they do not.
template <class State, class Lock>
class guarded {
public:
    template <class... A>
        requires std::constructible_from<State, A...>
    constexpr explicit guarded(A&&... state) : state_(std::forward<A>(state)...) {}

    guarded(const guarded&) = delete;
    guarded& operator=(const guarded&) = delete;

    /// `use(state)` under the lock. `use` is the library's own: it never calls what a user wrote.
    template <class F>
    constexpr decltype(auto) with(F&& use) {
        const held h{lock_};
        return std::forward<F>(use)(state_);
    }

private:
    struct held {
        Lock& lock;
        constexpr explicit held(Lock& l) : lock(l) { lock.lock(); }
        constexpr ~held() { lock.unlock(); }
        held(const held&) = delete;
        held& operator=(const held&) = delete;
    };

    [[no_unique_address]] Lock lock_{};
    State state_;
};

} // namespace outlast

#endif // OUTLAST_GUARDED_HPP
