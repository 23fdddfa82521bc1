// SPDX-License-Identifier: BSL-1.0
//
// What happened to a circuit, as an event for whoever listens.
#ifndef OUTLAST_CIRCUIT_TELLING_HPP
#define OUTLAST_CIRCUIT_TELLING_HPP

#include <outlast/circuit_facts.hpp>
#include <outlast/event.hpp>
#include <outlast/names.hpp>

namespace outlast {

/// \param now when it happened; `never` if nobody knew
[[nodiscard]] constexpr event
event_of(const circuit_event& e, instant now, label name, label tags) noexcept {
    event told{.what = event_kind::closed,
               .policy = "circuit breaker",
               .name = name,
               .tags = tags,
               .why = to_string(e.why),
               .counts = e.counts};
    if (e.mode != circuit_mode::normal && e.why == circuit_cause::by_hand)
        told.why = to_string(e.mode); // which mode it is, nothing else tells
    if (e.mode == circuit_mode::disabled) {
        told.what = event_kind::closed; // whatever its state: all are admitted
    } else if (e.mode == circuit_mode::shadow && e.why != circuit_cause::by_hand) {
        told.what = event_kind::would_open;
    } else if (e.mode == circuit_mode::isolated) {
        told.what = event_kind::opened;
        told.span = forever;
    } else if (e.to == circuit_state::open) {
        told.what = event_kind::opened;
        told.span = now == never ? verdict::no_hint : until(now, e.open_until);
    } else if (e.to == circuit_state::half_open) {
        told.what = event_kind::half_opened;
    }
    return told;
}

} // namespace outlast

#endif // OUTLAST_CIRCUIT_TELLING_HPP
