// SPDX-License-Identifier: BSL-1.0
//
// Where the entry of a hash is: a table that is read without a lock.
#ifndef OUTLAST_CACHE_INDEX_HPP
#define OUTLAST_CACHE_INDEX_HPP

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace outlast {

/// From a tag (32 bits of a hash) to places (numbers from 1 on, of nodes kept elsewhere). Open
/// addressing with linear probing in a table of fixed size; a removal closes the gap, so that the
/// table stays as good as new. Any number of readers, one writer at a time.
///
/// A reader that has found nothing asks whether `version` is what it was before it looked; if not,
/// what it looked for may have moved past it.
/// \tparam Threads false: readers and writers are one thread, and nothing needs a fence
template <bool Threads = true>
class cache_index {
public:
    using tag = std::uint32_t;
    using place = std::uint32_t; ///< 0: none

    /// \param most the most places that are in it at once, up to 2^30
    explicit cache_index(std::size_t most)
        : mask_(std::bit_ceil(most + most / 2 + 1) - 1),
          words_(std::make_unique<std::atomic<std::uint64_t>[]>(mask_ + 1)) {}

    // --- for readers ---

    /// Even while nothing is being moved.
    [[nodiscard]] std::uint32_t version() const noexcept {
        return version_.load(std::memory_order_acquire);
    }

    /// Asks `is_it(place, still)` about each place of this tag until it says yes; that place, or 0.
    /// `still()` is whether the place is in the table at this moment.
    template <class IsIt>
    [[nodiscard]] place find(tag t, IsIt&& is_it) const {
        for (std::size_t i = t & mask_;; i = (i + 1) & mask_) {
            std::uint64_t w = words_[i].load(on_load);
            while (tag_of(w) == t && w != 0) {
                std::uint64_t now = w;
                if (is_it(place_of(w), [&] { return (now = words_[i].load(on_load)) == w; }))
                    return place_of(w);
                if (now == w)
                    break; // another key of this tag
                w = now;
            }
            if (w == 0)
                return 0;
        }
    }

    // --- for the one writer ---

    /// The scope of a change: a reader that misses meanwhile is told by `version`.
    class change {
    public:
        explicit change(cache_index& of) noexcept : of_(of) { step(); }
        ~change() { step(); }
        change(const change&) = delete;
        change& operator=(const change&) = delete;

    private:
        void step() noexcept {
            const std::uint32_t v = of_.version_.load(std::memory_order_relaxed);
            of_.version_.store(v + 1, std::memory_order_release);
        }
        cache_index& of_;
    };

    void insert(tag t, place p) noexcept {
        std::size_t i = t & mask_;
        while (at(i) != 0)
            i = (i + 1) & mask_;
        set(i, std::uint64_t{t} << 32 | p);
    }

    /// \pre it is there
    void erase(tag t, place p) noexcept {
        std::size_t gap = t & mask_;
        while (at(gap) != (std::uint64_t{t} << 32 | p))
            gap = (gap + 1) & mask_;
        // Whatever would not be found behind a gap moves into it.
        for (std::size_t i = (gap + 1) & mask_; at(i) != 0; i = (i + 1) & mask_) {
            const std::size_t home = tag_of(at(i)) & mask_;
            if (((i - home) & mask_) >= ((i - gap) & mask_)) {
                set(gap, at(i));
                gap = i;
            }
        }
        set(gap, 0);
    }

private:
    static constexpr auto on_load = Threads ? std::memory_order_seq_cst : std::memory_order_relaxed;
    static constexpr auto on_store = on_load;

    static constexpr tag tag_of(std::uint64_t w) noexcept { return static_cast<tag>(w >> 32); }
    static constexpr place place_of(std::uint64_t w) noexcept { return static_cast<place>(w); }
    [[nodiscard]] std::uint64_t at(std::size_t i) const noexcept {
        return words_[i].load(std::memory_order_relaxed);
    }
    void set(std::size_t i, std::uint64_t w) noexcept { words_[i].store(w, on_store); }

    std::size_t mask_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> words_; // tag and place; 0: empty
    std::atomic<std::uint32_t> version_ = 0;
};

} // namespace outlast

#endif // OUTLAST_CACHE_INDEX_HPP
