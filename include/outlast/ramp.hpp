// SPDX-License-Identifier: BSL-1.0
//
// A gate that opens slowly.
#ifndef OUTLAST_RAMP_HPP
#define OUTLAST_RAMP_HPP

#include <outlast/lesser.hpp>
#include <outlast/time.hpp>

namespace outlast {

/// Lets through a share of those who ask that grows from nothing to all over a span of time. By
/// counting, not by chance: each who asks adds the share of that instant, and whoever makes it a
/// whole one passes. The first who asks passes always.
class ramp {
public:
    /// \param span 0: never under way. \pre not negative, not `forever`
    constexpr explicit ramp(duration span) noexcept : span_(span) {}

    constexpr void start(instant now) noexcept {
        from_ = now;
        credit_ = span_;
        under_way_ = span_ > duration::zero();
    }
    constexpr void stop() noexcept { under_way_ = false; }

    /// Whether it may still say no.
    [[nodiscard]] constexpr bool under_way() const noexcept { return under_way_; }

    constexpr bool passes(instant now) noexcept {
        if (now >= over())
            stop();
        if (!under_way_)
            return true;
        // Both terms are below the span, so that only their sum may leave the type.
        const duration part = longer(until(from_, now), duration::zero());
        if (credit_ < span_ - part) {
            credit_ += part;
            return false;
        }
        credit_ -= span_ - part;
        return true;
    }

    /// When all pass. \pre started
    [[nodiscard]] constexpr instant over() const noexcept { return after(from_, span_); }

    /// How far it is, as a value, and back.
    struct progress {
        bool under_way = false;
        instant from{};
        duration credit{};
    };
    [[nodiscard]] constexpr progress how_far() const noexcept {
        return {under_way_, from_, credit_};
    }
    constexpr void go_on_from(const progress& p) noexcept {
        from_ = p.from;
        credit_ = lesser(p.credit, span_);
        under_way_ = p.under_way && span_ > duration::zero();
    }

private:
    duration span_;
    instant from_{};
    duration credit_{}; // of a share; the whole is span_
    bool under_way_ = false;
};

} // namespace outlast

#endif // OUTLAST_RAMP_HPP
