// SPDX-License-Identifier: BSL-1.0
//
// The same call under both drivers: a clock moved by hand, policies that note every step, and a
// callable that takes its time on either timeline.
#ifndef OUTLAST_TESTS_SUPPORT_RECORDED_HPP
#define OUTLAST_TESTS_SUPPORT_RECORDED_HPP

#include <outlast/call.hpp>
#include <outlast/machine.hpp>
#include <outlast/result.hpp>
#include <outlast/world.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

namespace outlast_tests {

/// A clock for the blocking driver that moves when it is told to, and counts who looks at it. Its
/// zero lies an hour before that of the steady clock, so that no wait for one of its instants takes
/// real time. One a thread.
struct hand_clock {
    static constexpr outlast::instant zero{-std::chrono::hours{1}};
    static inline thread_local outlast::instant time = zero;
    static inline thread_local int reads = 0;

    static outlast::instant now() noexcept {
        ++reads;
        return time;
    }
    static void reset() noexcept { time = zero, reads = 0; }
    static void advance(outlast::duration d) noexcept { time = outlast::after(time, d); }
};

/// Policies whose machines note every step that they answer, on a timeline that starts at 0. A
/// wait that is over moves the clock to its end.
template <class Policies>
class recorded {
public:
    explicit recorded(Policies& policies) : policies_(policies) {}

    [[nodiscard]] const std::vector<outlast::traced>& trace() const noexcept { return trace_; }

    /// Told about every step, if anybody wants to know.
    std::function<void(const outlast::step&)> on_step{};

    template <class Machine>
    class run {
    public:
        static constexpr outlast::operation operations = Machine::operations;
        static constexpr bool pinned = Machine::pinned;
        static constexpr outlast::lane lanes = outlast::lanes_of<Machine>;

        run(recorded& notes, Machine machine) : notes_(&notes), machine_(std::move(machine)) {}

        outlast::step begin(outlast::reading& now, outlast::terms t, outlast::verdict& v) {
            return note(machine_.begin(now, t, v), v);
        }
        outlast::step settled(outlast::reading& now, outlast::lane on, outlast::verdict& v) {
            return note(machine_.settled(now, on, v), v);
        }
        outlast::step woke(outlast::reading& now, outlast::lane on, outlast::verdict& v) {
            if (last_.what == outlast::action::wait)
                hand_clock::time = std::max(hand_clock::time, last_.at);
            return note(machine_.woke(now, on, v), v);
        }
        outlast::instant nudge() const noexcept { return machine_.nudge(); }
        outlast::step nudged(outlast::reading& now, outlast::verdict& v) {
            return note(machine_.nudged(now, v), v);
        }
        // Every step is to be seen.
        bool plain_begin(outlast::reading&, outlast::instant&) noexcept { return false; }
        bool plain_success(outlast::reading&) const noexcept { return false; }
        void plain_end() noexcept {}
        bool plain_refusal(outlast::reading&, outlast::verdict&) { return false; }
        bool passes_refusals() noexcept { return false; }
        void credit(outlast::report& facts) const noexcept { machine_.credit(facts); }
        void abandoned() noexcept { machine_.abandoned(); }
        void explain(outlast::failure_facts& facts) const noexcept { machine_.explain(facts); }
        bool has_more() const noexcept
            requires outlast::outlives_caller<Machine>
        {
            return machine_.has_more();
        }
        outlast::step go_on(outlast::reading& now, outlast::verdict& v)
            requires outlast::outlives_caller<Machine>
        {
            return note(machine_.go_on(now, v), v);
        }
        bool leave(outlast::reading& now)
            requires outlast::outlives_caller<Machine>
        {
            return machine_.leave(now);
        }
        outlast::instant over_by(outlast::lane on) noexcept
            requires outlast::outlives_caller<Machine>
        {
            return machine_.over_by(on);
        }
        auto keep(outlast::lane on) noexcept
            requires outlast::keeps_for_work<Machine>
        {
            return machine_.keep(on);
        }
        template <class Hand>
        outlast::verdict act(outlast::operation what, outlast::reading& now, Hand& hand) {
            return machine_.act(what, now, hand);
        }
        template <class Hand, class Begin>
        bool act_later(outlast::operation what,
                       outlast::reading& now,
                       Hand& hand,
                       Begin& begin,
                       outlast::verdict& v) {
            return outlast::act_or_begin(machine_, what, now, hand, begin, v);
        }

    private:
        outlast::step note(const outlast::step& s, const outlast::verdict& v) {
            if (lanes > 1 && s.is_nothing())
                return s;
            last_ = s;
            outlast::step moved = s;
            if (s.at != outlast::never)
                moved.at = outlast::instant{s.at - hand_clock::zero};
            notes_->trace_.push_back({outlast::instant{hand_clock::time - hand_clock::zero}, moved,
                                      s.what == outlast::action::finish ? v : outlast::verdict{}});
            if (notes_->on_step)
                notes_->on_step(s);
            return s;
        }

        recorded* notes_;
        Machine machine_;
        outlast::step last_{};
    };

    template <class... A>
    auto start(const A&... arguments) {
        using machine = decltype(policies_.start(arguments...));
        return run<machine>{*this, policies_.start(arguments...)};
    }

private:
    Policies& policies_;
    std::vector<outlast::traced> trace_{};
};

/// What one attempt takes and comes to.
struct line {
    outlast::duration takes{};
    std::errc fails{}; ///< none: it succeeds with the number of the attempt
    outlast::duration hint = outlast::verdict::no_hint;
};

/// A well-behaved callable: attempt by attempt as its lines say (the last one for all further
/// ones), and at its deadline, if it would take longer, it gives up with `timed_out`.
struct player {
    std::vector<line> lines;
    std::function<void(outlast::duration)> spend;

    outlast::result<int> operator()(outlast::call& c) const {
        const line& l = lines[std::min<std::size_t>(c.attempt(), lines.size()) - 1];
        if (l.takes > c.remaining()) {
            spend(c.remaining());
            return std::make_error_code(std::errc::timed_out);
        }
        spend(l.takes);
        if (l.fails != std::errc{})
            return outlast::failure{std::make_error_code(l.fails)}.with_retry_after(l.hint);
        return static_cast<int>(c.attempt());
    }
};

} // namespace outlast_tests

#endif
