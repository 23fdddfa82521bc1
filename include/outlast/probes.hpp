// SPDX-License-Identifier: BSL-1.0
//
// The calls that find out whether a dependency is back: each in a place of its own, with a lease.
#ifndef OUTLAST_PROBES_HPP
#define OUTLAST_PROBES_HPP

#include <outlast/heap_array.hpp>
#include <outlast/lesser.hpp>
#include <outlast/tally.hpp>
#include <outlast/time.hpp>

#include <cstdint>

namespace outlast {

/// Places for as many answers as decide. A place is taken by a probe that runs, and keeps its
/// answer; one that comes back without an answer is free again. Not thread-safe. Allocates when it
/// is built, never later; linear in the number of places.
class probes {
public:
    static constexpr std::uint32_t no_place = UINT32_MAX;

    constexpr probes(std::uint32_t at_once, std::uint32_t deciding)
        : at_once_(at_once), places_(greater(at_once, deciding)) {}

    /// A place for a probe that has until `lease_end`; `no_place` if none is free.
    constexpr std::uint32_t take(instant lease_end) noexcept {
        std::uint32_t running = 0;
        std::uint32_t found = no_place;
        for (std::uint32_t p = 0; p != places_.size(); ++p) {
            running += places_[p].is == state::running;
            if (places_[p].is == state::free && found == no_place)
                found = p;
        }
        if (running >= at_once_ || found == no_place)
            return no_place;
        places_[found] = {state::running, false, lease_end};
        return found;
    }

    [[nodiscard]] constexpr bool running(std::uint32_t p) const noexcept {
        return p < places_.size() && places_[p].is == state::running;
    }
    /// \pre running(p)
    constexpr void answer(std::uint32_t p, bool failed, bool slow) noexcept {
        places_[p].is = failed ? state::failed : state::succeeded;
        places_[p].slow = slow;
    }
    constexpr void give_back(std::uint32_t p) noexcept {
        if (running(p))
            places_[p] = {};
    }

    /// Those whose lease is over by then have failed.
    constexpr void end_leases(instant now) noexcept {
        for (place& p : places_)
            if (p.is == state::running && p.until <= now)
                p.is = state::failed;
    }
    /// When the next lease ends; `never` if none is running.
    [[nodiscard]] constexpr instant first_lease_end() const noexcept {
        instant first = never;
        for (const place& p : places_)
            if (p.is == state::running)
                first = earlier(first, p.until);
        return first;
    }

    [[nodiscard]] constexpr tally answers() const noexcept {
        tally t;
        for (const place& p : places_)
            if (p.is == state::failed || p.is == state::succeeded)
                t += {1, p.is == state::failed ? 1U : 0U, p.slow ? 1U : 0U};
        return t;
    }

    constexpr void clear() noexcept {
        for (place& p : places_)
            p = {};
    }
    /// Those that run are forgotten, the answers stay.
    constexpr void forget_running() noexcept {
        for (std::uint32_t p = 0; p != places_.size(); ++p)
            give_back(p);
    }
    /// None runs, and these were the answers. \pre no more than there are places
    constexpr void assume(const tally& t) noexcept {
        clear();
        for (std::uint32_t p = 0; p != t.recorded; ++p)
            answer(p, p < t.failed, p < t.slow);
    }

private:
    enum class state : std::uint8_t { free, running, succeeded, failed };
    struct place {
        state is = state::free;
        bool slow = false;
        instant until = never;
    };

    std::uint32_t at_once_;
    heap_array<place> places_;
};

} // namespace outlast

#endif // OUTLAST_PROBES_HPP
