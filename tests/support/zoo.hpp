// SPDX-License-Identifier: BSL-1.0
//
// Awkward types: what works with these works with the user's.
#ifndef OUTLAST_TESTS_SUPPORT_ZOO_HPP
#define OUTLAST_TESTS_SUPPORT_ZOO_HPP

#include <memory>
#include <stdexcept>
#include <utility>

namespace outlast_tests {

/// Can be moved, and neither copied, nor assigned, nor made from nothing.
struct move_only {
    explicit move_only(int v) : value(std::make_unique<int>(v)) {}
    move_only(move_only&&) noexcept = default;
    move_only& operator=(move_only&&) = delete;
    std::unique_ptr<int> value;
};

/// Counts what was made of it and how often what it stands for was released. A moved-from one
/// stands for nothing.
class counted {
public:
    struct counts {
        int made = 0;
        int released = 0;
        int copied = 0;
        int moved = 0;
    };
    explicit counted(counts& c) noexcept : counts_(&c) { ++c.made; }
    counted(const counted& other) noexcept : counts_(other.counts_) {
        if (counts_ != nullptr)
            ++counts_->copied, ++counts_->made;
    }
    counted(counted&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)) {
        if (counts_ != nullptr)
            ++counts_->moved;
    }
    counted& operator=(counted other) noexcept {
        std::swap(counts_, other.counts_);
        return *this;
    }
    ~counted() {
        if (counts_ != nullptr)
            ++counts_->released;
    }

private:
    counts* counts_;
};

/// Throws when it is copied.
struct throws_when_copied {
    throws_when_copied() = default;
    throws_when_copied(const throws_when_copied&) { throw std::runtime_error("no copies"); }
    throws_when_copied(throws_when_copied&&) noexcept = default;
    throws_when_copied& operator=(throws_when_copied&&) noexcept = default;
};

/// Neither copied nor moved: a callable or a policy that is only ever referred to.
struct immovable {
    immovable() = default;
    immovable(const immovable&) = delete;
    immovable& operator=(const immovable&) = delete;
};

} // namespace outlast_tests

#endif
