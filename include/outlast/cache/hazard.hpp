// SPDX-License-Identifier: BSL-1.0
//
// What is being read without a lock, so that nobody destroys it meanwhile.
#ifndef OUTLAST_CACHE_HAZARD_HPP
#define OUTLAST_CACHE_HAZARD_HPP

#include <array>
#include <atomic>
#include <cstddef>

namespace outlast {

/// Holds one address for the time of a read: a hazard pointer (Michael, "Hazard pointers: safe
/// memory reclamation for lock-free objects", 2004). Whoever takes an object out of reach asks
/// `is_held` before it destroys it; a reader that stalls keeps what it holds, and nothing else.
///
///     hazard reading;
///     const node* n = shared.load();
///     if (reading.hold(n) && shared.load() == n)   // both sequentially consistent
///         use(*n);                                 // until `reading` goes
///
/// **Cost** one store to a line of this thread's own, with a fence. The first of a thread may
/// allocate that line; lines are used again by later threads and never freed. `is_held` looks at
/// the line of each thread that reads or has read.
/// \tparam Threads false: readers and writers are one thread, and nothing needs a fence
template <bool Threads = true>
class hazard {
public:
    /// How many a thread may have at once: a read inside a read inside a read.
    static constexpr std::size_t depth = 6;

    hazard() : line_(here()) {
        if (line_->used < depth)
            cell_ = &line_->cells[line_->used];
        ++line_->used;
    }
    hazard(const hazard&) = delete;
    hazard& operator=(const hazard&) = delete;
    ~hazard() {
        if (cell_ != nullptr)
            cell_->store(nullptr, std::memory_order_release);
        if (--line_->used == 0 && over)
            give_back();
    }

    /// Holds this address in the place of the one before. It is safe if it can still be reached
    /// after this. False: this thread reads at too many depths at once.
    [[nodiscard]] bool hold(const void* address) noexcept {
        if (cell_ == nullptr)
            return false;
        cell_->store(address, Threads ? std::memory_order_seq_cst : std::memory_order_relaxed);
        return true;
    }

    /// Whether anybody holds it. Asked after it was taken out of reach, a no is for good.
    [[nodiscard]] static bool is_held(const void* address) noexcept {
        for (line* l = lines.load(std::memory_order_seq_cst); l != nullptr; l = l->next)
            for (const auto& cell : l->cells)
                if (cell.load(std::memory_order_seq_cst) == address)
                    return true;
        return false;
    }

private:
    struct alignas(64) line {
        std::array<std::atomic<const void*>, depth> cells{};
        line* next = nullptr; // for good, from when it can be reached
        unsigned used = 0;    // the thread's own
        std::atomic<bool> taken = true;
    };

    // Gives the line back when its thread ends.
    struct lease {
        ~lease() {
            give_back();
            over = true; // objects that go later may read: each time on a line for that time
        }
    };

    static void give_back() noexcept {
        mine->taken.store(false, std::memory_order_release);
        mine = nullptr;
    }

    static line* here() {
        if (mine == nullptr) {
            mine = free_line();
            if (over)
                return mine;
            thread_local const lease until_the_thread_ends;
            (void)until_the_thread_ends;
        }
        return mine;
    }

    static line* free_line() {
        for (line* l = lines.load(std::memory_order_acquire); l != nullptr; l = l->next)
            if (!l->taken.load(std::memory_order_relaxed) &&
                !l->taken.exchange(true, std::memory_order_acquire))
                return l;
        auto* const made = new line;
        made->next = lines.load(std::memory_order_relaxed);
        while (!lines.compare_exchange_weak(made->next, made, std::memory_order_seq_cst)) {
        }
        return made;
    }

    static inline std::atomic<line*> lines{nullptr};
    static inline constinit thread_local line* mine = nullptr;
    static inline constinit thread_local bool over = false;

    line* line_;
    std::atomic<const void*>* cell_ = nullptr;
};

} // namespace outlast

#endif // OUTLAST_CACHE_HAZARD_HPP
