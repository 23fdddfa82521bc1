// SPDX-License-Identifier: BSL-1.0
//
// What goes on in a lane of a call, and what goes on without its caller.
#ifndef OUTLAST_ASIO_UNDER_WAY_HPP
#define OUTLAST_ASIO_UNDER_WAY_HPP

#include <outlast/asio/abandoned.hpp>
#include <outlast/machine.hpp>
#include <outlast/slot.hpp>
#include <outlast/step.hpp>

#include <boost/asio/cancellation_type.hpp>

#include <cstdint>

namespace outlast::detail {

enum class doing : std::uint8_t {
    nothing,
    calling,
    lost, // the operation is gone without an answer
    waiting,
    parked,
};

/// \tparam Place an `attempt`
template <class Machine, class Place>
struct in_lane {
    doing what = doing::nothing;
    instant at = never;
    Place* current = nullptr;
    Place own{};

    in_lane() noexcept {} // not the compiler's: see attempt

    // What the machine wants held while work goes on. Of one lane it is still there when that is
    // given up; what decides several ends them all.
    void hold(slot<Machine>& machine) {
        if constexpr (keeps_for_work<Machine>)
            if (!current->of_policy)
                current->kept.fill([&] { return machine->keep(current->on); });
    }
    void abandon(slot<Machine>& machine) {
        const bool goes_on = what == doing::calling;
        what = doing::nothing;
        if (!goes_on)
            return;
        current->abandoned.fill([] { return counted_as<abandoned_work>{}; });
        if (lanes_of<Machine> == 1)
            hold(machine);
        current->emit(boost::asio::cancellation_type::all);
    }
};

/// Whether a call goes on although its caller has its answer, or is to have it now.
template <class Machine>
struct without_caller {
    static constexpr bool begun = false; // no machine of these does
    static constexpr bool ready = true;
};
template <outlives_caller Machine>
struct without_caller<Machine> {
    bool begun = false;
    bool ready = true;     // false: it is to be told so first
    bool has_more = false; // begins something then
    verdict in_hand{};     // of the machine, while that of the caller is told
    slot<counted_as<detached_calls>> counted{};

    void begin(const verdict& v, bool more) {
        begun = true;
        ready = false;
        has_more = more;
        in_hand = v;
        counted.fill([] { return counted_as<detached_calls>{}; });
    }
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_UNDER_WAY_HPP
