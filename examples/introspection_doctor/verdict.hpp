// SPDX-License-Identifier: BSL-1.0
//
// From all that was seen to the one thing to do.
#pragma once

#include "condition.hpp"
#include "seen.hpp"
#include "sentence.hpp"

#include <string>
#include <vector>

namespace doctor {

struct verdict {
    condition state = condition::well; ///< the exit code
    std::string sentence;
};

/// An address that fails and that nobody misses, since clients go on to one that works: there is no way to it from this
/// machine, or it is the other loopback address.
[[nodiscard]] bool goes_unnoticed(const sight& s, const examination& of);

/// What stops everybody comes before what stops some: an address that fails beside one that works is told when nothing
/// else is wrong, and not at all where clients don't notice it.
[[nodiscard]] verdict judge(const examination& e, const asker& who);

/// \pre !all.empty()
[[nodiscard]] verdict judge(const std::vector<examination>& all, const asker& who);

} // namespace doctor
