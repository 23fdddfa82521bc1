// SPDX-License-Identifier: BSL-1.0
//
// Permission to make one call: a value that gives itself back.
#ifndef OUTLAST_PERMIT_HPP
#define OUTLAST_PERMIT_HPP

#include <outlast/config.hpp>

#include <cstdint>
#include <utility> // std::exchange

namespace outlast {

/// Which permit, of which generation of its giver. A giver that changes state starts a new
/// generation; what comes back from an older one changes nothing that counts.
struct ticket {
    std::uint64_t generation = 0;
    std::uint32_t place = no_place; ///< a numbered place (a probe), or none
    static constexpr std::uint32_t no_place = UINT32_MAX;

    friend constexpr bool operator==(const ticket&, const ticket&) = default;
};

/// Move-only. Dropped without a verdict (an exception, a cancellation, a driver that went away) it
/// is given back, so that no call can take a permit with it. `Giver` has
/// `void give_back(ticket) noexcept` and outlives its permits.
template <class Giver>
class permit {
public:
    constexpr permit() noexcept = default;
    constexpr permit(Giver& giver, ticket t) noexcept : giver_(&giver), ticket_(t) {}
    OUTLAST_INLINE constexpr permit(permit&& other) noexcept
        : giver_(std::exchange(other.giver_, nullptr)), ticket_(other.ticket_) {}
    constexpr permit& operator=(permit&& other) noexcept {
        if (this != &other) {
            drop();
            giver_ = std::exchange(other.giver_, nullptr);
            ticket_ = other.ticket_;
        }
        return *this;
    }
    OUTLAST_INLINE constexpr ~permit() { drop(); }

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return giver_ != nullptr; }

    /// The ticket, to hand in with a verdict: from here on the permit is spent. \pre held
    [[nodiscard]] constexpr ticket spend() noexcept {
        giver_ = nullptr;
        return ticket_;
    }

    /// Gives it back now, without a verdict.
    OUTLAST_INLINE constexpr void drop() noexcept {
        if (Giver* giver = std::exchange(giver_, nullptr))
            giver->give_back(ticket_);
    }

private:
    Giver* giver_ = nullptr;
    ticket ticket_{};
};

} // namespace outlast

#endif // OUTLAST_PERMIT_HPP
