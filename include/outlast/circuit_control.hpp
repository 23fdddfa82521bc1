// SPDX-License-Identifier: BSL-1.0
//
// One switch for many circuits.
#ifndef OUTLAST_CIRCUIT_CONTROL_HPP
#define OUTLAST_CIRCUIT_CONTROL_HPP

#include <outlast/callback.hpp>

#include <atomic>
#include <cstdint>
#include <type_traits> // std::is_constant_evaluated
#include <utility>     // std::exchange

namespace outlast {

/// Isolates whatever looks at it, as long as somebody holds it isolated.
///
/// **Contract** `isolate()` gives a hold; the last one that is dropped ends the isolation. What is
/// attached asks `isolated()` at each call: one atomic load. It keeps nothing of what is attached,
/// so that breakers may come and go; it outlives them and its holds. Thread-safe.
/// **Told** `on_change(true)` by the first hold and `on_change(false)` by the drop of the last, in
/// the thread that did it and before it returns; where threads race for it, the calls may arrive in
/// another order than they happened: ask `isolated()` then.
///
///     outlast::circuit_control maintenance;
///     auto hold = maintenance.isolate(); // until it goes out of scope
class circuit_control {
public:
    class hold;

    constexpr circuit_control() noexcept = default;
    constexpr explicit circuit_control(callback<void(bool)> on_change) noexcept
        : on_change_(on_change) {}
    circuit_control(const circuit_control&) = delete;
    circuit_control& operator=(const circuit_control&) = delete;

    [[nodiscard]] constexpr hold isolate();

    [[nodiscard]] constexpr bool isolated() const noexcept {
        if (std::is_constant_evaluated())
            return holds_ != 0;
        // atomic_ref takes no constant before C++26; this only reads.
        return std::atomic_ref{const_cast<std::uint32_t&>(holds_)}.load(
                   std::memory_order_acquire) != 0;
    }

    /// What there is to say about it, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("on_change", on_change_, "told to nobody");
    }

private:
    // How many there were before.
    constexpr std::uint32_t add(std::uint32_t n) noexcept {
        if (std::is_constant_evaluated())
            return std::exchange(holds_, holds_ + n);
        return std::atomic_ref{holds_}.fetch_add(n, std::memory_order_acq_rel);
    }
    constexpr void changed(bool isolated) const {
        if (on_change_)
            on_change_(isolated);
    }

    std::uint32_t holds_ = 0;
    callback<void(bool)> on_change_{};
};

/// Move-only. `on_change` must not throw when the last one is dropped.
class circuit_control::hold {
public:
    constexpr hold() noexcept = default;
    constexpr hold(hold&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    constexpr hold& operator=(hold&& other) noexcept {
        if (this != &other) {
            drop();
            of_ = std::exchange(other.of_, nullptr);
        }
        return *this;
    }
    constexpr ~hold() { drop(); }

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return of_ != nullptr; }

    constexpr void drop() noexcept {
        if (circuit_control* of = std::exchange(of_, nullptr))
            if (of->add(UINT32_MAX) == 1) // that is: minus one
                of->changed(false);
    }

private:
    friend circuit_control;
    constexpr explicit hold(circuit_control& of) noexcept : of_(&of) {}

    circuit_control* of_ = nullptr;
};

constexpr circuit_control::hold circuit_control::isolate() {
    hold h{*this};
    if (add(1) == 0)
        changed(true);
    return h;
}

} // namespace outlast

#endif // OUTLAST_CIRCUIT_CONTROL_HPP
