// SPDX-License-Identifier: BSL-1.0
//
// What an attempt runs on: its caller's executor, one step at a time.
#ifndef OUTLAST_ASIO_SERIAL_EXECUTOR_HPP
#define OUTLAST_ASIO_SERIAL_EXECUTOR_HPP

#include <outlast/asio/turns.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <cstdint>
#include <exception> // std::uncaught_exceptions
#include <memory>
#include <new> // placement
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// What is shared by all that belongs to one call: its turns, and its life.
class shared_call {
public:
    shared_call() noexcept = default;
    shared_call(const shared_call&) = delete;
    shared_call& operator=(const shared_call&) = delete;

    void keep() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            dispose();
    }

    turns queue{};

    /// Takes everything that was left, and goes out. Takes over a share. \pre inside
    virtual void work_off() = 0;
    /// The same on the call's executor, later.
    virtual void work_off_later() = 0;

protected:
    ~shared_call() = default;

private:
    virtual void dispose() noexcept = 0;
    std::atomic<std::uint32_t> owners_{1};
};

/// A share in a call.
template <class Call>
class share {
public:
    share() noexcept = default;
    /// Takes over a share that `c` has a count for already.
    explicit share(Call* c) noexcept : call_(c) {}
    [[nodiscard]] static share more(Call& c) noexcept {
        c.keep();
        return share{&c};
    }
    share(const share& other) noexcept : call_(other.call_) {
        if (call_ != nullptr)
            call_->keep();
    }
    share(share&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
    share& operator=(share other) noexcept {
        std::swap(call_, other.call_);
        return *this;
    }
    ~share() {
        if (call_ != nullptr)
            call_->release();
    }

    [[nodiscard]] Call* get() const noexcept { return call_; }
    [[nodiscard]] Call* let_go() noexcept { return std::exchange(call_, nullptr); }
    Call* operator->() const noexcept { return call_; }
    Call& operator*() const noexcept { return *call_; }
    explicit operator bool() const noexcept { return call_ != nullptr; }

private:
    Call* call_ = nullptr;
};

/// Is inside a call for as long as it lives; what was left meanwhile is done at its end, or, when
/// something is being thrown, later.
class inside_call {
public:
    /// \pre inside
    explicit inside_call(share<shared_call> call) noexcept : call_(std::move(call)) {}
    inside_call(const inside_call&) = delete;
    inside_call& operator=(const inside_call&) = delete;
    ~inside_call() noexcept(false) {
        shared_call* const call = call_.let_go();
        if (std::uncaught_exceptions() != thrown_)
            call->work_off_later();
        else
            call->work_off();
    }

private:
    share<shared_call> call_;
    int thrown_ = std::uncaught_exceptions();
};

/// A strand whose state lies in the call, so that it costs no allocation: what is run on it never
/// overlaps, whatever the threads of the executor underneath. Keeps the call's memory.
template <class Inner>
class serial_executor {
public:
    serial_executor(const Inner& inner, shared_call& call) noexcept
        : inner_(inner), call_(share<shared_call>::more(call)) {}
    serial_executor(const Inner& inner, const share<shared_call>& call) noexcept
        : inner_(inner), call_(call) {}

    template <class F>
    void execute(F&& f) const {
        inner_.execute(step<std::decay_t<F>>{call_, std::forward<F>(f)});
    }

    // Every property is the inner executor's.
    template <class P>
        requires boost::asio::can_query_v<const Inner&, P>
    decltype(auto) query(const P& p) const noexcept(boost::asio::is_nothrow_query_v<const Inner&, P>) {
        return boost::asio::query(inner_, p);
    }
    template <class P>
        requires boost::asio::can_require_v<const Inner&, P> &&
                 (!std::is_convertible_v<P, boost::asio::execution::blocking_t::always_t>)
    auto require(const P& p) const {
        return serial_executor<std::decay_t<decltype(boost::asio::require(inner_, p))>>{
            boost::asio::require(inner_, p), call_};
    }
    template <class P>
        requires boost::asio::can_prefer_v<const Inner&, P> &&
                 (!std::is_convertible_v<P, boost::asio::execution::blocking_t::always_t>)
    auto prefer(const P& p) const {
        return serial_executor<std::decay_t<decltype(boost::asio::prefer(inner_, p))>>{
            boost::asio::prefer(inner_, p), call_};
    }

    friend bool operator==(const serial_executor& a, const serial_executor& b) noexcept {
        return a.call_.get() == b.call_.get() && a.inner_ == b.inner_;
    }

private:
    template <class F>
    struct left_function final : turns::item {
        using allocator = typename std::allocator_traits<
            boost::asio::associated_allocator_t<F, boost::asio::recycling_allocator<void>>>::
            template rebind_alloc<left_function>;
        explicit left_function(F&& given) : f(std::move(given)) { run = &go; }

        static left_function& make(F&& f) {
            allocator a{boost::asio::get_associated_allocator(
                f, boost::asio::recycling_allocator<void>())};
            left_function* const place = std::allocator_traits<allocator>::allocate(a, 1);
            return *::new (static_cast<void*>(place)) left_function(std::move(f));
        }
        // Frees itself.
        F taken() {
            F mine(std::move(f));
            allocator a{boost::asio::get_associated_allocator(
                mine, boost::asio::recycling_allocator<void>())};
            std::destroy_at(this);
            std::allocator_traits<allocator>::deallocate(a, this, 1);
            return mine;
        }
        static void go(turns::item& i, bool wanted) {
            F mine = static_cast<left_function&>(i).taken();
            if (wanted)
                std::move(mine)();
        }
        F f;
    };
    template <class F>
    struct step {
        share<shared_call> call;
        F f;

        void operator()() {
            const share<shared_call> here{std::move(call)};
            if (here->queue.enter())
                return perform(here, std::move(f));
            auto& i = left_function<F>::make(std::move(f));
            if (here->queue.enter_or_leave(i))
                perform(here, i.taken());
        }

        static void perform(share<shared_call> here, F f) {
            inside_call inside{here};
            std::move(f)();
        }
    };

    Inner inner_;
    share<shared_call> call_;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_SERIAL_EXECUTOR_HPP
