// SPDX-License-Identifier: BSL-1.0
//
// One at a time, without a lock: who finds the place taken leaves what is to be done.
#ifndef OUTLAST_ASIO_TURNS_HPP
#define OUTLAST_ASIO_TURNS_HPP

#include <outlast/asio/recycled.hpp>

#include <boost/asio/post.hpp>

#include <atomic>
#include <cstdint>
#include <new> // placement
#include <utility>

namespace outlast::detail {

/// A count of who shares an object, which is told when there is nobody left.
template <class T>
class counted {
public:
    void keep() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (sole() || owners_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            static_cast<T*>(this)->dispose();
    }
    /// Whether nobody but the caller has a share: then nobody can come by one, either.
    [[nodiscard]] bool sole() const noexcept {
        return owners_.load(std::memory_order_acquire) == 1;
    }

protected:
    counted() noexcept = default;
    ~counted() = default;

private:
    std::atomic<std::uint32_t> owners_{1};
};

/// A share in a counted object.
template <class T>
class share {
public:
    share() noexcept = default;
    /// Takes over a share that is counted already.
    explicit share(T* whole) noexcept : whole_(whole) {}
    [[nodiscard]] static share more(T& whole) noexcept {
        whole.keep();
        return share{&whole};
    }
    share(const share& other) noexcept : whole_(other.whole_) {
        if (whole_ != nullptr)
            whole_->keep();
    }
    share(share&& other) noexcept : whole_(std::exchange(other.whole_, nullptr)) {}
    share& operator=(share other) noexcept {
        std::swap(whole_, other.whole_);
        return *this;
    }
    ~share() {
        if (whole_ != nullptr)
            whole_->release();
    }

    [[nodiscard]] T* get() const noexcept { return whole_; }
    [[nodiscard]] T* let_go() noexcept { return std::exchange(whole_, nullptr); }
    T* operator->() const noexcept { return whole_; }
    T& operator*() const noexcept { return *whole_; }
    explicit operator bool() const noexcept { return whole_ != nullptr; }

private:
    T* whole_ = nullptr;
};

/// The queue of one call. Any thread may come with an item; the one that finds nobody inside is
/// inside until it has taken everything that was left meanwhile. First come, first served.
///
/// It lives by itself, in memory of the library's, as an executor that somebody keeps refers to it.
class turns final : public counted<turns> {
public:
    struct item {
        item* next = nullptr;
        /// Does what is to be done; if not `wanted`, only frees what it holds.
        /// \return false: whoever was inside has left
        bool (*run)(item&, bool wanted) = nullptr;
    };

    /// Whoever makes it is inside.
    [[nodiscard]] static share<turns> make() {
        return share<turns>{::new (spare_memory::take(sizeof(turns))) turns};
    }

    /// True: the caller is inside.
    [[nodiscard]] bool enter() noexcept {
        item* nobody = nullptr;
        return left_.compare_exchange_strong(nobody, &inside_, std::memory_order_acquire,
                                             std::memory_order_relaxed);
    }

    /// Whether this thread is inside by a function that it runs.
    [[nodiscard]] bool runs_here() const noexcept {
        return runner_.load(std::memory_order_relaxed) == this_thread();
    }
    /// Runs a function. \pre inside
    template <class F>
    void run(F&& f) {
        struct sign {
            std::atomic<const void*>& at;
            explicit sign(std::atomic<const void*>& a) noexcept : at(a) {
                at.store(this_thread(), std::memory_order_relaxed);
            }
            ~sign() { at.store(nullptr, std::memory_order_relaxed); }
        };
        const sign here{runner_};
        std::forward<F>(f)();
    }

    /// True: the caller is inside, and is to run `i` itself. False: somebody else will.
    [[nodiscard]] bool enter_or_leave(item& i) noexcept {
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

    /// Does all that was left, here, and leaves. \pre inside
    template <class Executor>
    static void work_off(const share<turns>& here, const Executor& executor) {
        while (item* const i = here->next_or_leave()) {
            try {
                if (!i->run(*i, true))
                    return;
            } catch (...) { // a handler of the operation's own
                hand_on(here, executor);
                throw;
            }
        }
    }

    /// Leaves; what was left is done on the executor, later. \pre inside
    template <class Executor>
    static void hand_on(const share<turns>& here, const Executor& executor) {
        if (here->sole() && here->batch_ == nullptr &&
            here->left_.load(std::memory_order_relaxed) == &here->inside_)
            return; // nobody will come any more
        if (item* const i = here->next_or_leave()) {
            i->next = std::exchange(here->batch_, i);
            boost::asio::post(executor, later<Executor>{here, executor});
        }
    }

private:
    friend class counted<turns>;

    template <class Executor>
    struct later {
        share<turns> here;
        Executor executor;
        later(const share<turns>& h, const Executor& e) : here(h), executor(e) {}
        later(later&&) = default;
        ~later() { // never called: the context is gone
            if (here)
                while (item* const i = here->next_or_leave())
                    i->run(*i, false);
        }
        void operator()() {
            const share<turns> mine{std::move(here)};
            work_off(mine, executor);
        }
    };

    turns() noexcept : left_(&inside_) {}
    static const void* this_thread() noexcept {
        static thread_local constinit char here = 0;
        return &here;
    }
    void dispose() noexcept {
        this->~turns();
        spare_memory::give(this, sizeof(turns));
    }

    // The next one, or null: there was none, and the caller is outside now.
    item* next_or_leave() noexcept {
        if (batch_ == nullptr) {
            item* seen = &inside_;
            if (left_.compare_exchange_strong(seen, nullptr, std::memory_order_release,
                                              std::memory_order_relaxed))
                return nullptr;
            item* last = left_.exchange(&inside_, std::memory_order_acquire);
            while (last != &inside_ && last != nullptr) { // they lie the last one first
                item* const before = std::exchange(last->next, batch_);
                batch_ = last;
                last = before;
            }
        }
        return std::exchange(batch_, batch_->next);
    }

    item inside_{};
    std::atomic<item*> left_; // null: nobody is inside; `inside_`: nothing was left
    item* batch_ = nullptr;   // of who is inside
    std::atomic<const void*> runner_ = nullptr;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_TURNS_HPP
