// SPDX-License-Identifier: BSL-1.0
//
// What calls have to know of a circuit, to be read without its lock.
#ifndef OUTLAST_CIRCUIT_GATE_HPP
#define OUTLAST_CIRCUIT_GATE_HPP

#include <outlast/circuit.hpp>
#include <outlast/config.hpp>
#include <outlast/shared_word.hpp>
#include <outlast/step.hpp>

#include <cstdint>
#include <optional>
#include <system_error>

namespace outlast {

/// One word that says whether all calls pass, and what their successes must be told to; and what a
/// refusal says. Written under the circuit's lock, read by anybody.
template <class Lock>
class circuit_gate {
public:
    /// The word. Two that are equal were published of one generation, with nothing in between that
    /// matters to calls.
    class sign {
    public:
        constexpr sign() noexcept = default;

        /// Every call is admitted, and that changes nothing.
        [[nodiscard]] constexpr bool all_pass() const noexcept { return is(passing); }
        /// A quick success changes nothing but the number of them.
        [[nodiscard]] constexpr bool is_quiet() const noexcept { return is(quiet); }
        /// And that number plays no part.
        [[nodiscard]] constexpr bool is_uncounted() const noexcept { return is(uncounted); }
        /// The number is one of a slice of time.
        [[nodiscard]] constexpr bool is_sliced() const noexcept { return is(sliced); }
        /// It is open: `refusal` knows until when.
        [[nodiscard]] constexpr bool is_refusing() const noexcept { return is(refusing); }
        [[nodiscard]] constexpr std::uint64_t generation() const noexcept { return bits_ >> flags; }

        friend constexpr bool operator==(sign, sign) noexcept = default;

    private:
        friend circuit_gate;
        static constexpr std::uint64_t passing = 1, quiet = 2, uncounted = 4, sliced = 8,
                                       refusing = 16;
        static constexpr unsigned flags = 5;

        [[nodiscard]] constexpr bool is(std::uint64_t flag) const noexcept {
            return (bits_ & flag) != 0;
        }
        std::uint64_t bits_ = 0;
    };

    [[nodiscard]] OUTLAST_INLINE constexpr sign read() const noexcept { return sign_.load(); }

    /// What a refusal says.
    struct notice {
        instant until{};
        std::int32_t code = 0; ///< with `domain`: of the last failure
        const std::error_category* domain = nullptr;
        tally tripped{};
        circuit_cause why = circuit_cause::none; ///< it opened
    };
    /// What to refuse with, without asking the circuit; nothing, if that has to be asked.
    /// \pre `s` has just been read, and is refusing
    [[nodiscard]] OUTLAST_INLINE constexpr std::optional<notice> refusal(sign s) const noexcept {
        const std::uint64_t tripped = tripped_.load();
        const std::uint64_t slow = slow_.load();
        const notice n{instant{duration{until_.load()}},
                       code_.load(),
                       domain_.load(),
                       {static_cast<std::uint32_t>(tripped >> 32U),
                        static_cast<std::uint32_t>(tripped), static_cast<std::uint32_t>(slow)},
                       static_cast<circuit_cause>(slow >> 32U)};
        // The words belong together if the sign is still the one that was stored after them.
        return sign_.load() == s ? std::optional{n} : std::nullopt;
    }

    /// The number of slow calls, if they were what opened it.
    [[nodiscard]] static constexpr std::uint32_t slow_of(const circuit& c) noexcept {
        const bool slow =
            c.why() == circuit_cause::slow_calls || c.why() == circuit_cause::probes_slow;
        return slow ? c.tripped().slow : 0;
    }

    // --- under the lock ---

    /// \param last the last failure
    constexpr void publish(const circuit& c, const verdict& last) noexcept {
        const window_span& window = c.options().window;
        sign s;
        s.bits_ = c.generation() << sign::flags;
        if (c.passes())
            s.bits_ |= sign::passing;
        if (c.quiet())
            s.bits_ |= sign::quiet;
        if (window.by_row())
            s.bits_ |= sign::uncounted;
        if (window.by_time())
            s.bits_ |= sign::sliced;
        const instant until = c.refuses_until();
        if (until != instant::min() && until != never) { // by hand there is no time to come back
            s.bits_ |= sign::refusing;
            if (!(sign_.load() == s))
                sign_.store({}); // nobody takes words of two refusals for one
            until_.store(until.time_since_epoch().count());
            tripped_.store(std::uint64_t{c.tripped().recorded} << 32U | c.tripped().failed);
            slow_.store(static_cast<std::uint64_t>(c.why()) << 32U | slow_of(c));
            code_.store(last.code);
            domain_.store(last.domain);
        }
        if (!(sign_.load() == s)) // the line stays with all readers if nothing has changed
            sign_.store(s);
    }

private:
    shared_word<sign, Lock> sign_{};
    shared_word<duration::rep, Lock> until_{};
    shared_word<std::uint64_t, Lock> tripped_{};
    shared_word<std::uint64_t, Lock> slow_{}; // and above them why
    shared_word<std::int32_t, Lock> code_{};
    shared_word<const std::error_category*, Lock> domain_{};
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_GATE_HPP
