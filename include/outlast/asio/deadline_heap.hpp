// SPDX-License-Identifier: BSL-1.0
//
// Deadlines by time, linked through those who wait for them.
#ifndef OUTLAST_ASIO_DEADLINE_HEAP_HPP
#define OUTLAST_ASIO_DEADLINE_HEAP_HPP

#include <outlast/config.hpp>
#include <outlast/time.hpp>

#include <utility> // std::swap

namespace outlast::detail {

/// A pairing heap: a deadline that is never reached, which is nearly every one, costs one comparison
/// to put in and a few pointers to take out. Allocates nothing.
class deadline_heap {
public:
    /// What is linked. It is in one heap at most, and does not move while it is in one.
    class node {
    public:
        [[nodiscard]] instant at() const noexcept { return at_; }
        [[nodiscard]] bool linked() const noexcept { return linked_; }

    protected:
        ~node() = default;

    private:
        friend class deadline_heap;
        instant at_ = never;
        node* child_ = nullptr;
        node* next_ = nullptr;
        node* before_ = nullptr; // the sibling before it, or of a first child the parent
        bool linked_ = false;
    };

    [[nodiscard]] bool empty() const noexcept { return root_ == nullptr; }
    /// When the first one is due; `never` where there is none.
    [[nodiscard]] instant first() const noexcept { return root_ == nullptr ? never : root_->at_; }

    /// \pre !n.linked()
    void insert(node& n, instant at) noexcept {
        n.at_ = at;
        n.child_ = n.next_ = n.before_ = nullptr;
        n.linked_ = true;
        root_ = root_ == nullptr ? &n : meld(root_, &n);
    }

    /// \pre n is in this heap
    void erase(node& n) noexcept {
        node* const rest = meld_siblings(n.child_);
        if (&n == root_) {
            root_ = rest;
        } else {
            if (n.before_->child_ == &n)
                n.before_->child_ = n.next_;
            else
                n.before_->next_ = n.next_;
            if (n.next_ != nullptr)
                n.next_->before_ = n.before_;
            if (rest != nullptr)
                root_ = meld(root_, rest);
        }
        n.child_ = n.next_ = n.before_ = nullptr;
        n.linked_ = false;
    }

    /// Takes out the first one. \pre !empty()
    node& pop() noexcept {
        node& n = *root_;
        erase(n);
        return n;
    }

private:
    // Of two roots the later one becomes the first child of the earlier one.
    static node* meld(node* a, node* b) noexcept {
        if (b->at_ < a->at_)
            std::swap(a, b);
        b->before_ = a;
        b->next_ = a->child_;
        if (a->child_ != nullptr)
            a->child_->before_ = b;
        a->child_ = b;
        return a;
    }

    // In pairs from the front, then all of them from the back: that is what keeps it logarithmic.
    static node* meld_siblings(node* first) noexcept {
        node* pairs = nullptr; // the last one first
        while (first != nullptr) {
            node* a = first;
            node* const b = a->next_;
            first = b == nullptr ? nullptr : b->next_;
            a->next_ = a->before_ = nullptr;
            if (b != nullptr) {
                b->next_ = b->before_ = nullptr;
                a = meld(a, b);
            }
            a->next_ = pairs;
            pairs = a;
        }
        node* all = nullptr;
        while (pairs != nullptr) {
            node* const rest = pairs->next_;
            pairs->next_ = nullptr;
            all = all == nullptr ? pairs : meld(all, pairs);
            pairs = rest;
        }
        return all;
    }

    node* root_ = nullptr;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_DEADLINE_HEAP_HPP
