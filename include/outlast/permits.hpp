// SPDX-License-Identifier: BSL-1.0
//
// So many permits at once, and a line of those who wait for one.
#ifndef OUTLAST_PERMITS_HPP
#define OUTLAST_PERMITS_HPP

#include <outlast/atomic_word.hpp>
#include <outlast/config.hpp>
#include <outlast/guarded.hpp>
#include <outlast/permit.hpp>
#include <outlast/step.hpp>

#include <cstdint>
#include <utility> // std::exchange

namespace outlast {

/// A permit that comes back goes to whoever waits longest, and to nobody else: while somebody waits,
/// none can be taken. While nobody does, taking one and giving it back is one change of a word.
///
/// Nothing is allocated: a seat lives in its call, and the line links seats.
template <class Lock>
class permits {
public:
    class seat;
    static constexpr std::uint32_t most = 1'000'000'000;

    /// \pre limit <= most
    constexpr explicit permits(std::uint32_t limit) noexcept : word_(word{limit}) {}
    permits(const permits&) = delete;
    permits& operator=(const permits&) = delete;

    [[nodiscard]] constexpr std::uint32_t limit() const noexcept { return word_.load().limit(); }
    /// How many are out; more than the limit after that became smaller.
    [[nodiscard]] constexpr std::uint32_t out() const noexcept { return word_.load().out(); }
    [[nodiscard]] constexpr std::uint32_t waiting() {
        return line_.with([](const line& l) { return l.length; });
    }

    /// Another limit. What is more than the old one goes to those who wait; what is less is missing
    /// only as permits come back. \pre limit <= most
    constexpr void resize(std::uint32_t limit) {
        line_.with([&](line& l) {
            word_.change([&](word& w) {
                w.set_limit(limit);
                return true;
            });
            hand_out(l);
        });
    }

    // For permits that left their seat.
    constexpr void give_back(ticket) noexcept {
        if (word_.change([](word& w) { return !w.awaited() && (w.drop(), true); }))
            return;
        line_.with([&](line& l) { // whoever waited may have left by now
            word_.change([](word& w) { return w.drop(), true; });
            hand_out(l);
        });
    }

private:
    // The limit, how many are out, and whether somebody is in the line; one number, so that it is
    // read and written in one piece.
    class word {
    public:
        constexpr explicit word(std::uint32_t limit) noexcept
            : bits_(std::uint64_t{limit} << 32U) {}

        [[nodiscard]] constexpr std::uint32_t limit() const noexcept {
            return static_cast<std::uint32_t>(bits_ >> 32U);
        }
        [[nodiscard]] constexpr std::uint32_t out() const noexcept {
            return static_cast<std::uint32_t>(bits_) >> 1U;
        }
        [[nodiscard]] constexpr bool awaited() const noexcept { return (bits_ & 1U) != 0; }
        [[nodiscard]] constexpr bool free() const noexcept { return out() < limit(); }
        constexpr void take() noexcept { bits_ += 2; }
        constexpr void drop() noexcept { bits_ -= 2; }
        constexpr void set_awaited(bool yes) noexcept {
            bits_ = (bits_ & ~std::uint64_t{1}) | std::uint64_t{yes};
        }
        constexpr void set_limit(std::uint32_t limit) noexcept {
            bits_ = (bits_ & UINT32_MAX) | std::uint64_t{limit} << 32U;
        }

    private:
        std::uint64_t bits_;
    };
    struct line {
        seat* first = nullptr;
        seat* last = nullptr;
        std::uint32_t length = 0;
    };

    OUTLAST_INLINE constexpr bool take() noexcept {
        return word_.change([](word& w) { return !w.awaited() && w.free() && (w.take(), true); });
    }

    // ---- under the line's lock

    constexpr void hand_out(line& l) noexcept {
        while (l.first != nullptr &&
               word_.change([](word& w) { return w.free() && (w.take(), true); }))
            l.first->granted(l);
        say_whether_awaited(l);
    }

    constexpr void say_whether_awaited(const line& l) noexcept {
        const bool awaited = l.first != nullptr;
        word_.change(
            [&](word& w) { return w.awaited() != awaited && (w.set_awaited(awaited), true); });
    }

    atomic_word<word, Lock> word_;
    guarded<line, Lock> line_{};
};

/// One call's place. All functions are called by the thread that runs the call; what other calls do
/// to a seat happens under the line's lock. The permits outlive their seats.
template <class Lock>
class permits<Lock>::seat {
public:
    constexpr seat() noexcept = default;
    constexpr seat([[maybe_unused]] seat&& empty) noexcept {
        OUTLAST_ASSERT(empty.home_ == nullptr);
    }
    seat& operator=(seat&&) = delete;
    OUTLAST_INLINE constexpr ~seat() { leave(); }

    /// Takes a permit, if there is one and nobody waits for it.
    OUTLAST_INLINE constexpr bool take(permits& home) noexcept {
        leave();
        if (!home.take())
            return false;
        home_ = &home;
        return true;
    }

    /// Takes a permit, or the last place in the line. False: that has as many as it may.
    /// \param wake called, any thread, when the permit is there
    constexpr bool join(permits& home, waker& wake, std::uint32_t longest) {
        leave();
        return home.line_.with([&](line& l) {
            const bool may_wait = l.length < longest;
            bool taken = false;
            if (!home.word_.change([&](word& w) {
                    taken = !w.awaited() && w.free();
                    taken ? w.take() : w.set_awaited(true);
                    return taken || may_wait;
                }))
                return false;
            home_ = &home;
            if (!taken)
                append(l, wake);
            return true;
        });
    }

    /// Whether it holds a permit by now.
    [[nodiscard]] constexpr bool look() {
        if (waits_)
            waits_ = home_->line_.with([&](const line&) { return linked_; });
        return holds();
    }

    /// The same, as far as this thread knows.
    [[nodiscard]] OUTLAST_INLINE constexpr bool holds() const noexcept {
        return home_ != nullptr && !waits_;
    }

    /// Gives up the permit, or the place in the line.
    OUTLAST_INLINE constexpr void leave() noexcept {
        if (home_ != nullptr)
            part();
    }

    /// The permit goes on without the call; empty if there is none.
    [[nodiscard]] constexpr permit<permits> part_with() noexcept {
        if (!look())
            return {};
        return {*std::exchange(home_, nullptr), ticket{}};
    }

private:
    friend permits;

    constexpr void part() noexcept {
        permits& home = *home_;
        const bool left = waits_ && home.line_.with([&](line& l) {
            if (!linked_)
                return false;
            unlink(l);
            home.say_whether_awaited(l);
            return true;
        });
        home_ = nullptr;
        waits_ = false;
        if (!left)
            home.give_back({});
    }

    constexpr void append(line& l, waker& wake) noexcept {
        wake_ = &wake;
        waits_ = linked_ = true;
        before_ = std::exchange(l.last, this);
        (before_ == nullptr ? l.first : before_->behind_) = this;
        ++l.length;
    }

    constexpr void unlink(line& l) noexcept {
        (before_ == nullptr ? l.first : before_->behind_) = behind_;
        (behind_ == nullptr ? l.last : behind_->before_) = before_;
        before_ = behind_ = nullptr;
        linked_ = false;
        --l.length;
    }

    // By another call: from here on this seat holds a permit.
    constexpr void granted(line& l) noexcept {
        waker& wake = *wake_;
        unlink(l);
        wake.wake();
    }

    permits* home_ = nullptr; // null: it neither holds nor waits
    bool waits_ = false;      // or did when it was last looked at
    // The line's lock guards these as long as `waits_`.
    bool linked_ = false;
    waker* wake_ = nullptr;
    seat* before_ = nullptr;
    seat* behind_ = nullptr;
};

} // namespace outlast

#endif // OUTLAST_PERMITS_HPP
