// SPDX-License-Identifier: BSL-1.0
//
// One at a time, without a lock: who finds the place taken leaves what is to be done.
#ifndef OUTLAST_ASIO_TURNS_HPP
#define OUTLAST_ASIO_TURNS_HPP

#include <outlast/asio/share.hpp>
#include <outlast/config.hpp>

#include <boost/asio/post.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace outlast::detail {

/// Something that no other thread gives while this one lives.
[[nodiscard]] inline const void* this_thread() noexcept {
    static thread_local constinit char here = 0;
    return &here;
}

/// The queue of one call. Any thread may come with an item; the one that finds nobody inside is
/// inside until it has taken everything that was left meanwhile. First come, first served.
///
/// Shared by the call and what was given to the executors of its operations. With the last of them it is
/// not destroyed, but kept for a later call: so an executor, which is copied many times on the way of a
/// handler, needs no share. It has a ticket, which is not good for a later call.
class turns {
public:
    class ticket;
    struct item {
        item* next = nullptr;
        /// Does what is to be done; if not `wanted`, only frees what it holds.
        /// \param inside set to false by who leaves on the way, before anything can be thrown
        void (*run)(item&, bool wanted, bool& inside) = nullptr;
    };

    turns() noexcept = default;
    turns(const turns&) = delete;
    turns& operator=(const turns&) = delete;

    // --- for `share` ---

    void keep() noexcept { members_.fetch_add(1, std::memory_order_relaxed); }
    inline void release() noexcept;

    /// For whoever is outside of the call. By a member.
    [[nodiscard]] inline ticket show() noexcept;
    [[nodiscard]] bool shown() const noexcept { return shown_.load(std::memory_order_relaxed); }

    /// Of a queue that was never shown: the caller is inside at its end, and nothing was left nor will
    /// be. So it stays, for the next call.
    void end_inside() noexcept { entered_ = true; }

    /// True: the caller is inside.
    [[nodiscard]] bool enter() noexcept {
        item* nobody = nullptr;
        return left_.compare_exchange_strong(nobody, &inside_, std::memory_order_acquire,
                                             std::memory_order_relaxed);
    }

    /// True: the caller is inside, and is to run `i` itself. False: somebody else will.
    [[nodiscard]] bool enter_or_leave(item& i) noexcept {
        if (runs_here()) {
            item** last = &batch_;
            while (*last != nullptr)
                last = &(*last)->next;
            i.next = nullptr;
            *last = &i;
            return false;
        }
        item* seen = left_.load(std::memory_order_relaxed);
        for (;;) {
            if (seen == nullptr) {
                if (left_.compare_exchange_weak(seen, &inside_, std::memory_order_acquire,
                                                std::memory_order_relaxed))
                    return true;
            } else {
                i.next = seen == &inside_ ? nullptr : seen;
                if (left_.compare_exchange_weak(seen, &i, std::memory_order_release,
                                                std::memory_order_relaxed))
                    return false;
            }
        }
    }

    /// Whether this thread is inside by a function that it runs.
    [[nodiscard]] bool runs_here() const noexcept {
        return runner_.load(std::memory_order_relaxed) == this_thread();
    }
    /// Runs a function. \pre inside
    template <class F>
    void run(F& f) {
        const by_this_thread here{runner_};
        std::move(f)();
    }

    /// Does all that was left, here, and leaves. \pre inside
    template <class Executor>
    void work_off(const Executor& executor) {
        while (item* const i = next_or_leave()) {
            bool inside = true;
            try {
                i->run(*i, true, inside);
            } catch (...) { // a handler of the user's
                if (inside)
                    hand_on(executor);
                throw;
            }
            if (!inside)
                return;
        }
    }

    /// Leaves; what was left is done on the executor, later. \pre inside
    template <class Executor>
    void hand_on(const Executor& executor) {
        if (item* const i = next_or_leave()) {
            i->next = std::exchange(batch_, i);
            boost::asio::post(executor, later<Executor>{this, executor});
        }
    }

private:
    template <class Executor>
    struct later {
        turns* here;
        Executor executor;
        later(turns* h, const Executor& e) : here(h), executor(e) {}
        later(later&& other)
            : here(std::exchange(other.here, nullptr)), executor(std::move(other.executor)) {}
        ~later() { // never called: the context is gone
            bool inside = true;
            if (here != nullptr)
                while (item* const i = here->next_or_leave())
                    i->run(*i, false, inside);
        }
        void operator()() { std::exchange(here, nullptr)->work_off(executor); }
    };

    class by_this_thread {
    public:
        explicit by_this_thread(std::atomic<const void*>& runner) noexcept : runner_(runner) {
            runner_.store(this_thread(), std::memory_order_relaxed);
        }
        ~by_this_thread() { runner_.store(nullptr, std::memory_order_relaxed); }
        by_this_thread(const by_this_thread&) = delete;
        by_this_thread& operator=(const by_this_thread&) = delete;

    private:
        std::atomic<const void*>& runner_;
    };

    // The next one, or null: there was none, and the caller is outside now.
    item* next_or_leave() noexcept {
        if (batch_ == nullptr) {
            item* seen = &inside_;
            if (left_.compare_exchange_strong(seen, nullptr, std::memory_order_release,
                                              std::memory_order_relaxed))
                return nullptr;
            item* last = left_.exchange(&inside_, std::memory_order_acquire);
            while (last != nullptr) { // they lie the last one first
                item* const before = std::exchange(last->next, batch_);
                batch_ = last;
                last = before;
            }
        }
        return std::exchange(batch_, batch_->next);
    }

    // Disposed of before, and used again: by one member, and tickets of before are void.
    void revive() noexcept {
        const std::uint64_t before = members_.load(std::memory_order_relaxed);
        shown_.store(false, std::memory_order_relaxed);
        members_.store((before & ~most_members) + most_members + 2, std::memory_order_release);
    }

    // The lower bits count the members, the others the calls: a thread that did nothing else would make
    // them come round after days.
    static constexpr std::uint64_t most_members = (1u << 24) - 1;

    item inside_{};
    std::atomic<item*> left_{nullptr}; // null: nobody is inside; `inside_`: nothing was left
    item* batch_ = nullptr;            // of who is inside
    std::atomic<const void*> runner_{nullptr};
    std::atomic<std::uint64_t> members_{1};
    std::atomic<bool> shown_{false};

    friend class spare_turns;
    turns* spare_ = nullptr; // in a list of those that no call uses
    bool entered_ = false;   // in such a list, on behalf of the next call
};

/// Leads to the queue of a call while that has members.
class turns::ticket {
public:
    /// None when the call is over.
    [[nodiscard]] share<turns> join() const noexcept {
        std::uint64_t seen = queue_->members_.load(std::memory_order_relaxed);
        while ((seen & ~most_members) == call_ && (seen & most_members) != 0)
            if (queue_->members_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire,
                                                       std::memory_order_relaxed))
                return share<turns>{queue_};
        return {};
    }
    /// Whether this thread is inside by a function that it runs, of this call.
    [[nodiscard]] bool runs_here() const noexcept {
        return queue_->runs_here() &&
               (queue_->members_.load(std::memory_order_relaxed) & ~most_members) == call_;
    }
    friend bool operator==(const ticket&, const ticket&) = default;

private:
    friend class turns;
    ticket(turns* queue, std::uint64_t call) noexcept : queue_(queue), call_(call) {}

    turns* queue_;
    std::uint64_t call_;
};

turns::ticket turns::show() noexcept {
    if (!shown()) // by several at once, perhaps
        shown_.store(true, std::memory_order_relaxed);
    return {this, members_.load(std::memory_order_relaxed) & ~most_members};
}

/// Queues that no call uses: a few at hand for each thread, the others for all.
class spare_turns {
public:
    /// One that the caller is inside of, and has the only share in.
    [[nodiscard]] static share<turns> take() {
        if (here_.first == nullptr)
            refill();
        if (here_.first != nullptr) {
            turns& t = *std::exchange(here_.first, here_.first->spare_);
            --here_.count;
            if (std::exchange(t.entered_, false) || t.enter()) {
                t.revive();
                return share<turns>{&t};
            }
            give(t, all()); // whoever did its last step is about to leave
        }
        share<turns> made{new turns};
        (void)made->enter();
        return made;
    }
    static void give(turns& t) noexcept {
        if (here_.count >= here_.most && !open())
            return give(t, all());
        t.spare_ = std::exchange(here_.first, &t);
        ++here_.count;
    }

private:
    static constexpr int most = 64;
    struct at_hand {
        turns* first;
        int count;
        int most; // 0: not used yet, or not any more
        bool closed;
    };
    struct for_all {
        std::mutex lock;
        turns* first = nullptr;
    };
    struct closer {
        closer() noexcept = default;
        ~closer() {
            here_.closed = true;
            here_.most = 0;
            while (here_.first != nullptr)
                give(*std::exchange(here_.first, here_.first->spare_), all());
        }
    };

    // Whether there is room only now.
    OUTLAST_COLD static bool open() noexcept {
        if (here_.closed || here_.most != 0)
            return false;
        (void)&at_exit_;
        here_.most = most;
        return true;
    }
    static for_all& all() {
        static for_all* const ever = new for_all; // not destroyed before its last user
        return *ever;
    }
    static void give(turns& t, for_all& list) noexcept {
        const std::lock_guard hold{list.lock};
        t.spare_ = std::exchange(list.first, &t);
    }
    static void refill() {
        for_all& list = all();
        const std::lock_guard hold{list.lock};
        while (here_.count != most / 2 && list.first != nullptr) {
            turns* const t = std::exchange(list.first, list.first->spare_);
            t->spare_ = std::exchange(here_.first, t);
            ++here_.count;
        }
    }

    static inline thread_local constinit at_hand here_{};
    static inline thread_local closer at_exit_{};
};

void turns::release() noexcept {
    if (!shown()) // there is no other, and nobody can join
        members_.store(members_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
    else if ((members_.fetch_sub(1, std::memory_order_acq_rel) & most_members) != 1)
        return;
    spare_turns::give(*this);
}

} // namespace outlast::detail

#endif // OUTLAST_ASIO_TURNS_HPP
