// SPDX-License-Identifier: BSL-1.0
//
// Who goes when a cache is full: S3-FIFO.
#ifndef OUTLAST_CACHE_S3_FIFO_HPP
#define OUTLAST_CACHE_S3_FIFO_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

namespace outlast {

/// The order in which entries leave, after Yang et al., "FIFO queues are all you need for cache
/// eviction" (SOSP 2023). What is new waits in a small queue, a tenth of the whole; what was used
/// there moves to the main queue, the rest leaves, so that a scan passes through and flushes
/// nothing. What left the small queue a while ago and comes again goes to the main queue at once.
/// A use is one mark, and a mark gives one more round.
///
/// Entries are numbers from 1 on, with a link each in an array of the owner's. Not thread-safe. A
/// choice looks at 32 entries at most; when all of them were used, the next one goes.
class s3_fifo {
public:
    struct link {
        std::uint32_t newer = 0;
        std::uint32_t older = 0;
        std::uint32_t tag = 0; ///< of its key: known again by it
        bool in_main = false;
        std::size_t weight = 0;
    };

    /// \pre capacity > 0
    s3_fifo(link* links, std::size_t capacity, std::size_t max_weight)
        : links_(links),
          capacity_(capacity),
          max_weight_(max_weight),
          left_(capacity - capacity / 10) {}

    [[nodiscard]] std::size_t size() const noexcept { return small_.size + main_.size; }
    [[nodiscard]] bool takes(std::size_t weight) const noexcept { return weight <= max_weight_; }
    /// Whether another entry of this weight fits in now. \pre takes(weight)
    [[nodiscard]] bool has_room(std::size_t weight) const noexcept {
        return size() < capacity_ && weight <= max_weight_ - weight_;
    }

    /// A new entry, with the tag and the weight in its link. \pre has_room(its weight)
    /// \param proven goes to the main queue, whether or not it is known
    void add(std::uint32_t entry, bool proven) noexcept {
        link& l = links_[entry];
        l.in_main = proven || left_[l.tag % left_.size()] == l.tag;
        weight_ += l.weight;
        push(l.in_main ? main_ : small_, entry);
    }

    void remove(std::uint32_t entry) noexcept {
        weight_ -= links_[entry].weight;
        unlink(links_[entry].in_main ? main_ : small_, entry);
    }

    /// The entry that goes next; `remove` it. \pre size() > 0
    /// \param take_mark whether an entry was used since it was asked last
    template <class TakeMark>
    [[nodiscard]] std::uint32_t victim(TakeMark&& take_mark) {
        for (int looks = 0;; ++looks) {
            const bool young = main_.size == 0 || small_.size > capacity_ / 10;
            queue& from = young ? small_ : main_;
            const std::uint32_t oldest = from.oldest;
            if (looks == most_looks || !take_mark(oldest)) {
                if (young)
                    left_[links_[oldest].tag % left_.size()] = links_[oldest].tag;
                return oldest;
            }
            unlink(from, oldest);
            links_[oldest].in_main = true;
            push(main_, oldest);
        }
    }

    /// Any entry; 0 when there is none.
    [[nodiscard]] std::uint32_t any() const noexcept {
        return small_.oldest != 0 ? small_.oldest : main_.oldest;
    }

private:
    struct queue {
        std::uint32_t newest = 0;
        std::uint32_t oldest = 0;
        std::size_t size = 0;
    };

    static constexpr int most_looks = 32;

    void push(queue& q, std::uint32_t entry) noexcept {
        links_[entry].newer = 0;
        links_[entry].older = q.newest;
        (q.newest != 0 ? links_[q.newest].newer : q.oldest) = entry;
        q.newest = entry;
        ++q.size;
    }

    void unlink(queue& q, std::uint32_t entry) noexcept {
        const link& l = links_[entry];
        (l.newer != 0 ? links_[l.newer].older : q.newest) = l.older;
        (l.older != 0 ? links_[l.older].newer : q.oldest) = l.newer;
        --q.size;
    }

    link* links_;
    std::size_t capacity_;
    std::size_t max_weight_;
    std::size_t weight_ = 0;
    queue small_{};
    queue main_{};
    std::vector<std::uint32_t> left_; // at its remainder, the last tag that left the small queue
};

} // namespace outlast

#endif // OUTLAST_CACHE_S3_FIFO_HPP
