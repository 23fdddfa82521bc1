// SPDX-License-Identifier: BSL-1.0
//
// What an attempt runs on: its caller's executor, one step at a time.
#ifndef OUTLAST_ASIO_SERIAL_EXECUTOR_HPP
#define OUTLAST_ASIO_SERIAL_EXECUTOR_HPP

#include <outlast/asio/recycled.hpp>
#include <outlast/asio/share.hpp>
#include <outlast/asio/turns.hpp>

#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>

#include <memory>
#include <new> // placement
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// A strand without an allocation of its own: what is run on it never overlaps, nor with the events
/// of its call, whatever the threads of the executor underneath. May be kept when the call is over; then
/// it is the executor underneath.
template <class Inner>
class serial_executor {
public:
    serial_executor(Inner inner, turns::ticket call) noexcept
        : inner_(std::move(inner)), call_(call) {}

    template <class F>
    void execute(F&& f) const {
        if (call_.runs_here() && may_run_here()) {
            if constexpr (std::is_lvalue_reference_v<F> || std::is_const_v<F>)
                return std::decay_t<F>(f)();
            else
                return std::move(f)();
        }
        // What is given to a context counts as work; a copy that tracks it, too, is not free.
        auto plain =
            boost::asio::prefer(inner_, boost::asio::execution::outstanding_work.untracked);
        using function = step<decltype(plain), std::decay_t<F>>;
        if (share<turns> queue = call_.join())
            inner_.execute(function{std::move(plain), std::move(queue), std::forward<F>(f)});
        else
            inner_.execute(std::forward<F>(f));
    }

    // Every property is the inner executor's, but for one: nobody waits for a turn.
    template <class P>
        requires boost::asio::can_query_v<const Inner&, P>
    decltype(auto) query(const P& p) const
        noexcept(boost::asio::is_nothrow_query_v<const Inner&, P>) {
        return boost::asio::query(inner_, p);
    }
    template <class P>
        requires(boost::asio::can_require_v<const Inner&, P> &&
                 !std::is_convertible_v<P, boost::asio::execution::blocking_t::always_t>)
    auto require(const P& p) const {
        return on(boost::asio::require(inner_, p), call_);
    }
    template <class P>
        requires(boost::asio::can_prefer_v<const Inner&, P> &&
                 !std::is_convertible_v<P, boost::asio::execution::blocking_t::always_t>)
    auto prefer(const P& p) const {
        return on(boost::asio::prefer(inner_, p), call_);
    }

    friend bool operator==(const serial_executor& a, const serial_executor& b) noexcept {
        return a.call_ == b.call_ && a.inner_ == b.inner_;
    }

private:
    // As `dispatch` would, without going through the context.
    [[nodiscard]] bool may_run_here() const noexcept {
        namespace execution = boost::asio::execution;
        if constexpr (boost::asio::can_query_v<const Inner&, execution::blocking_t>)
            return boost::asio::query(inner_, execution::blocking) != execution::blocking.never;
        else
            return false;
    }

    template <class Other>
    static auto on(Other&& inner, turns::ticket call) {
        return serial_executor<std::decay_t<Other>>{std::forward<Other>(inner), call};
    }

    template <class F>
    struct left_function final : turns::item {
        F f;
        explicit left_function(F&& given) : f(std::move(given)) { run = &go; }

        static left_function& make(F&& f) {
            recycled<left_function> memory;
            return *::new (static_cast<void*>(memory.allocate(1))) left_function(std::move(f));
        }
        // Frees itself.
        F taken() {
            F mine(std::move(f));
            std::destroy_at(this);
            recycled<left_function>{}.deallocate(this, 1);
            return mine;
        }
        static void go(turns::item& i, bool wanted, bool&) {
            F mine = static_cast<left_function&>(i).taken();
            if (wanted)
                std::move(mine)();
        }
    };

    template <class Plain, class F>
    struct step {
        Plain executor;
        share<turns> queue;
        F f;

        void operator()() {
            if (queue->runs_here())
                return std::move(f)();
            if (queue->enter())
                return perform([this] { return F(std::move(f)); });
            auto& i = left_function<F>::make(std::move(f));
            if (queue->enter_or_leave(i))
                perform([&i] { return i.taken(); });
        }

    private:
        template <class Take>
        void perform(Take take) {
            try {
                F mine(take()); // gone before the call goes on
                queue->run(mine);
            } catch (...) {
                queue->hand_on(executor);
                throw;
            }
            queue->work_off(executor);
        }
    };

    Inner inner_;
    turns::ticket call_;
};

template <class E>
inline constexpr bool is_strand = false;
template <class E>
inline constexpr bool is_strand<boost::asio::strand<E>> = true;

/// What an attempt runs on: a strand does so already.
template <class Executor>
using serial_executor_for =
    std::conditional_t<is_strand<Executor>, Executor, serial_executor<Executor>>;

} // namespace outlast::detail

#endif // OUTLAST_ASIO_SERIAL_EXECUTOR_HPP
