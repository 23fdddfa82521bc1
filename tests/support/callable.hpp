// SPDX-License-Identifier: BSL-1.0
//
// A script as a real callable, for an outlast::simulation.
#ifndef OUTLAST_TESTS_SUPPORT_CALLABLE_HPP
#define OUTLAST_TESTS_SUPPORT_CALLABLE_HPP

#include <outlast/call.hpp>
#include <outlast/result.hpp>
#include <outlast/simulate.hpp>

#include "support/script.hpp"

#include <system_error>

namespace outlast_tests {

/// What a scripted failure comes from.
inline const std::error_code refused = std::make_error_code(std::errc::connection_refused);

/// Gives the number of the attempt where the script says success, `refused` where it says failure.
[[nodiscard]] inline auto acted(outlast::simulation& sim, script lines) {
    return [&sim, lines](outlast::call& c) -> outlast::result<int> {
        const outlast::scripted line = lines(c.attempt(), c.deadline());
        sim.spend(line.takes);
        if (line.outcome.ok())
            return static_cast<int>(c.attempt());
        if (line.outcome.kind == outlast::verdict_kind::neutral)
            return outlast::failure{line.outcome.why};
        return outlast::failure{refused}.with_retry_after(line.outcome.hint);
    };
}

} // namespace outlast_tests

#endif
