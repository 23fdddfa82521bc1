// SPDX-License-Identifier: BSL-1.0
//
// What the attempts of a simulated call come to, said in order; and what to ask of the call later.
//
//     outlast::world w;
//     auto& c = w.play(policies, script{}.fails(60ms).fails().succeeds(30ms));
//     w.run();
//     CHECK(starts(c) == times{0ms, 60ms, 160ms});
//
// All of it works in constant expressions.
#ifndef OUTLAST_TESTS_SUPPORT_SCRIPT_HPP
#define OUTLAST_TESTS_SUPPORT_SCRIPT_HPP

#include <outlast/machine.hpp>
#include <outlast/time.hpp>
#include <outlast/world.hpp>

#include <algorithm> // std::min
#include <cstddef>
#include <cstdint>
#include <vector>

namespace outlast_tests {

using times = std::vector<outlast::duration>;

/// The instant so long after the start of the world.
[[nodiscard]] constexpr outlast::instant at(outlast::duration since_start) noexcept {
    return outlast::instant{since_start};
}

/// Attempt by attempt; the last line is for all further ones. Nothing said: success at once.
class script {
public:
    constexpr script succeeds(outlast::duration takes = {}) const {
        return with(outlast::verdict::success(), takes);
    }
    constexpr script fails(outlast::duration takes = {}) const {
        return with(outlast::verdict::failure(), takes);
    }
    /// Fails at once, with a hint (Retry-After).
    constexpr script fails_with_hint(outlast::duration hint) const {
        return with(outlast::verdict::failure(hint), {});
    }
    /// Something that says nothing about the dependency.
    constexpr script is_neutral(outlast::duration takes = {}) const {
        return with(outlast::verdict::neutral(outlast::refusal::unavailable), takes);
    }
    /// Goes on until it is told to stop.
    constexpr script hangs() const { return with(outlast::verdict::success(), outlast::forever); }
    constexpr script with(const outlast::verdict& outcome, outlast::duration takes) const {
        script s = *this;
        s.lines_.push_back({outcome, takes});
        return s;
    }

    constexpr outlast::scripted operator()(std::uint32_t attempt, outlast::instant) const {
        if (lines_.empty())
            return {};
        return lines_[std::min<std::size_t>(attempt, lines_.size()) - 1];
    }

private:
    std::vector<outlast::scripted> lines_{};
};

/// When the attempts of a call began.
[[nodiscard]] constexpr times starts(const outlast::simulated& c) {
    times t;
    for (const outlast::traced& s : c.trace())
        if (s.what.calls_work())
            t.push_back(s.at.time_since_epoch());
    return t;
}

/// The deadlines that the attempts of a call were given, from the start of the world.
[[nodiscard]] constexpr times deadlines(const outlast::simulated& c) {
    times t;
    for (const outlast::traced& s : c.trace())
        if (s.what.calls_work())
            t.push_back(s.what.at.time_since_epoch());
    return t;
}

/// The waits of a call, as lengths of time.
[[nodiscard]] constexpr times waits(const outlast::simulated& c) {
    times t;
    for (const outlast::traced& s : c.trace())
        if (s.what.what == outlast::action::wait)
            t.push_back(outlast::until(s.at, s.what.at));
    return t;
}

/// When a call was over, from the start of the world. \pre c.done()
[[nodiscard]] constexpr outlast::duration end(const outlast::simulated& c) {
    return c.finished_at().time_since_epoch();
}

/// A policy that decides nothing and notes what passes it, with the time. Given by `std::ref`.
class tap {
public:
    struct passed {
        outlast::instant when{};
        outlast::verdict what{};
    };
    std::vector<outlast::instant> begun{}; ///< when a call came in from outside
    std::vector<passed> ended{};           ///< what came out from inside, and when
    int abandoned = 0;                     ///< how many calls were dropped on the way

    class run : public outlast::pass_through {
    public:
        constexpr explicit run(tap& notes) noexcept : notes_(&notes) {}
        constexpr outlast::step
        begin(outlast::reading& now, outlast::instant by, outlast::verdict&) {
            notes_->begun.push_back(now.get());
            inside_ = true;
            return outlast::step::call(outlast::work, by);
        }
        constexpr outlast::step settled(outlast::reading& now, outlast::lane, outlast::verdict& v) {
            notes_->ended.push_back({now.get(), v});
            inside_ = false;
            return outlast::step::finish();
        }
        constexpr void abandoned() noexcept {
            notes_->abandoned += inside_;
            inside_ = false;
        }

    private:
        tap* notes_;
        bool inside_ = false;
    };

    [[nodiscard]] constexpr run start() noexcept { return run{*this}; }

    /// When a timeout of what is inside fired.
    [[nodiscard]] constexpr times timeouts() const {
        times t;
        for (const passed& p : ended)
            if (p.what.kind == outlast::verdict_kind::expired)
                t.push_back(p.when.time_since_epoch());
        return t;
    }
};

} // namespace outlast_tests

#endif
